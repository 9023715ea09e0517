// The kernel's neighbour tables and what else drops packets: limits, counters,
// attached networks, held entries.
#include <gmock/gmock.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "net/attached_networks.h"
#include "net/drop_counters.h"
#include "net/held_neighbours.h"
#include "net/neighbour_limits.h"

namespace sonde {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

// A procfs made of plain files.
class FakeProc : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "sonde-proc-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    proc_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(proc_); }

  void file(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((proc_ / path).parent_path());
    std::ofstream(proc_ / path) << text;
  }

  std::filesystem::path proc_;
};

using NeighbourLimitsOf = FakeProc;

TEST_F(NeighbourLimitsOf, AKernelThatShowsThem) {
  file("sys/net/ipv4/neigh/default/gc_thresh3", "8192\n");
  file("sys/net/ipv6/neigh/default/gc_thresh3", "4096\n");
  EXPECT_EQ(read_neighbour_limits(proc_), (NeighbourLimits{{8192, false}, {4096, false}}));
}

TEST_F(NeighbourLimitsOf, ANetworkNamespaceAreAssumed) {
  EXPECT_EQ(read_neighbour_limits(proc_), (NeighbourLimits{{1024, true}, {1024, true}}));
}

TEST_F(NeighbourLimitsOf, AnUnreadableFileAreAssumed) {
  file("sys/net/ipv4/neigh/default/gc_thresh3", "many\n");
  EXPECT_EQ(read_neighbour_limits(proc_).v4, (NeighbourLimit{1024, true}));
}

using DropCountersOf = FakeProc;

TEST_F(DropCountersOf, AllProcessorsAreSummedUp) {
  file("net/stat/arp_cache",
       "entries  allocs   table_fulls\n0000000a 0000121d 0000e80f\n0000000a 000005f5 00000001\n");
  file("net/stat/ndisc_cache", "entries  table_fulls\n00000001 0000000f\n00000001 00000010\n");
  file("net/stat/nf_conntrack",
       "entries  chainlength insert_failed drop early_drop\n"
       "00000001  00000002 00000100 00000003 00000010\n"
       "00000001  00000000 00000000 00000004 00000001\n");
  const DropCounters counters = read_drop_counters(proc_);
  EXPECT_EQ(counters.neighbours_v4_full, 0xe810U);
  EXPECT_EQ(counters.neighbours_v6_full, 0x1fU);
  EXPECT_EQ(counters.conntrack_dropped, 2U + 3U + 4U);
  EXPECT_EQ(counters.conntrack_evicted, 0x11U);
}

TEST_F(DropCountersOf, WhatIsNotShownIsAbsent) {
  EXPECT_EQ(read_drop_counters(proc_), DropCounters{});
  file("net/stat/arp_cache", "entries  allocs\n00000001 00000001\n");
  EXPECT_EQ(read_drop_counters(proc_).neighbours_v4_full, std::nullopt);
}

TEST_F(DropCountersOf, DamagedFilesAreAbsent) {
  file("net/stat/arp_cache", "entries table_fulls\n00000001\n");
  file("net/stat/ndisc_cache", "entries table_fulls\n00000001 zero\n");
  EXPECT_EQ(read_drop_counters(proc_), DropCounters{});
}

TEST_F(DropCountersOf, AnOlderKernelHaveNoChainLength) {
  file("net/stat/nf_conntrack", "entries drop early_drop\n00000001 00000003 00000000\n");
  EXPECT_EQ(read_drop_counters(proc_).conntrack_dropped, 3U);
}

TEST(ExplainDrops, NothingGrew) {
  EXPECT_THAT(explain_drops({5, 5, 5, 5}, {5, 5, 5, 5}), IsEmpty());
  EXPECT_THAT(explain_drops({5, 5, 5, 5}, {4, 0, 0, 0}), IsEmpty());
  EXPECT_THAT(explain_drops({}, {5, 5, 5, 5}), IsEmpty());
  EXPECT_THAT(explain_drops({5, 5, 5, 5}, {}), IsEmpty());
}

TEST(ExplainDrops, EachOneThatGrewHasASentenceWithItsRemedy) {
  EXPECT_THAT(explain_drops({0, 0, 0, 0}, {37, 0, 0, 0}),
              ElementsAre("this machine's ipv4 neighbour table overflowed 37 times: raise "
                          "net.ipv4.neigh.default.gc_thresh3, or lower --rate; silent endpoints of "
                          "attached networks may have been missed"));
  EXPECT_THAT(explain_drops({0, 7, 1, 2}, {0, 8, 2, 5}),
              ElementsAre(HasSubstr("ipv6 neighbour table overflowed once: raise net.ipv6.neigh"),
                          HasSubstr("dropped 1 packet: raise net.netfilter.nf_conntrack_max"),
                          HasSubstr("gave up 3 entries early")));
}

// A line of `ip route`.
TableRoute route(const char* first, uint8_t length, RouteKind kind, uint32_t interface_index,
                 const char* gateway = nullptr, uint32_t table = 254) {
  TableRoute entry{.prefix = {ip(first), length}, .table = table, .multipath = false, .route = {}};
  entry.route.kind = kind;
  entry.route.interface_index = interface_index;
  if (gateway != nullptr) entry.route.gateway = ip(gateway);
  return entry;
}

Interface link(uint32_t index, LinkType type, bool point_to_point = false, bool no_arp = false) {
  Interface made;
  made.index = index;
  made.type = type;
  made.point_to_point = point_to_point;
  made.no_arp = no_arp;
  return made;
}

