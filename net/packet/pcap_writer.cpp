#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_arp.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "net/packet/pcap_file.h"
#include "net/packet/pcap_format.h"

namespace sonde {
namespace {

// In the machine's own byte order, which the magic number tells.
struct FileHeader {
  uint32_t magic = kPcapNanoseconds;
  uint16_t version = 2;
  uint16_t minor_version = 4;
  uint32_t zone = 0;
  uint32_t accuracy = 0;
  uint32_t longest_packet = kPcapLongestPacket;
  uint32_t link_type = static_cast<uint32_t>(PcapLink::linux_sll2);
};
static_assert(sizeof(FileHeader) == kPcapFileHeader);

struct PacketHeader {
  uint32_t seconds = 0;
  uint32_t nanoseconds = 0;
  uint32_t kept_size = 0;
  uint32_t whole_size = 0;
  // What follows is LINUX_SLL2, in network order.
  uint16_t ether_type = 0;
  uint16_t reserved = 0;
  uint32_t interface_index = 0;
  uint16_t arp_type = 0;
  uint8_t packet_type = 0;
  uint8_t address_size = 0;
  uint8_t address[8] = {};
};
static_assert(sizeof(PacketHeader) == kPcapPacketHeader + kSll2Header);

void set_time(PacketHeader& header, WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  header.seconds = static_cast<uint32_t>(seconds.time_since_epoch().count());
  header.nanoseconds = static_cast<uint32_t>((time - seconds).count());
}

// A port does not know the kind of the link; it shows in the station's address.
uint16_t arp_type_of(const LinkAddress& station) { return station.size == 6 ? ARPHRD_ETHER : ARPHRD_NONE; }

PacketHeader header_of(PacketDirection direction, const IncomingPacket& packet, size_t kept) {
  PacketHeader header;
  set_time(header, packet.received);
  header.kept_size = static_cast<uint32_t>(kSll2Header + kept);
  header.whole_size =
      static_cast<uint32_t>(kSll2Header + std::max<size_t>(packet.whole_size, packet.bytes.size()));
  header.ether_type = htons(packet.ether_type);
  header.interface_index = htonl(packet.interface_index);
  header.arp_type = htons(arp_type_of(packet.from));
  header.packet_type = direction == PacketDirection::sent ? kSllOutgoing : 0;
  header.address_size = packet.from.size;
  std::ranges::copy(packet.from.bytes, header.address);
  return header;
}

tl::unexpected<Error> file_error(const std::string& path, int error) {
  return io_error(path + ": the capture cannot be written: " + std::strerror(error));
}

class PcapFileWriter final : public PcapWriter {
 public:
  PcapFileWriter(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {
    const FileHeader header;
    append(std::as_bytes(std::span(&header, 1)), {});
  }
  PcapFileWriter(const PcapFileWriter&) = delete;
  PcapFileWriter& operator=(const PcapFileWriter&) = delete;
  ~PcapFileWriter() override { close(descriptor_); }

  void write(PacketDirection direction, const IncomingPacket& packet) override {
    const size_t kept = std::min<size_t>(packet.bytes.size(), kPcapLongestPacket - kSll2Header);
    const PacketHeader header = header_of(direction, packet, kept);
    const std::lock_guard lock(mutex_);
    append(std::as_bytes(std::span(&header, 1)), packet.bytes.first(kept));
  }

  Result<void> state() const override {
    const std::lock_guard lock(mutex_);
    if (error_ != 0) return file_error(path_, error_);
    return {};
  }

 private:
  // What was written in part is taken back, so that the file stays readable.
  void append(std::span<const std::byte> head, std::span<const std::byte> body) {
    if (error_ != 0) return;
    const iovec parts[] = {{const_cast<std::byte*>(head.data()), head.size()},
                           {const_cast<std::byte*>(body.data()), body.size()}};
    const ssize_t written = writev(descriptor_, parts, 2);
    if (written == static_cast<ssize_t>(head.size() + body.size())) {
      size_ += written;
      return;
    }
    error_ = written < 0 ? errno : ENOSPC;
    if (written > 0 && ftruncate(descriptor_, size_) != 0) error_ = errno;
  }

  const std::string path_;
  const int descriptor_;
  mutable std::mutex mutex_;  // of what follows
  off_t size_ = 0;
  int error_ = 0;
};

}  // namespace

Result<std::unique_ptr<PcapWriter>> PcapWriter::create(const std::string& path) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor < 0 && errno == EEXIST)
    return usage_error(path + ": exists, and captures do not overwrite: name another file");
  if (descriptor < 0) return usage_error(path + ": cannot be created: " + std::strerror(errno));
  auto writer = std::make_unique<PcapFileWriter>(path, descriptor);
  if (const auto state = writer->state(); !state) return tl::unexpected(state.error());
  return writer;
}

}  // namespace sonde
