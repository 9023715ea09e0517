#include "engine/target/resolver.h"

#include <gtest/gtest.h>

#include "tests/engine/target/dns_server.h"

namespace sonde {
namespace {

using Kind = DnsAnswer::Kind;
using Names = std::vector<std::string>;

std::string text_of(const Result<Resolver::Addresses>& answer) {
  if (!answer) return answer.error().text;
  std::string text;
  for (const IpAddress address : *answer) text += (text.empty() ? "" : " ") + address.to_string();
  return text;
}

DnsResolver asking(const DnsServer& server) {
  ResolverOptions options;
  options.servers = server.address();
  return DnsResolver(options);
}

TEST(DnsResolver, GivesAllAddressesOfBothFamilies) {
  const DnsServer server({{"db1.test", {Kind::addresses, {"10.0.0.9", "10.0.0.2", "2001:db8::5"}}},
                          {"v6.test", {Kind::addresses, {"2001:db8::1"}}},
                          {"v4.test", {Kind::addresses, {"10.0.0.1"}}}});
  const auto answers = asking(server).resolve_all(Names{"db1.test", "v6.test", "v4.test"});
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(text_of(answers[0]), "10.0.0.2 10.0.0.9 2001:db8::5");
  EXPECT_EQ(text_of(answers[1]), "2001:db8::1");
  EXPECT_EQ(text_of(answers[2]), "10.0.0.1");
}

TEST(DnsResolver, FailuresNameTheNameAndTheCause) {
  const DnsServer server({{"good.test", {Kind::addresses, {"10.0.0.1"}}},
                          {"empty.test", {Kind::addresses, {}}},
                          {"broken.test", {Kind::server_failure, {}}}});
  const auto answers =
      asking(server).resolve_all(Names{"missing.test.", "empty.test.", "broken.test.", "good.test."});
  EXPECT_EQ(text_of(answers[0]), "host name \"missing.test.\": there is no such name (NXDOMAIN)");
  EXPECT_EQ(text_of(answers[1]),
            "host name \"empty.test.\": the name has no address (no A and no AAAA record)");
  EXPECT_EQ(
      text_of(answers[2]),
      "host name \"broken.test.\": no DNS server can be reached, or every one failed (SERVFAIL, REFUSED)");
  EXPECT_EQ(text_of(answers[3]), "10.0.0.1");
}

TEST(DnsResolver, AServerThatNeverAnswersIsATimeOut) {
  const DnsServer server(
      {{"silent.test", {Kind::silence, {}}}, {"good.test", {Kind::addresses, {"10.0.0.1"}}}});
  DnsResolver resolver({server.address(), 100, 1, 256});
  const auto answers = resolver.resolve_all(Names{"silent.test.", "good.test."});
  EXPECT_EQ(text_of(answers[0]), "host name \"silent.test.\": no DNS server answered in time");
  EXPECT_EQ(text_of(answers[1]), "10.0.0.1");
}

TEST(DnsResolver, ManyNamesAreAskedAtOnce) {
  std::map<std::string, DnsAnswer> known;
  Names names;
  for (int i = 0; i < 64; ++i) {
    names.push_back("host" + std::to_string(i) + ".test");
    known[names.back()] = {Kind::addresses, {"10.0.0." + std::to_string(i)}};
  }
  // Answers only when the questions (A and AAAA) of sixteen names are waiting:
  // one name after the other would never get there.
  const DnsServer server(known, 32);
  DnsResolver resolver({server.address(), 20000, 1, 16});
  const auto answers = resolver.resolve_all(names);
  for (size_t i = 0; i < names.size(); ++i) EXPECT_EQ(text_of(answers[i]), known[names[i]].addresses[0]);
}

TEST(DnsResolver, TheHostsFileComesFirst) {
  const DnsServer server({});
  const auto answers = asking(server).resolve_all(Names{"localhost"});
  EXPECT_NE(text_of(answers[0]).find("127.0.0.1"), std::string::npos) << text_of(answers[0]);
}

TEST(DnsResolver, ABadServerListIsAnErrorOfEveryName) {
  const auto answers = DnsResolver({"not-an-address", 100, 1, 4}).resolve_all(Names{"a.test", "b.test"});
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_NE(text_of(answers[1]).find("host names cannot be resolved"), std::string::npos)
      << text_of(answers[1]);
}

TEST(DnsResolver, NoNamesNeedNoServer) { EXPECT_TRUE(DnsResolver().resolve_all({}).empty()); }

}  // namespace
}  // namespace sonde
