#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "net/address.h"
#include "net/base/result.h"
#include "net/neighbour_resolver.h"
#include "net/netlink.h"

namespace sonde {

/// The kernel's neighbour tables, asked over rtnetlink. Needs no privilege. One
/// thread at a time; it sees the network namespace in which it was opened, but
/// the tables' limits hold for all namespaces together.
class NeighbourTable {
 public:
  static Result<NeighbourTable> open();

  /// The addresses whose entries the kernel could not give up now to make room
  /// for others: those still being resolved, those that answered in the last
  /// half minute or so, those that changed within the last 5 s
  /// (neigh_forced_gc in net/core/neighbour.c). Entries that do not count
  /// towards the limit (permanent, or learnt by someone else) are left out.
  /// IPv4 and IPv6. An address that is a neighbour on two links comes twice.
  Result<std::vector<IpAddress>> held();

  /// Those that the kernel has asked for (ARP, RFC 826; NDP, RFC 4861) and that
  /// have not answered: what is sent to them waits, or is dropped.
  Result<std::vector<Neighbour>> unanswering();

 private:
  explicit NeighbourTable(NetlinkSocket socket) : socket_(std::move(socket)) {}

  NetlinkSocket socket_;
};

/// What one message of a list of neighbours says of its entry: the address when
/// the kernel holds it, nullopt when not or when the message is something else.
std::optional<IpAddress> read_held_neighbour(const NetlinkMessage& message);

}  // namespace sonde
