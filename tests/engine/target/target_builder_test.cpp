#include "engine/target/target_builder.h"

#include <gtest/gtest.h>

#include <initializer_list>

#include "tests/engine/target/fake_resolver.h"
#include "tests/engine/target/temporary_file.h"

namespace sonde {
namespace {

using Texts = std::vector<std::string>;

uint32_t zone_of_test(const std::string& zone) { return zone == "eth0" ? 7 : 0; }

Result<BuiltTargets> build(TargetRequest request) {
  FakeResolver resolver({{"db1.example", {"10.0.0.5"}},
                         {"db2.example", {"10.0.0.5"}},
                         {"web.example", {"10.0.0.6", "10.0.0.7", "2001:db8::7"}},
                         {"public.example", {"8.8.8.8"}},
                         {"local.example", {"fe80::1", "10.0.0.8"}}});
  return build_target_set(request, resolver, zone_of_test);
}

TargetRequest request(Texts arguments, const char* ports = nullptr, Texts excludes = {}) {
  TargetRequest wanted;
  wanted.arguments = std::move(arguments);
  wanted.excludes = std::move(excludes);
  if (ports != nullptr) wanted.ports = PortSet::parse(ports).value();
  return wanted;
}

std::string text_of(const Target& target) {
  std::string text = target.endpoint.to_string();
  if (target.endpoint.scope != 0) text += "%" + std::to_string(target.endpoint.scope);
  if (!target.name.empty()) text.append(" name ").append(target.name);
  if (!target.sni.empty()) text.append(" sni ").append(target.sni);
  return text;
}

std::string all_of(const Result<BuiltTargets>& built) {
  if (!built) return built.error().text;
  std::string text;
  for (uint64_t i = 0; i < built->set.size(); ++i) text += (i == 0 ? "" : ", ") + text_of(built->set.nth(i));
  return text;
}

struct Row {
  const char* what;
  TargetRequest wanted;
  const char* endpoints;
};

TEST(BuildTargets, ListsTheEndpointsThatWereMeant) {
  const Row rows[] = {
      {"every address meets every port", request({"10.0.0.1", "10.0.0.2"}, "22,80"),
       "10.0.0.1:22, 10.0.0.1:80, 10.0.0.2:22, 10.0.0.2:80"},
      {"doubles count once", request({"10.0.0.1 10.0.0.0/31", "10.0.0.1"}, "22"), "10.0.0.0:22, 10.0.0.1:22"},
      {"exact pairs need no ports", request({"10.0.0.2:80", "10.0.0.1:443"}), "10.0.0.1:443, 10.0.0.2:80"},
      {"exact pairs keep their own port beside -p", request({"10.0.0.1", "10.0.0.2:80"}, "22"),
       "10.0.0.1:22, 10.0.0.2:80"},
      {"pairs of two hosts are not mixed up", request({"10.0.0.1:1", "10.0.0.2:2", "10.0.0.1:2"}),
       "10.0.0.1:1, 10.0.0.1:2, 10.0.0.2:2"},
      {"a pair that the ranges cover counts once", request({"10.0.0.0/31", "10.0.0.1:22"}, "22"),
       "10.0.0.0:22, 10.0.0.1:22"},
      {"a labelled pair is told apart from the range",
       request({"10.0.0.1", "10.0.0.1:22 sni=a.example"}, "22"), "10.0.0.1:22, 10.0.0.1:22 sni a.example"},
      {"a range with a port is many pairs", request({"10.0.0.0/31:6379"}), "10.0.0.0:6379, 10.0.0.1:6379"},
      {"a name is all its addresses", request({"web.example"}, "443"),
       "10.0.0.6:443 name web.example sni web.example, 10.0.0.7:443 name web.example sni web.example, "
       "[2001:db8::7]:443 name web.example sni web.example"},
      {"a named address leaves the plain ones", request({"10.0.0.4/31", "db1.example"}, "22"),
       "10.0.0.4:22, 10.0.0.5:22 name db1.example sni db1.example"},
      {"two names of one address are two targets",
       request({"db2.example", "db1.example", "db1.example"}, "22"),
       "10.0.0.5:22 name db1.example sni db1.example, 10.0.0.5:22 name db2.example sni db2.example"},
      {"a name's pair and its address's pair are one", request({"10.0.0.5:22", "db1.example:22"}),
       "10.0.0.5:22 name db1.example sni db1.example"},
      {"a pair of a host that has all ports counts once",
       request({"db1.example", "db1.example:22", "10.0.0.5:22"}, "22"),
       "10.0.0.5:22 name db1.example sni db1.example"},
      {"a trailing dot is not part of the server name",
       request({"db1.example:22 label=x sni=other.example."}), "10.0.0.5:22 name x sni other.example"},
      {"a label on a range is on each address", request({"10.0.0.0/31 label=lab"}, "22"),
       "10.0.0.0:22 name lab, 10.0.0.1:22 name lab"},
      {"a zone becomes an interface", request({"fe80::1%eth0", "[fe80::2%3]:80"}, "22"),
       "[fe80::1]:22%7, [fe80::2]:80%3"},
      {"the same address on two interfaces is two", request({"[fe80::1%3]:80", "[fe80::1%eth0]:80"}),
       "[fe80::1]:80%3, [fe80::1]:80%7"},
      {"excludes of addresses", request({"10.0.0.0/29"}, "22", {"10.0.0.1-10.0.0.6"}),
       "10.0.0.0:22, 10.0.0.7:22"},
      {"excludes hold for names", request({"web.example"}, "22", {"10.0.0.6 2001:db8::/32"}),
       "10.0.0.7:22 name web.example sni web.example"},
      {"excludes hold for pairs", request({"10.0.0.1:22", "10.0.0.2:22"}, nullptr, {"10.0.0.1"}),
       "10.0.0.2:22"},
      {"a name is excluded by its addresses", request({"10.0.0.4/31"}, "22", {"db1.example"}), "10.0.0.4:22"},
      {"one endpoint is excluded from a pair list",
       request({"10.0.0.1:22", "10.0.0.1:80"}, nullptr, {"10.0.0.1:80"}), "10.0.0.1:22"},
      {"one endpoint is excluded from a range", request({"10.0.0.0/31"}, "22,80", {"10.0.0.1:80"}),
       "10.0.0.0:22, 10.0.0.0:80, 10.0.0.1:22"},
      {"one endpoint is excluded from a name", request({"db1.example"}, "22,80", {"10.0.0.5:22"}),
       "10.0.0.5:80 name db1.example sni db1.example"},
      {"an excluded port that is not probed changes nothing", request({"10.0.0.1"}, "22", {"10.0.0.1:80"}),
       "10.0.0.1:22"},
      {"multicast and reserved addresses are never in it",
       request({"239.0.0.1 255.255.255.255 0.0.0.0 ff02::1 10.0.0.1"}, "22"), "10.0.0.1:22"},
      {"link-local addresses of names are left out", request({"local.example"}, "22"),
       "10.0.0.8:22 name local.example sni local.example"},
  };
  for (const Row& row : rows) EXPECT_EQ(all_of(build(row.wanted)), row.endpoints) << row.what;
}

TEST(BuildTargets, RefusalsSayWhyAndWhatToDo) {
  const Row rows[] = {
      {"nothing", request({}, "22"),
       "no targets given: name addresses, ranges or hosts, or a file of them with -iL"},
      {"only a comment", request({"# nothing"}, "22"),
       "no targets given: name addresses, ranges or hosts, or a file of them with -iL"},
      {"no ports", request({"10.0.0.1:80 10.0.0.2"}),
       "argument \"10.0.0.1:80 10.0.0.2\":13: no ports given: add -p PORTS, or write HOST:PORT, with "
       "brackets around an IPv6 "
       "address: [::1]:22"},
      {"public range", request({"10.0.0.0/8", "8.8.8.0/24"}, "53"),
       "8.8.8.0-8.8.8.255 is outside the private, loopback, link-local, shared, benchmark and documentation "
       "ranges: if "
       "you may probe it, add --allow-public"},
      {"public pair", request({"8.8.8.8:53"}),
       "8.8.8.8 is outside the private, loopback, link-local, shared, benchmark and documentation ranges: if "
       "you may probe it, add --allow-public"},
      {"public name", request({"public.example"}, "53"),
       "public.example (8.8.8.8) is outside the private, loopback, link-local, shared, benchmark and "
       "documentation "
       "ranges: if you may probe it, add --allow-public"},
      {"unknown name", request({"nowhere.example"}, "22"),
       "no target could be resolved: host name \"nowhere.example\": there is no such name (NXDOMAIN)"},
      {"unknown exclude", request({"10.0.0.1"}, "22", {"nowhere.example"}),
       "an excluded name cannot be resolved, so it is not known what to leave out: host name "
       "\"nowhere.example\": there "
       "is no such name (NXDOMAIN)"},
      {"everything excluded", request({"10.0.0.0/30", "224.0.0.1"}, "22", {"10.0.0.0/8"}),
       "nothing is left to probe: multicast (RFC 5771) took 1 address, --exclude took 4 addresses"},
      {"link-local without zone", request({"fe80::1"}, "22"),
       "argument \"fe80::1\":1: found link-local IPv6 addresses without a zone, expected one address with "
       "the interface "
       "it is on, such as fe80::1%eth0"},
      {"too large", request({"fd00::/64"}, "22"),
       "the targets are 18446744073709551616 addresses on 1 ports, more than the 2^63 endpoints of one "
       "sweep: give "
       "smaller ranges or fewer ports"},
      {"too many pairs from one range", request({"10.0.0.0/7:80"}),
       "argument \"10.0.0.0/7:80\":1: found a range of 33554432 addresses with a port, label or server name, "
       "expected "
       "at most 16777216: give the port by -p, or write smaller ranges"},
      {"a line feed in an argument", request({"10.0.0.1\n10.0.0.2"}, "22"),
       "argument \"10.0.0.1\\x0a10.0.0.2\":9: found a line feed, expected one line"},
  };
  for (const Row& row : rows) {
    const auto built = build(row.wanted);
    ASSERT_FALSE(built.has_value()) << row.what;
    EXPECT_EQ(built.error().text, row.endpoints) << row.what;
    EXPECT_EQ(built.error().kind, ErrorKind::usage) << row.what;
  }
}

TEST(BuildTargets, PublicAddressesWithPermission) {
  TargetRequest wanted = request({"8.8.8.8/31", "public.example"}, "53");
  wanted.allow_public = true;
  EXPECT_EQ(all_of(build(wanted)), "8.8.8.9:53, 8.8.8.8:53 name public.example sni public.example");
}

TEST(BuildTargets, PublicAddressesThatAreExcludedNeedNoPermission) {
  EXPECT_EQ(all_of(build(request({"10.255.255.255-11.0.0.5"}, "22", {"11.0.0.0/8"}))), "10.255.255.255:22");
}

TEST(BuildTargets, SomeUnresolvedNamesAreReportedAndTheRestIsProbed) {
  const auto built = build(request({"db1.example", "nowhere.example"}, "22"));
  ASSERT_TRUE(built.has_value());
  EXPECT_EQ(built->set.size(), 1u);
  ASSERT_EQ(built->unresolved.size(), 1u);
  EXPECT_EQ(built->unresolved[0].text, "host name \"nowhere.example\": there is no such name (NXDOMAIN)");
}

TEST(BuildTargets, TellsWhatWasLeftOutAndWhy) {
  TargetRequest wanted = request({"10.0.0.0/24", "224.0.0.0/30", "10.0.0.9:443", "10.0.1.1:443"}, "22,80",
                                 {"10.0.0.128/25", "10.0.0.9", "10.0.0.1:80"});
  wanted.broadcasts = {IpAddress::parse("10.0.0.127").value()};
  const auto built = build(wanted);
  ASSERT_TRUE(built.has_value());
  std::string seen;
  for (const LeftOut& part : built->left_out)
    seen += part.why + ": " + decimal(part.addresses) + "/" + std::to_string(part.endpoints) + "; ";
  EXPECT_EQ(seen,
            "multicast (RFC 5771): 4/0; broadcast address of an attached network: 1/0; --exclude: 129/1; "
            "--exclude of "
            "single endpoints: 0/1; ");
  EXPECT_EQ(built->set.size(), (128u - 2u) * 2 - 1 + 1);
}

TEST(BuildTargets, TooManySingleExcludesAreRefused) {
  const auto built = build(request({"10.0.0.0/16"}, "-", {"10.0.0.0/22:80"}));
  ASSERT_FALSE(built.has_value());
  EXPECT_NE(built.error().text.find("exclude whole addresses, or scan fewer ports"), std::string::npos);
}

TEST(BuildTargets, ReadsFilesAndStandardInput) {
  const TemporaryFile targets(
      "\xef\xbb\xbf# fleet\r\n10.0.0.1:80\r\n10.0.0.2 label=two # here\n\n10.0.0.4/31 db1.example");
  const TemporaryFile excludes("10.0.0.4 label=ignored\n");
  TargetRequest wanted = request({}, "22");
  wanted.files = {targets.path()};
  wanted.exclude_files = {excludes.path()};
  EXPECT_EQ(all_of(build(wanted)),
            "10.0.0.2:22 name two, 10.0.0.5:22 name db1.example sni db1.example, 10.0.0.1:80");
}

TEST(BuildTargets, ErrorsInFilesNameFileLineAndColumn) {
  const TemporaryFile targets("10.0.0.1:80\n\n  10.0.0.1:99999\n");
  TargetRequest wanted = request({});
  wanted.files = {targets.path()};
  EXPECT_EQ(all_of(build(wanted)),
            targets.path() + ":3:12: found \"99999\", expected a port from 1 to 65535");
  wanted.files = {"/nonexistent"};
  EXPECT_EQ(all_of(build(wanted)),
            "/nonexistent: cannot be opened: No such file or directory: check its name; - is standard input");
}

TEST(BuildTargets, TheEndOfTheAddressSpaceIsReached) {
  EXPECT_EQ(all_of(build(request(
                {"[fdff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:1"}))),
            "[fdff:ffff:ffff:ffff:ffff:ffff:ffff:fffe]:1, [fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:1");
  EXPECT_EQ(all_of(build(request(
                {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:1"}))),
            "nothing is left to probe: multicast (RFC 4291) took 2 single endpoints");
}

}  // namespace
}  // namespace sonde
