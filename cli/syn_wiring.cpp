#include "cli/syn_wiring.h"

#include <algorithm>
#include <mutex>

#include "cli/packet_wiring.h"
#include "engine/probe/syn_prober.h"
#include "net/epoll_tcp_driver.h"
#include "net/packet/af_packet_port.h"
#include "net/packet/packet_filter.h"
#include "net/route.h"

namespace sonde {
namespace {

// Connects in flight of one prober: to this machine's own addresses, and after open answers.
constexpr uint32_t kConnectSlots = 1024;

bool is_link_local(const RoutePrefix& prefix) {
  return prefix.first.is_link_local_v6() && prefix.length >= 10;
}

/// Interfaces that routes of this machine lead out of; those that only
/// link-local routes lead out of come last.
Result<std::vector<uint32_t>> routed_interfaces() {
  Result<RouteTable> table = RouteTable::open();
  if (!table) return tl::unexpected(table.error());
  const Result<std::vector<TableRoute>> routes = table->routes();
  if (!routes) return tl::unexpected(routes.error());
  std::vector<uint32_t> found;
  for (const bool link_local : {false, true}) {
    for (const TableRoute& entry : *routes) {
      const bool wanted = entry.route.kind == RouteKind::unicast && is_link_local(entry.prefix) == link_local;
      if (wanted && std::ranges::find(found, entry.route.interface_index) == found.end())
        found.push_back(entry.route.interface_index);
    }
  }
  return found;
}

void put_first(std::vector<uint32_t>& numbers, uint32_t number) {
  std::erase(numbers, number);
  numbers.insert(numbers.begin(), number);
}

bool is_loopback(uint32_t index, std::span<const Interface> interfaces) {
  const auto found = std::ranges::find(interfaces, index, &Interface::index);
  return found != interfaces.end() && found->type == LinkType::loopback;
}

}  // namespace

Result<std::unique_ptr<SynSetup>> SynSetup::open(const ScanConduct& conduct,
                                                 std::span<const Interface> interfaces, uint32_t threads) {
  Result<SourcePorts> ports = reserve_ports(conduct.source);
  if (!ports) return tl::unexpected(ports.error());
  std::unique_ptr<SynSetup> setup(new SynSetup(random_key(), std::move(*ports)));
  setup->route_options_ = route_options(conduct.source, interfaces);
  setup->other_source_ = other_source(conduct.source);
  if (Result<void> chosen = setup->choose_interfaces(conduct, interfaces); !chosen)
    return tl::unexpected(chosen.error());
  if (Result<void> opened = setup->open_ports(conduct, threads); !opened)
    return tl::unexpected(opened.error());
  return setup;
}

Result<void> SynSetup::choose_interfaces(const ScanConduct& conduct, std::span<const Interface> interfaces) {
  // Answers may come back another way than the probes went: they prove themselves.
  Result<std::vector<uint32_t>> routed = routed_interfaces();
  if (!routed) return tl::unexpected(routed.error());
  interfaces_ = std::move(*routed);
  if (!conduct.source.interface.empty()) put_first(interfaces_, route_options_.interface_index);
  std::erase_if(interfaces_, [&](uint32_t index) { return is_loopback(index, interfaces); });
  if (interfaces_.size() <= kMostFilterInterfaces) return {};
  interfaces_.resize(kMostFilterInterfaces);
  notes_.push_back("answers are taken from " + std::to_string(kMostFilterInterfaces) +
                   " interfaces and not from the further ones: name one by --interface");
  return {};
}

Result<void> SynSetup::open_ports(const ScanConduct& conduct, uint32_t threads) {
  AfPacketOptions options;
  options.filter = {interfaces_, source_ports_.first(), source_ports_.last()};
  options.fanout_group = threads > 1 ? source_ports_.first() : uint16_t{0};
  options.ring_bytes = conduct.ring_bytes;
  for (uint32_t i = 0; i < threads; ++i) {
    Result<std::unique_ptr<PacketPort>> port = open_af_packet_port(options);
    if (!port) return tl::unexpected(port.error());
    ports_.push_back(std::move(*port));
  }
  if (Result<std::vector<InterfaceCounters>> counted = read_interface_counters(interfaces_))
    counted_before_ = std::move(*counted);
  return {};
}

Result<void> SynSetup::open_capture(const std::string& path, const Clock& clock) {
  Result<std::unique_ptr<PcapWriter>> capture = PcapWriter::create(path);
  if (!capture) return tl::unexpected(capture.error());
  capture_ = std::move(*capture);
  for (std::unique_ptr<PacketPort>& port : ports_)
    port = make_capturing_port(std::move(port), *capture_, clock);
  return {};
}

ProberFactory SynSetup::prober_factory(const ScanConduct& conduct, std::vector<IpAddress> own_addresses,
                                       const Clock& clock) {
  SynProberOptions options;
  options.scope = {key_, source_ports_.first(), source_ports_.last()};
  options.timeout = conduct.timeout;
  options.follow_up = conduct.banner;
  ConnectProberOptions connect;
  connect.timeout = conduct.timeout;
  connect.banner = conduct.banner;
  connect.own_addresses = own_addresses;
  SourceOptions from = conduct.source;
  from.first_port = from.last_port = 0;  // those are for packets of our own
  from.own_addresses = std::move(own_addresses);
  std::ranges::sort(from.own_addresses);
  return [this, options, connect, from, &clock](uint32_t worker) -> Result<std::unique_ptr<Prober>> {
    Result<NextHops> hops = NextHops::open(route_options_, other_source_);
    if (!hops) return tl::unexpected(hops.error());
    auto driver = make_epoll_tcp_driver(kConnectSlots, from);
    if (!driver) return tl::unexpected(driver.error());
    const auto own_hops = std::make_shared<NextHops>(std::move(*hops));
    SynProber::Parts parts{
        .port = std::move(ports_[worker]),
        .next_hop = [own_hops](const IpAddress& to, uint32_t scope) -> const NextHop& {
          return own_hops->to(to, scope);
        },
        .why_no_hop = [own_hops] { return own_hops->failure(); },
        .resolver = resolver_,
        .connects = std::make_unique<ConnectProber>(std::move(*driver), connect, clock.now()),
        .clock = clock};
    return std::make_unique<SynProber>(std::move(parts), options);
  };
}

std::vector<std::string> SynSetup::explain_drops(const PacketBooks& packets) const {
  const Result<std::vector<InterfaceCounters>> now = read_interface_counters(interfaces_);
  if (!now) return {};
  return explain_interface_drops(counted_before_, *now, {.refused = packets.refused});
}

Result<void> SynSetup::capture_state() const { return capture_ ? capture_->state() : Result<void>{}; }

}  // namespace sonde
