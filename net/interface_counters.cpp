#include "net/interface_counters.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/netlink.h"

namespace sonde {
namespace {

// Older kernels send fewer fields, newer ones more.
rtnl_link_stats64 read_stats(std::span<const std::byte> payload) {
  rtnl_link_stats64 stats{};
  std::memcpy(&stats, payload.data(), std::min(payload.size(), sizeof stats));
  return stats;
}

bool has_carrier(const NetlinkAttributes& attributes) {
  const auto payload = attributes.find(IFLA_CARRIER);
  return !payload || payload->empty() || std::to_integer<int>(payload->front()) != 0;
}

std::optional<InterfaceCounters> read_counters(const NetlinkMessage& message) {
  const auto header = message.header<ifinfomsg>();
  if (message.type() != RTM_NEWLINK || !header) return std::nullopt;
  const NetlinkAttributes attributes = message.attributes_after(sizeof(ifinfomsg));
  const auto payload = attributes.find(IFLA_STATS64);
  if (!payload) return std::nullopt;
  const rtnl_link_stats64 stats = read_stats(*payload);
  return InterfaceCounters{.interface_index = static_cast<uint32_t>(header->ifi_index),
                           .name = attributes.text(IFLA_IFNAME),
                           .sent = stats.tx_packets,
                           .received = stats.rx_packets,
                           .sending_dropped = stats.tx_dropped,
                           .sending_failed = stats.tx_errors,
                           .receiving_dropped = stats.rx_dropped,
                           .receiving_missed = stats.rx_missed_errors,
                           .carrier_losses = attributes.number(IFLA_CARRIER_DOWN_COUNT).value_or(0),
                           .carrier = has_carrier(attributes)};
}

NetlinkRequest request_for(uint32_t interface_index) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(interface_index);
  return NetlinkRequest(RTM_GETLINK, header, false);
}

const InterfaceCounters* find(std::span<const InterfaceCounters> counters, uint32_t interface_index) {
  const auto found = std::ranges::find(counters, interface_index, &InterfaceCounters::interface_index);
  return found == counters.end() ? nullptr : &*found;
}

uint64_t growth(uint64_t before, uint64_t after) { return after > before ? after - before : 0; }

/// Takes our own drops off a counter, as many as it grew by.
void take_off(uint64_t& ours, uint64_t before, uint64_t& after) {
  const uint64_t taken = std::min(ours, growth(before, after));
  ours -= taken;
  after -= taken;
}

std::string packets(uint64_t count) { return std::to_string(count) + (count == 1 ? " packet" : " packets"); }

std::string dropped_sending_text(const std::string& name, uint64_t count) {
  return "the device " + name + " was too busy to send " + packets(count) +
         " of this program or another: lower --rate; what was not sent again may have been missed";
}

std::string carrier_text(const InterfaceCounters& now, uint64_t losses) {
  const std::string what = now.carrier
                               ? " went down " + std::to_string(losses) + (losses == 1 ? " time" : " times")
                               : std::string(" is down");
  return "the link of " + now.name + what +
         ": look at its cable and peer; silent endpoints behind it may not have been asked";
}

std::string failed_sending_text(const std::string& name, uint64_t count) {
  return "the device " + name + " failed to send " + packets(count) +
         ": look at its link with `ip -s link show " + name + "`; silent endpoints may have been missed";
}

std::string dropped_receiving_text(const std::string& name, uint64_t count) {
  return "the device " + name + " dropped " + packets(count) +
         " that came in: lengthen its ring with `ethtool -G " + name +
         " rx N`, or lower --rate; answers may have been missed";
}

/// Down all the time and nothing to send: it is none of this sweep's.
std::optional<std::string> explain_link_loss(const InterfaceCounters& then, const InterfaceCounters& now) {
  const uint64_t losses = growth(then.carrier_losses, now.carrier_losses);
  const bool in_the_way = !now.carrier && growth(then.sending_dropped, now.sending_dropped) > 0;
  return losses > 0 || in_the_way ? std::optional(carrier_text(now, losses)) : std::nullopt;
}

}  // namespace

Result<std::vector<InterfaceCounters>> read_interface_counters(std::span<const uint32_t> interfaces) {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return tl::unexpected(socket.error());
  std::vector<InterfaceCounters> counters;
  for (const uint32_t index : interfaces) {
    const int error = socket->exchange(request_for(index), [&](const NetlinkMessage& message) {
      if (auto read = read_counters(message)) counters.push_back(std::move(*read));
    });
    if (error != 0 && error != ENODEV)
      return impossible_error("cannot read the counters of the network devices: " +
                              std::string(std::strerror(error)));
  }
  return counters;
}

std::vector<std::string> explain_link_losses(std::span<const InterfaceCounters> before,
                                             std::span<const InterfaceCounters> after) {
  std::vector<std::string> sentences;
  for (const InterfaceCounters& now : after) {
    const InterfaceCounters* const then = find(before, now.interface_index);
    if (then == nullptr) continue;
    if (const auto loss = explain_link_loss(*then, now)) sentences.push_back(*loss);
  }
  return sentences;
}

std::vector<std::string> explain_interface_drops(std::span<const InterfaceCounters> before,
                                                 std::span<const InterfaceCounters> after, OwnDrops own) {
  std::vector<std::string> sentences;
  for (InterfaceCounters now : after) {
    const InterfaceCounters* const then = find(before, now.interface_index);
    if (then == nullptr) continue;
    take_off(own.refused, then->sending_dropped, now.sending_dropped);
    take_off(own.taken, then->receiving_dropped, now.receiving_dropped);
    const uint64_t dropped = growth(then->sending_dropped, now.sending_dropped);
    const std::optional<std::string> link_loss = explain_link_loss(*then, now);
    if (link_loss) sentences.push_back(*link_loss);
    // What was dropped while it was down was dropped for that.
    if (dropped > 0 && !link_loss) sentences.push_back(dropped_sending_text(now.name, dropped));
    if (const uint64_t grown = growth(then->sending_failed, now.sending_failed))
      sentences.push_back(failed_sending_text(now.name, grown));
    if (const uint64_t grown = growth(then->receiving_dropped, now.receiving_dropped) +
                               growth(then->receiving_missed, now.receiving_missed))
      sentences.push_back(dropped_receiving_text(now.name, grown));
  }
  return sentences;
}

}  // namespace sonde