TEST(AttachedNetworks, AreTheUnicastRoutesWithoutGatewayOnLinksWithNeighbours) {
  const std::vector<Interface> links = {
      link(1, LinkType::loopback),           link(2, LinkType::ethernet),
      link(3, LinkType::raw_ip, true, true), link(4, LinkType::ethernet, false, true),
      link(5, LinkType::raw_ip, true),
  };
  const std::vector<TableRoute> routes = {
      route("10.9.0.0", 24, RouteKind::unicast, 2),
      route("10.1.0.0", 24, RouteKind::unicast, 2, "10.9.0.1"),      // behind a gateway
      route("10.2.0.0", 24, RouteKind::unicast, 2, "fe80::1"),       // RFC 5549
      route("127.0.0.0", 8, RouteKind::unicast, 1),                  // loopback
      route("10.3.0.0", 24, RouteKind::unicast, 3),                  // a tunnel
      route("10.4.0.0", 24, RouteKind::unicast, 4),                  // no ARP
      route("10.5.0.0", 24, RouteKind::unicast, 5),                  // point to point
      route("10.6.0.0", 24, RouteKind::unreachable, 2),              // refused
      route("10.9.0.7", 32, RouteKind::local, 2, nullptr, 255),      // our own
      route("10.8.0.0", 24, RouteKind::unicast, 2, nullptr, 255),    // table local
      route("10.7.0.0", 25, RouteKind::unicast, 2, nullptr, 100),    // a table of a policy
      route("10.7.0.64", 26, RouteKind::unicast, 2, nullptr, 254),   // within the last one
      route("2001:db8::", 64, RouteKind::unicast, 2),                // IPv6
      route("0.0.0.0", 0, RouteKind::unicast, 2, "10.9.0.1", 254),   // the default route
      route("10.10.0.0", 24, RouteKind::unicast, 77, nullptr, 254),  // a link that came lately
  };
  EXPECT_THAT(attached_networks(routes, links),
              ElementsAre(AttachedNetwork{ip("10.7.0.0"), ip("10.7.0.127")},
                          AttachedNetwork{ip("10.9.0.0"), ip("10.9.0.255")},
                          AttachedNetwork{ip("10.10.0.0"), ip("10.10.0.255")},
                          AttachedNetwork{ip("2001:db8::"), ip("2001:db8::ffff:ffff:ffff:ffff")}));
}

TEST(AttachedNetworks, AnIpv6DefaultRouteOnALinkDoesNotTakeInIpv4) {
  const std::vector<TableRoute> routes = {route("::", 0, RouteKind::unicast, 2)};
  EXPECT_THAT(attached_networks(routes),
              ElementsAre(AttachedNetwork{ip("::"), ip("::fffe:ffff:ffff")},
                          AttachedNetwork{ip("::1:0:0:0"), ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")}));
}

// One message of `ip neigh`, as the kernel sends it.
struct NeighbourRow {
  const char* what;
  uint16_t state;
  uint8_t flags;
  uint32_t changed_seconds_ago;
  bool held;
};

std::vector<std::byte> message_of(const NeighbourRow& row) {
  ndmsg header{};
  header.ndm_family = AF_INET;
  header.ndm_state = row.state;
  header.ndm_flags = row.flags;
  nda_cacheinfo info{};
  info.ndm_updated = row.changed_seconds_ago * static_cast<uint32_t>(sysconf(_SC_CLK_TCK));
  NetlinkRequest request(RTM_NEWNEIGH, header, false);
  request.attribute(NDA_DST, ip("10.9.0.7"));
  request.attribute(NDA_CACHEINFO, std::as_bytes(std::span(&info, 1)));
  return request.finished(1);
}

TEST(HeldNeighbours, AreThoseThatTheKernelCannotGiveUp) {
  for (const NeighbourRow& row : std::vector<NeighbourRow>{
           {"being asked for", NUD_INCOMPLETE, 0, 2, true},
           {"answered long ago, not yet doubted", NUD_REACHABLE, 0, 30, true},
           {"being asked again", NUD_PROBE, 0, 30, true},
           {"about to be asked again", NUD_DELAY, 0, 30, true},
           {"doubted just now", NUD_STALE, 0, 3, true},
           {"doubted for a while", NUD_STALE, 0, 7, false},
           {"did not answer", NUD_FAILED, 0, 0, false},
           {"set by the administrator: not counted by the kernel", NUD_PERMANENT, 0, 0, false},
           {"learnt by a switch: not counted by the kernel", NUD_REACHABLE, NTF_EXT_LEARNED, 0, false},
           {"needs no asking", NUD_NOARP, 0, 0, false},
       }) {
    const auto bytes = message_of(row);
    const NetlinkMessage message(RTM_NEWNEIGH, std::span(bytes).subspan(sizeof(nlmsghdr)));
    EXPECT_EQ(read_held_neighbour(message), row.held ? std::optional(ip("10.9.0.7")) : std::nullopt)
        << row.what;
  }
}

TEST(HeldNeighbours, OtherMessagesAndTornOnesAreNone) {
  const auto bytes = message_of({"", NUD_REACHABLE, 0, 0, true});
  const auto body = std::span(bytes).subspan(sizeof(nlmsghdr));
  EXPECT_FALSE(read_held_neighbour(NetlinkMessage(RTM_DELNEIGH, body)));
  EXPECT_FALSE(read_held_neighbour(NetlinkMessage(RTM_NEWNEIGH, body.first(4))));
  EXPECT_FALSE(read_held_neighbour(NetlinkMessage(RTM_NEWNEIGH, body.first(sizeof(ndmsg)))));
}

}  // namespace
}  // namespace sonde
