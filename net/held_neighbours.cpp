#include "net/held_neighbours.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include <cstring>

namespace sonde {
namespace {

// How long after its last change an entry may not be collected; one second
// more, against the rounding of both clocks.
constexpr uint32_t kChangedLatelySeconds = 5 + 1;

constexpr uint16_t kResolving = NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE;

// The kernel tells ages in ticks of USER_HZ.
bool changed_lately(const NetlinkAttributes& attributes) {
  nda_cacheinfo info;
  const auto bytes = attributes.find(NDA_CACHEINFO);
  if (!bytes || bytes->size() < sizeof(info)) return true;
  std::memcpy(&info, bytes->data(), sizeof(info));
  return info.ndm_updated < kChangedLatelySeconds * static_cast<uint32_t>(sysconf(_SC_CLK_TCK));
}

bool is_held(const ndmsg& header, const NetlinkAttributes& attributes) {
  if ((header.ndm_state & kResolving) != 0) return true;
  return (header.ndm_state & NUD_STALE) != 0 && changed_lately(attributes);
}

std::optional<Neighbour> read_unanswering_neighbour(const NetlinkMessage& message) {
  const auto header = message.header<ndmsg>();
  if (message.type() != RTM_NEWNEIGH || !header) return std::nullopt;
  if ((header->ndm_state & (NUD_INCOMPLETE | NUD_FAILED)) == 0) return std::nullopt;
  const auto address = message.attributes_after(sizeof(ndmsg)).address(NDA_DST);
  if (!address) return std::nullopt;
  return Neighbour{static_cast<uint32_t>(header->ndm_ifindex), *address};
}

/// What `read` makes of each message.
template <typename Found>
Result<std::vector<Found>> list_neighbours(NetlinkSocket& socket,
                                           std::optional<Found> (&read)(const NetlinkMessage&)) {
  std::vector<Found> found;
  const int error = netlink_list(
      socket, NetlinkRequest(RTM_GETNEIGH, ndmsg{}, true), [&] { found.clear(); },
      [&](const NetlinkMessage& message) {
        if (auto one = read(message)) found.push_back(std::move(*one));
      });
  if (error != 0) return impossible_error(std::string("cannot list the neighbours: ") + std::strerror(error));
  return found;
}

}  // namespace

std::optional<IpAddress> read_held_neighbour(const NetlinkMessage& message) {
  const auto header = message.header<ndmsg>();
  if (message.type() != RTM_NEWNEIGH || !header) return std::nullopt;
  if (header->ndm_family != AF_INET && header->ndm_family != AF_INET6) return std::nullopt;
  if ((header->ndm_flags & NTF_EXT_LEARNED) != 0) return std::nullopt;
  const NetlinkAttributes attributes = message.attributes_after(sizeof(ndmsg));
  return is_held(*header, attributes) ? attributes.address(NDA_DST) : std::nullopt;
}

Result<NeighbourTable> NeighbourTable::open() {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return tl::unexpected(socket.error());
  return NeighbourTable(std::move(*socket));
}

Result<std::vector<IpAddress>> NeighbourTable::held() {
  return list_neighbours(socket_, read_held_neighbour);
}

Result<std::vector<Neighbour>> NeighbourTable::unanswering() {
  return list_neighbours(socket_, read_unanswering_neighbour);
}

}  // namespace sonde
