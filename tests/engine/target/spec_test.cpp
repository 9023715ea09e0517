#include "engine/target/spec.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace sonde {
namespace {

uint32_t zone_of_test(const std::string& zone) { return zone == "eth0" ? 7 : 0; }

std::string describe(const TargetSpec& spec) {
  std::string text = spec.name;
  for (const Interval& range : spec.ranges) text += (text.empty() ? "" : "+") + range.to_string();
  if (spec.scope != 0) text += " zone " + std::to_string(spec.scope);
  if (spec.port != 0) text += " port " + std::to_string(spec.port);
  if (!spec.label.empty()) text += " label " + spec.label;
  if (!spec.sni.empty()) text += " sni " + spec.sni;
  return text;
}

std::string read(std::string_view line) {
  std::vector<TargetSpec> specs;
  const auto parsed = parse_target_line(line, {"targets.txt", 3, {}}, zone_of_test, specs);
  if (!parsed) return parsed.error().text;
  std::string text;
  for (const TargetSpec& spec : specs) text += (text.empty() ? "" : " | ") + describe(spec);
  return text;
}

struct Row {
  std::string_view line;
  std::string_view seen;
};

constexpr Row kGood[] = {
    {"", ""},
    {"   \t ", ""},
    {"# a comment", ""},
    {"10.0.0.1", "10.0.0.1"},
    {"10.0.0.1\r", "10.0.0.1"},
    {"  10.0.0.1 10.0.0.2\t10.0.0.3 # and more", "10.0.0.1 | 10.0.0.2 | 10.0.0.3"},
    {"10.0.0.0/30", "10.0.0.0-10.0.0.3"},
    {"10.0.0.1:443", "10.0.0.1 port 443"},
    {"10.0.0.0/28:6379", "10.0.0.0-10.0.0.15 port 6379"},
    {"10.0.0.1-10.0.0.3:22", "10.0.0.1-10.0.0.3 port 22"},
    {"10.0.0-1.5:22", "10.0.0.5+10.0.1.5 port 22"},
    {"db1.example", "db1.example"},
    {"DB1.Example.:5432", "db1.example. port 5432"},
    {"localhost", "localhost"},
    {"web-1.example", "web-1.example"},
    {"_ldap._tcp.example", "_ldap._tcp.example"},
    {"1and1.example", "1and1.example"},
    {"2001:db8::1", "2001:db8::1"},
    {"[2001:db8::1]", "2001:db8::1"},
    {"[2001:db8::1]:443", "2001:db8::1 port 443"},
    {"[2001:db8::/124]:443", "2001:db8::-2001:db8::f port 443"},
    {"[2001:db8::1-2001:db8::3]:443", "2001:db8::1-2001:db8::3 port 443"},
    {"fe80::1%eth0", "fe80::1 zone 7"},
    {"fe80::1%12", "fe80::1 zone 12"},
    {"[fe80::1%eth0]:22", "fe80::1 zone 7 port 22"},
    {"10.0.0.5 label=db1 sni=DB1.example. 10.0.0.6", "10.0.0.5 label db1 sni db1.example | 10.0.0.6"},
    {"10.0.0.5:443 sni=a.example 10.0.0.5:443 sni=b.example",
     "10.0.0.5 port 443 sni a.example | 10.0.0.5 port 443 sni b.example"},
    {"db1.example label=r\xc3\xa4"
     "ck#4",
     "db1.example label r\xc3\xa4"
     "ck#4"},
};

TEST(TargetSpec, CommasBetweenTargetsGetAHint) {
  for (const char* line : {"127.0.0.1,127.0.0.2", "db1.example,db2.example", "10.0.0.1:22,10.0.0.2:22"})
    EXPECT_NE(read(line).find("targets are separated by spaces, not by commas"), std::string::npos)
        << read(line);
  EXPECT_EQ(read("10.0.0.1,3"), "10.0.0.1+10.0.0.3");
  EXPECT_EQ(read("10.0.0.300").find("commas"), std::string::npos);
}

TEST(TargetLine, ReadsTheWholeGrammar) {
  for (const Row& row : kGood) EXPECT_EQ(read(row.line), row.seen) << row.line;
}

constexpr Row kBad[] = {
    {"10.0.0.1 10.0.0.300", "targets.txt:3:17: found \"300\", expected an octet"},
    {"10.0.0.1:0", "targets.txt:3:10: found \"0\", expected a port from 1 to 65535"},
    {"10.0.0.1:65536", "targets.txt:3:10: found \"65536\", expected a port"},
    {"10.0.0.1:80,443", "targets.txt:3:10: found \"80,443\", expected a port"},
    {"db1.example:", "targets.txt:3:13: found \"\", expected a port"},
    {":80", "targets.txt:3:1: found \"\", expected an address or a host name"},
    {"db1.example/28", "targets.txt:3:1: found \"db1.example/28\", a prefix length needs an address"},
    {"http://db1.example", "targets.txt:3:6: found \"//db1.example\", expected a port"},
    {"a.example,b.example", "targets.txt:3:10: found \",\", expected an address or a host name"},
    {"host.123", "targets.txt:3:1: found \"host.123\", expected an address"},
    {"-host.example", "targets.txt:3:1: found \"-host.example\", expected a host name of parts"},
    {"a..b", "targets.txt:3:1: found \"a..b\", expected a host name of parts"},
    {"b\xc3\xbc"
     "cher.example",
     "targets.txt:3:2: found \"\\xc3\", expected an address or a host name"},
    {"[2001:db8::1", "targets.txt:3:1: found \"[2001:db8::1\", expected a ] that closes the ["},
    {"[2001:db8::]/64", "targets.txt:3:13: found \"/64\", expected :PORT after the ]"},
    {"[10.0.0.1]:80", "targets.txt:3:2: found \"10.0.0.1\", expected an IPv6 address"},
    {"[db1.example]:80", "targets.txt:3:2: found \"db1.example\", expected an IPv6 address"},
    {"fe80::1%eth9", "targets.txt:3:9: found \"eth9\", expected the name or index of a network interface"},
    {"fe80::1%", "targets.txt:3:9: found \"\", expected the name or index of a network interface"},
    {"fe80::1%eth0/64", "targets.txt:3:9: found \"eth0/64\", expected one address with a zone"},
    {"2001:db8::1%eth0", "targets.txt:3:1: found \"2001:db8::1\", expected one link-local IPv6 address"},
    {"[fe80::zz%eth0]:22", "targets.txt:3:2: found \"fe80::zz\", expected one link-local IPv6 address"},
    {"label=x", "targets.txt:3:1: found \"label=x\", expected a target before it"},
    {"10.0.0.1 labl=x", "targets.txt:3:10: found \"labl=x\", expected label=TEXT or sni=NAME"},
    {"10.0.0.1 label=", "targets.txt:3:16: found \"\", expected a label of 1 to 255 bytes"},
    {"10.0.0.1 sni=10.0.0.1",
     "targets.txt:3:14: found \"10.0.0.1\", expected a host name as TLS server name"},
    {"10.0.0.1 sni=a..b", "targets.txt:3:14: found \"a..b\", expected a host name as TLS server name"},
    {std::string_view("10.0.0.1\0", 9),
     "targets.txt:3:9: found \"\\x00\", expected an address or a host name"},
};

TEST(TargetLine, ErrorsSayWhereWhatAndWhatWasExpected) {
  for (const Row& row : kBad) EXPECT_EQ(read(row.line).substr(0, row.seen.size()), row.seen) << row.line;
}

TEST(TargetLine, ErrorsOfArgumentsNameTheArgument) {
  std::vector<TargetSpec> specs;
  const std::string_view argument = "10.0.0.300";
  const auto parsed = parse_target_line(argument, {{}, 0, argument}, zone_of_test, specs);
  EXPECT_EQ(parsed.error().text.substr(0, 40), "argument \"10.0.0.300\":8: found \"300\", ex");
}

TEST(TargetLine, LongLinesAreRefusedWithTheLimit) {
  EXPECT_EQ(read(std::string(kLongestTargetLine, ' ')), "");
  EXPECT_NE(read(std::string(kLongestTargetLine + 1, ' ')).find("expected at most 65536"), std::string::npos);
}

TEST(TargetLine, ManyWideOctetRangesInOneLineAreRefused) {
  std::string line;
  for (int i = 0; i < 20; ++i) line += "10.*.*.1 ";
  EXPECT_NE(read(line).find("targets.txt:3:145: found octet ranges of more than 1048576"), std::string::npos);
}

TEST(TargetLine, LongNamesAndLabelsAreRefused) {
  EXPECT_NE(read(std::string(64, 'a') + ".example").find("expected a host name"), std::string::npos);
  std::string long_name = "a";
  for (int i = 0; i < 127; ++i) long_name += ".a";
  EXPECT_NE(read(long_name).find("expected a host name"), std::string::npos);
  EXPECT_NE(read("10.0.0.1 label=" + std::string(256, 'x')).find("expected a label"), std::string::npos);
}

}  // namespace
}  // namespace sonde
