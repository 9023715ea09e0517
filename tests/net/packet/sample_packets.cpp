#include "tests/net/packet/sample_packets.h"

#include "net/packet/packet_port.h"

namespace sonde::packets {
namespace {

using Samples = std::vector<SamplePacket>;

// The fleet answers, a router complains, we have sent.
constexpr std::string_view kFleet = "198.18.0.7", kUs = "198.18.0.1", kRouter = "198.18.255.254";
constexpr std::string_view kFleet6 = "2001:db8::7", kUs6 = "2001:db8::1", kRouter6 = "2001:db8:ff::1";

constexpr const char* kRstText = "tcp 198.18.0.7:443 > 198.18.0.1:50000 AR seq 0 ack 1001 win 0 ttl 61 ";
constexpr const char* kRstText6 =
    "tcp [2001:db8::7]:443 > [2001:db8::1]:50000 AR seq 0 ack 1001 win 0 ttl 61 ";
constexpr const char* kQuoteText =
    "icmp 3/13 from 198.18.255.254 ttl 62 about 198.18.0.1:50000 > 198.18.0.7:443 seq 1000";
constexpr const char* kQuoteText6 =
    "icmpv6 1/1 from 2001:db8:ff::1 ttl 62 about [2001:db8::1]:50000 > [2001:db8::7]:443 seq 1000";

Ipv4 to_us() { return {.from = kFleet, .to = kUs, .ttl = 61}; }
Ipv6 to_us6() { return {.from = kFleet6, .to = kUs6, .hop_limit = 61}; }

Layer syn_ack() {
  return tcp({.from = 443,
              .to = 50000,
              .sequence = 7,
              .acknowledgement = 1001,
              .flags = kTcpSyn | kTcpAck,
              .options = linux_options()});
}
Layer rst() {
  return tcp({.from = 443, .to = 50000, .acknowledgement = 1001, .flags = kTcpRst | kTcpAck, .window = 0});
}
Layer syn(Bytes options = linux_options()) {
  return tcp({.from = 50000, .to = 443, .sequence = 1000, .flags = kTcpSyn, .options = std::move(options)});
}

/// A layer of which the packet holds only the beginning.
Layer beginning_of(Layer layer, size_t size) {
  layer.bytes = first(layer.bytes, size);
  return layer;
}

/// What we have sent, as routers quote it.
Bytes sent(Ipv4 fields = {}) {
  fields.from = kUs;
  fields.to = kFleet;
  return ipv4(fields, syn());
}
Bytes sent6(const Layer& layer) { return ipv6({.from = kUs6, .to = kFleet6, .hop_limit = 60}, layer); }

Bytes complaint(const Bytes& quote, Icmp icmp_fields = {3, 13}) {
  return ipv4({.from = kRouter, .to = kUs, .ttl = 62}, icmp(icmp_fields, quote));
}
Bytes complaint6(const Bytes& quote, Icmp icmp_fields = {1, 1}) {
  return ipv6({.from = kRouter6, .to = kUs6, .hop_limit = 62}, icmpv6(icmp_fields, quote));
}

void add4(Samples& samples, const char* name, Bytes bytes, const std::string& content) {
  samples.push_back({std::string("v4 ") + name, kEtherTypeIpv4, std::move(bytes), content});
}
void add6(Samples& samples, const char* name, Bytes bytes, const std::string& content) {
  samples.push_back({std::string("v6 ") + name, kEtherTypeIpv6, std::move(bytes), content});
}

void add_tcp(Samples& samples) {
  add4(samples, "SYN-ACK with options", ipv4(to_us(), syn_ack()),
       "tcp 198.18.0.7:443 > 198.18.0.1:50000 SA seq 7 ack 1001 win 64240 ttl 61 MSTNW");
  add6(samples, "SYN-ACK with options", ipv6(to_us6(), syn_ack()),
       "tcp [2001:db8::7]:443 > [2001:db8::1]:50000 SA seq 7 ack 1001 win 64240 ttl 61 MSTNW");
  add4(samples, "RST with ACK", ipv4(to_us(), rst()), kRstText);
  add6(samples, "RST with ACK", ipv6(to_us6(), rst()), kRstText6);
  add4(samples, "RST without ACK",
       ipv4(to_us(), tcp({.from = 443, .to = 50000, .sequence = 9, .flags = kTcpRst, .window = 0})),
       "tcp 198.18.0.7:443 > 198.18.0.1:50000 R seq 9 ack 0 win 0 ttl 61 ");
  add4(samples, "data and FIN",
       ipv4(to_us(), tcp({.from = 21,
                          .to = 50000,
                          .sequence = 9,
                          .flags = kTcpFin | kTcpAck,
                          .data = bytes({'2', '2', '0'})})),
       "tcp 198.18.0.7:21 > 198.18.0.1:50000 AF seq 9 ack 0 win 64240 ttl 61 ");
  add4(samples, "data offset below 5", ipv4(to_us(), tcp({.from = 443, .to = 50000, .header_words = 4})),
       "malformed");
  add4(samples, "data offset beyond the packet",
       ipv4(to_us(), tcp({.from = 443, .to = 50000, .header_words = 6})), "malformed");
  add4(samples, "option of length 0",
       ipv4(to_us(), tcp({.from = 443,
                          .to = 50000,
                          .flags = kTcpSyn | kTcpAck,
                          .options = bytes({2, 4, 5, 0xb4, 3, 0, 7, 1})})),
       "tcp 198.18.0.7:443 > 198.18.0.1:50000 SA seq 0 ack 0 win 64240 ttl 61 M!");
}

void add_ipv4_headers(Samples& samples) {
  Ipv4 fields = to_us();
  fields.options = bytes({1, 1, 1, 0, 7, 4, 4, 0});
  add4(samples, "IP options", ipv4(fields, rst()), kRstText);
  add4(samples, "later fragment", ipv4({.from = kFleet, .to = kUs, .fragment_offset = 3}, rst()), "fragment");
  fields = to_us();
  fields.more_fragments = true;
  add4(samples, "first fragment with the TCP header", ipv4(fields, rst()), kRstText);
  add4(samples, "first fragment that ends within the options", ipv4(fields, beginning_of(syn_ack(), 24)),
       "tcp 198.18.0.7:443 > 198.18.0.1:50000 SA seq 7 ack 1001 win 64240 ttl 61 M");
  add4(samples, "first fragment without the whole TCP header", ipv4(fields, beginning_of(rst(), 16)),
       "truncated");
  add4(samples, "TCP header that only padding completes", padded(ipv4(to_us(), beginning_of(rst(), 16)), 46),
       "truncated");
  add4(samples, "Ethernet padding is no option",
       padded(ipv4({.from = kFleet, .to = kUs, .ttl = 61}, rst()), 46), kRstText);
  fields = to_us();
  fields.total_size = 1500;
  add4(samples, "cut short of its length", ipv4(fields, rst()), kRstText);
  fields.total_size = 65535;
  add4(samples, "segments merged by the kernel", padded(ipv4(fields, rst()), 256), kRstText);
  fields.total_size = 0;
  add4(samples, "segments merged beyond 64 KiB", padded(ipv4(fields, rst()), 256), kRstText);
  fields.total_size = 19;
  add4(samples, "total length below the header's", ipv4(fields, rst()), "malformed");
  add4(samples, "header length below 5", ipv4({.from = kFleet, .to = kUs, .header_words = 4}, rst()),
       "malformed");
  add4(samples, "version 6 under IPv4's EtherType", ipv4({.from = kFleet, .to = kUs, .version = 6}, rst()),
       "malformed");
  add4(samples, "UDP", ipv4(to_us(), udp()), "unrelated");
  add4(samples, "ICMPv6 over IPv4", ipv4(to_us(), icmpv6({1, 1}, sent6(syn()))), "unrelated");
}

void add_ipv6_headers(Samples& samples) {
  add6(samples, "hop-by-hop options", ipv6(to_us6(), hop_by_hop(rst())), kRstText6);
  add6(samples, "destination options", ipv6(to_us6(), destination_options(rst())), kRstText6);
  add6(samples, "routing header", ipv6(to_us6(), routing(rst())), kRstText6);
  add6(samples, "authentication header", ipv6(to_us6(), authentication(rst())), kRstText6);
  add6(samples, "fragment header of a whole packet", ipv6(to_us6(), fragment(0, rst())), kRstText6);
  add6(samples, "first fragment", ipv6(to_us6(), fragment(1, rst())), kRstText6);
  add6(samples, "first fragment that ends within the options",
       ipv6(to_us6(), fragment(1, beginning_of(syn_ack(), 24))),
       "tcp [2001:db8::7]:443 > [2001:db8::1]:50000 SA seq 7 ack 1001 win 64240 ttl 61 M");
  add6(samples, "later fragment", ipv6(to_us6(), fragment(3 << 3, rst())), "fragment");
  add6(samples, "every extension header",
       ipv6(to_us6(), hop_by_hop(destination_options(routing(fragment(0, authentication(rst())))))),
       kRstText6);
  Ipv6 fields = to_us6();
  fields.payload_size = 12;
  add6(samples, "extension header beyond the length", ipv6(fields, destination_options(rst())), "malformed");
  add6(samples, "data offset beyond the packet, behind an extension header",
       ipv6(to_us6(), hop_by_hop(tcp({.from = 443, .to = 50000, .header_words = 6}))), "malformed");
  fields.payload_size = 0;
  add6(samples, "jumbogram", padded(ipv6(fields, hop_by_hop(rst())), 256), kRstText6);
  fields.payload_size = 65535;
  add6(samples, "segments merged by the kernel", padded(ipv6(fields, rst()), 256), kRstText6);
  add6(samples, "padding is no option", padded(ipv6(to_us6(), rst()), 72), kRstText6);
  add6(samples, "TCP header that only padding completes", padded(ipv6(to_us6(), beginning_of(rst(), 16)), 72),
       "truncated");
  add6(samples, "version 4 under IPv6's EtherType", ipv6({.from = kFleet6, .to = kUs6, .version = 4}, rst()),
       "malformed");
  add6(samples, "no next header", ipv6(to_us6(), Layer{.protocol = 59}), "unrelated");
  add6(samples, "ICMP over IPv6", ipv6(to_us6(), icmp({3, 13}, sent())), "unrelated");
  Bytes mapped;
  put(mapped, 0, 8);
  put(mapped, 0xffff'c612'0007, 8);  // ::ffff:198.18.0.7
  put(mapped, address(kUs6));
  add6(samples, "v4-mapped source", ipv6_from_addresses(to_us6(), mapped, 6, rst().bytes), "malformed");
}

void add_icmp(Samples& samples) {
  add4(samples, "quote of the whole SYN", complaint(sent()), kQuoteText);
  add4(samples, "quote of 8 bytes of TCP", complaint(first(sent(), 28)), kQuoteText);
  add4(samples, "quote of 7 bytes of TCP", complaint(first(sent(), 27)), "truncated");
  add4(samples, "quote of an IP header alone", complaint(first(sent(), 20)), "truncated");
  add4(samples, "no quote", complaint({}), "truncated");
  const Bytes options = bytes({7, 7, 4, 0, 0, 0, 0, 0});  // record route
  add4(samples, "quote with IP options", complaint(first(sent({.options = options}), 36)), kQuoteText);
  add4(samples, "quote with a length of someone else's order", complaint(sent({.total_size = 0x3c00})),
       kQuoteText);
  add4(samples, "quote with more behind it", complaint(padded(sent(), 140)), kQuoteText);
  add4(samples, "quote of a fragment", complaint(sent({.fragment_offset = 1})), "fragment");
  add4(samples, "quote of UDP", complaint(ipv4({.from = kUs, .to = kFleet}, udp())), "unrelated");
  add4(samples, "quote of IPv6", complaint(sent6(syn())), "malformed");
  add4(samples, "time exceeded", complaint(sent(), {11, 0}),
       "icmp 11/0 from 198.18.255.254 ttl 62 about 198.18.0.1:50000 > 198.18.0.7:443 seq 1000");
  add4(samples, "parameter problem", complaint(sent(), {12, 0}),
       "icmp 12/0 from 198.18.255.254 ttl 62 about 198.18.0.1:50000 > 198.18.0.7:443 seq 1000");
  add4(samples, "source quench", complaint(sent(), {4, 0}), "unrelated");
  add4(samples, "redirect", complaint(sent(), {5, 1}), "unrelated");
  add4(samples, "echo reply", complaint({}, {0, 0}), "unrelated");
}

void add_icmpv6(Samples& samples) {
  add6(samples, "quote of the whole SYN", complaint6(sent6(syn())), kQuoteText6);
  add6(samples, "quote of 8 bytes of TCP", complaint6(first(sent6(syn()), 48)), kQuoteText6);
  add6(samples, "quote of 7 bytes of TCP", complaint6(first(sent6(syn()), 47)), "truncated");
  add6(samples, "quote with extension headers",
       complaint6(sent6(hop_by_hop(destination_options(routing(fragment(0, syn())))))), kQuoteText6);
  add6(samples, "quote of a fragment", complaint6(sent6(fragment(8, syn()))), "fragment");
  add6(samples, "quote of UDP", complaint6(sent6(udp())), "unrelated");
  add6(samples, "quote of IPv4", complaint6(sent()), "malformed");
  const Ipv6 router{.from = kRouter6, .to = kUs6, .hop_limit = 62};
  const Layer error = icmpv6({1, 1}, sent6(syn()));
  add6(samples, "error behind extension headers",
       ipv6(router, hop_by_hop(destination_options(routing(fragment(0, error))))), kQuoteText6);
  add6(samples, "time exceeded", complaint6(sent6(syn()), {3, 0}),
       "icmpv6 3/0 from 2001:db8:ff::1 ttl 62 about [2001:db8::1]:50000 > [2001:db8::7]:443 seq 1000");
  add6(samples, "parameter problem", complaint6(sent6(syn()), {4, 1}),
       "icmpv6 4/1 from 2001:db8:ff::1 ttl 62 about [2001:db8::1]:50000 > [2001:db8::7]:443 seq 1000");
  add6(samples, "packet too big", complaint6(sent6(syn()), {2, 0}), "unrelated");
  add6(samples, "echo reply", complaint6({}, {129, 0}), "unrelated");
}

void add_arp(Samples& samples) {
  const Arp reply{.sender = kFleet, .sender_station = station(7), .target = kUs};
  const auto add = [&](const char* name, const Bytes& bytes, const char* content) {
    samples.push_back({std::string("ARP ") + name, kEtherTypeArp, bytes, content});
  };
  const auto with = [&](auto change) {
    Arp changed = reply;
    change(changed);
    return arp(changed);
  };
  add("reply", arp(reply), "198.18.0.7 is at 02:00:00:00:00:07");
  add("reply with padding", padded(arp(reply), 46), "198.18.0.7 is at 02:00:00:00:00:07");
  add("gratuitous reply", with([](Arp& a) { a.target = kFleet; }), "198.18.0.7 is at 02:00:00:00:00:07");
  add("request", with([](Arp& a) { a.operation = 1; }), "unrelated");
  add("of another link", with([](Arp& a) { a.hardware = 6; }), "unrelated");
  add("of other sizes", with([](Arp& a) { a.station_size = 8; }), "unrelated");
  add("from a group address", with([](Arp& a) {
        a.sender_station = bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
      }),
      "unrelated");
}

void add_neighbour_messages(Samples& samples) {
  const Bytes mine = neighbour_option(2, 1, station(7));
  const Bytes nonce = neighbour_option(14, 1, bytes({1, 2, 3, 4, 5, 6}));
  const auto add = [&](const char* name, const Layer& layer, const char* content, uint8_t hop_limit = 255) {
    add6(samples, name, ipv6({.from = "fe80::7", .to = "fe80::1", .hop_limit = hop_limit}, layer), content);
  };
  const auto advertisement = [](const Bytes& options) { return neighbour_message(136, "fe80::7", options); };
  constexpr const char* kAnswer = "fe80::7 is at 02:00:00:00:00:07";
  add("neighbour advertisement", advertisement(mine), kAnswer);
  add("neighbour advertisement, other options first", advertisement(joined(nonce, mine)), kAnswer);
  add("neighbour advertisement, other options behind", advertisement(joined(mine, nonce)), kAnswer);
  add("neighbour advertisement without the station", advertisement({}), "unrelated");
  add("neighbour advertisement of a long station",
      advertisement(neighbour_option(2, 2, joined(station(7), bytes({0, 0, 0, 0, 0, 0, 0, 0})))),
      "unrelated");
  add("neighbour advertisement of a group station",
      advertisement(neighbour_option(2, 1, bytes({0x33, 0x33, 0, 0, 0, 1}))), "unrelated");
  add("neighbour advertisement that a router passed on", advertisement(mine), "unrelated", 254);
  add("neighbour advertisement with a code", icmpv6({136, 1}, Bytes(24)), "unrelated");
  add("neighbour advertisement of a multicast target", neighbour_message(136, "ff02::1", mine), "unrelated");
  Bytes mapped_target;
  put(mapped_target, 0, 8);
  put(mapped_target, 0xffff'c612'0007, 8);
  add("neighbour advertisement of a v4-mapped target", icmpv6({136, 0}, joined(mapped_target, mine)),
      "malformed");
  samples.push_back(
      {"v6 neighbour advertisement with padding", kEtherTypeIpv6,
       padded(ipv6({.from = "fe80::7", .to = "fe80::1", .hop_limit = 255}, advertisement(mine)), 75),
       kAnswer});
  add("neighbour advertisement, option of length 0",
      advertisement(joined(mine, neighbour_option(14, 0, bytes({1, 2, 3, 4, 5, 6})))), "malformed");
  add("neighbour advertisement, option beyond the packet", advertisement(neighbour_option(2, 2, station(7))),
      "malformed");
  add("neighbour advertisement, half an option", advertisement(bytes({2})), "malformed");
  add("neighbour solicitation", neighbour_message(135, "fe80::1", neighbour_option(1, 1, station(7))),
      "unrelated");
}

}  // namespace

std::vector<SamplePacket> sample_packets() {
  Samples samples;
  add_tcp(samples);
  add_ipv4_headers(samples);
  add_ipv6_headers(samples);
  add_icmp(samples);
  add_icmpv6(samples);
  add_arp(samples);
  add_neighbour_messages(samples);
  samples.push_back({"LLDP", 0x88cc, bytes({2, 7, 4, 2, 0, 0, 0, 0, 7}), "unrelated"});
  return samples;
}

}  // namespace sonde::packets
