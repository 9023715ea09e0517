#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/scan_options.h"
#include "engine/sweep/probing_crew.h"
#include "net/interface_counters.h"
#include "net/interfaces.h"
#include "net/neighbour_resolver.h"
#include "net/packet/pcap_file.h"
#include "net/packet/syn_packet.h"
#include "net/source_ports.h"

namespace sonde {

/// What the SYN probers of a run have in common, and the ports that they are
/// given: everything that takes a right is opened here, before the first packet
/// is parsed. Made before the threads, outlives them.
class SynSetup {
 public:
  /// Opens it all. Error: a right is missing (and which, and how to grant it),
  /// or what the options ask for is not to be had.
  static Result<std::unique_ptr<SynSetup>> open(const ScanConduct& conduct,
                                                std::span<const Interface> interfaces, uint32_t threads);

  /// Writes all packets to a new capture file. Before prober_factory().
  Result<void> open_capture(const std::string& path, const Clock& clock);

  /// Makes each worker's prober; each may be made once.
  ProberFactory prober_factory(const ScanConduct& conduct, std::vector<IpAddress> own_addresses,
                               const Clock& clock);

  /// What the devices have dropped since open(), each in a sentence; less what
  /// they refused to us, which was sent again.
  std::vector<std::string> explain_drops(const PacketBooks& packets) const;
  /// The first error of the capture file, if one is written.
  Result<void> capture_state() const;
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  SynSetup(CookieKey key, SourcePorts ports) : key_(key), source_ports_(std::move(ports)) {}
  Result<void> open_ports(const ScanConduct& conduct, uint32_t threads);
  Result<void> choose_interfaces(const ScanConduct& conduct, std::span<const Interface> interfaces);

  CookieKey key_;
  SourcePorts source_ports_;
  RouteOptions route_options_;
  std::optional<IpAddress> other_source_;
  std::vector<uint32_t> interfaces_;
  NeighbourResolver resolver_;
  std::unique_ptr<PcapWriter> capture_;
  std::vector<std::unique_ptr<PacketPort>> ports_;  // one a worker, until it takes it
  std::vector<InterfaceCounters> counted_before_;
  std::vector<std::string> notes_;
};

}  // namespace sonde
