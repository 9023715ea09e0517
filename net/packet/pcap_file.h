#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/base/clock.h"
#include "net/packet/packet_port.h"

namespace sonde {

enum class PacketDirection : uint8_t { received, sent };

/// Writes a capture that tcpdump and Wireshark read: pcap with nanoseconds,
/// link type LINUX_SLL2 (276), so that every device and ARP fit into one file.
/// Calls are safe from any thread. The file is complete after every write.
class PcapWriter {
 public:
  /// Refuses a file that exists.
  static Result<std::unique_ptr<PcapWriter>> create(const std::string& path);
  virtual ~PcapWriter() = default;
  /// Of a sent packet `from` is left empty, and `received` is when it was sent.
  /// Of a packet above 256 KiB the beginning is kept. After the first error
  /// nothing more is written, and the file ends with the last whole packet.
  virtual void write(PacketDirection direction, const IncomingPacket& packet) = 0;
  /// The first error, if any: a full disk must not go unnoticed.
  virtual Result<void> state() const = 0;
};

/// One packet of a capture. Captures of link type Ethernet or RAW do not tell
/// the direction: all their packets count as received.
struct CapturedPacket {
  PacketDirection direction = PacketDirection::received;
  IncomingPacket packet;  ///< its bytes live as long as the Capture
};

struct CaptureOptions {
  bool keep_vlan = false;  ///< also what has a VLAN tag, without the tag
};

/// Reads a capture: pcap of either byte order, micro- or nanoseconds, of link
/// types Ethernet, RAW, LINUX_SLL and LINUX_SLL2. VLAN tags are taken off, and
/// such packets left out, as a port leaves them out (a mere priority, VLAN 0,
/// is no VLAN). Everything in it is foreign: errors name the file and the
/// offset. At most 1 GiB, which then is held in memory. Movable.
class Capture {
 public:
  static constexpr size_t kMostBytes = size_t{1} << 30;

  static Result<Capture> read(const std::string& path, const CaptureOptions& options = {});
  /// From bytes in memory; `name` is for the errors.
  static Result<Capture> parse(std::vector<std::byte> bytes, const std::string& name,
                               const CaptureOptions& options = {});
  Capture(Capture&&) noexcept = default;
  Capture& operator=(Capture&&) noexcept = default;

  std::span<const CapturedPacket> packets() const { return packets_; }

 private:
  Capture() = default;
  std::vector<std::byte> bytes_;
  std::vector<CapturedPacket> packets_;
};

/// A port whose incoming packets are those that a capture says were received,
/// `batch` at a time; what is sent to it is counted and dropped. descriptor()
/// is −1. Precondition: batch > 0.
std::unique_ptr<PacketPort> make_replay_port(Capture capture, size_t batch = 64);

/// Passes everything through to `port`, and writes it to `writer` on the way;
/// of a batch, what the port took. `writer` and `clock` must outlive it.
std::unique_ptr<PacketPort> make_capturing_port(std::unique_ptr<PacketPort> port, PcapWriter& writer,
                                                const Clock& clock);

}  // namespace sonde
