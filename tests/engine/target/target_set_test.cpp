#include "engine/target/target_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "engine/target/permutation.h"
#include "engine/target/target_builder.h"
#include "tests/engine/target/fake_resolver.h"
#include "tests/engine/target/temporary_file.h"

namespace sonde {
namespace {

TargetSet build(std::string_view text, const PortSet& ports) {
  const TemporaryFile file(text);
  FakeResolver resolver({{"db1.example", {"10.0.0.5", "2001:db8::5"}}, {"db2.example", {"10.0.0.5"}}});
  TargetRequest request;
  request.files = {file.path()};
  if (!ports.empty()) request.ports = ports;
  request.allow_public = true;
  auto built = build_target_set(request, resolver);
  EXPECT_TRUE(built.has_value()) << (built ? "" : built.error().text);
  return built ? std::move(built->set) : TargetSet();
}

TargetSet build(std::string_view text, const char* ports) {
  return build(text, PortSet::parse(ports).value());
}

void expect_equal(const TargetSet& a, const TargetSet& b) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(a.digest(), b.digest());
  const uint64_t stride = std::max<uint64_t>(1, a.size() / 2000);
  for (uint64_t i = 0; i < a.size(); i += stride) {
    const Target x = a.nth(i), y = b.nth(i);
    ASSERT_EQ(x.endpoint, y.endpoint) << i;
    ASSERT_EQ(x.name, y.name) << i;
    ASSERT_EQ(x.sni, y.sni) << i;
  }
}

constexpr const char* kMixture =
    "10.0.0.0/28 8.8.8.8 2001:db8::/120 db1.example db2.example\n"
    "10.1.0.1 label=rack4 10.1.0.1 sni=web.example 10.1.0.1 label=rack4 sni=web.example\n"
    "10.0.0.3:80 10.0.0.3:9999 db1.example:9999 [2001:db8::1]:9999 sni=zz.example label=aa\n"
    "fe80::1%3 fe80::1%4 label=x [fe80::1%5]:80 10.9.0.0/30:7 label=aa\n";

TEST(TargetSet, TextReadAgainGivesTheSameIndices) {
  const TargetSet set = build(kMixture, "22,80,443");
  const TargetSet again = build(set.canonical_text(), set.ports());
  expect_equal(set, again);
  EXPECT_EQ(set.canonical_text(), again.canonical_text());
}

TEST(TargetSet, TextOfPairsAloneNeedsNoPorts) {
  const TargetSet set = build("10.0.0.1:80 db1.example:22", "22");
  EXPECT_TRUE(set.ports().empty());
  EXPECT_EQ(set.canonical_text(),
            "10.0.0.1:80\n10.0.0.5:22 label=db1.example sni=db1.example\n"
            "[2001:db8::5]:22 label=db1.example sni=db1.example\n");
  expect_equal(set, build(set.canonical_text(), PortSet()));
}

TEST(TargetSet, ALongTextComesInPieces) {
  std::string lines;
  for (int i = 0; i < 5000; ++i)
    lines += "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":80\n";
  const TargetSet set = build(lines, PortSet());
  size_t pieces = 0;
  std::string text;
  set.write_text([&](std::string_view piece) {
    ++pieces;
    text += piece;
  });
  EXPECT_GT(pieces, 2u);
  EXPECT_EQ(text, lines);
}

TEST(TargetSet, TheOrderOfWritingDoesNotMatter) {
  expect_equal(build("10.0.0.1 label=b\n10.0.0.1 label=a\n10.0.0.9:1 10.0.0.8:1 label=c\n10.0.0.2", "22"),
               build("10.0.0.2\n10.0.0.8:1 label=c\n10.0.0.9:1\n10.0.0.1 label=a 10.0.0.1 label=b", "22"));
}

TEST(TargetSet, TheDigestTellsSetsApart) {
  const char* variants[] = {"10.0.0.1",       "10.0.0.2",         "10.0.0.1-10.0.0.2", "10.0.0.1 label=a",
                            "10.0.0.1 sni=a", "10.0.0.1 label=b", "10.0.0.1:80",       "10.0.0.1:81",
                            "fe80::1%2",      "fe80::1%3"};
  std::vector<uint64_t> digests;
  for (const char* text : variants) digests.push_back(build(text, "22").digest());
  digests.push_back(build("10.0.0.1", "23").digest());
  digests.push_back(build("10.0.0.1", "22,23").digest());
  std::sort(digests.begin(), digests.end());
  EXPECT_EQ(std::adjacent_find(digests.begin(), digests.end()), digests.end());
}

TEST(TargetSet, TheDigestIsTheSameOnEveryMachine) {
  EXPECT_EQ(build(kMixture, "22,80,443").digest(), 6950414470388671075u);
}

TEST(TargetSet, AllPrivateAddressesOnAllPortsCostKilobytes) {
  const TargetSet set = build("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16", "-");
  EXPECT_EQ(set.size(), uint64_t{17891328} * 65535);
  EXPECT_LT(set.memory_bytes(), 200'000u);
  EXPECT_EQ(set.nth(0).endpoint.to_string(), "10.0.0.0:1");
  EXPECT_EQ(set.nth(set.size() - 1).endpoint.to_string(), "192.168.255.255:65535");
  EXPECT_EQ(set.host_count(), 17891328u);
}

TEST(TargetSet, AShuffledSetVisitsEveryEndpointOnce) {
  const TargetSet set = build(kMixture, "1-100");
  const Permutation shuffle(set.size(), 17);
  std::vector<bool> visited(set.size());
  for (uint64_t position = 0; position < set.size(); ++position) visited[shuffle.at(position)] = true;
  EXPECT_EQ(std::count(visited.begin(), visited.end(), true), static_cast<int64_t>(set.size()));
}

TEST(TargetSet, EveryEndpointIsFoundUnderItsIndices) {
  const TargetSet set = build(kMixture, "22,80,9999");
  for (uint64_t index = 0; index < set.size(); ++index) {
    std::vector<uint64_t> found;
    set.find(set.nth(index).endpoint, found);
    EXPECT_EQ(std::ranges::count(found, index), 1) << index;
    for (const uint64_t other : found) EXPECT_EQ(set.nth(other).endpoint, set.nth(index).endpoint);
  }
}

TEST(TargetSet, AnEndpointIsTheSameInItsPlaceOrAsATarget) {
  const TargetSet set = build(kMixture, "22,80,9999");
  for (uint64_t index = 0; index < set.size(); ++index) {
    Endpoint endpoint{{}, 7, 7};
    set.put_endpoint(index, endpoint);
    EXPECT_EQ(endpoint, set.nth(index).endpoint);
  }
}

TEST(TargetSet, WhatWasNotAskedForIsNotFound) {
  const TargetSet set = build("10.0.0.0/28 10.5.5.5:8443 10.9.0.1\n", "22,80");
  for (const Endpoint& other :
       {Endpoint{*IpAddress::parse("10.0.0.16"), 22}, Endpoint{*IpAddress::parse("10.0.0.1"), 23},
        Endpoint{*IpAddress::parse("10.5.5.5"), 22}, Endpoint{*IpAddress::parse("10.5.5.5"), 8444},
        Endpoint{*IpAddress::parse("10.9.0.1"), 8443}, Endpoint{*IpAddress::parse("10.0.0.1"), 22, 3}}) {
    std::vector<uint64_t> found;
    set.find(other, found);
    EXPECT_TRUE(found.empty()) << other.to_string();
  }
}

TEST(TargetSet, SweepsOfMoreThan40BitsEnd) {
  const TargetSet set = build("fd00::/72", "443");
  EXPECT_EQ(set.size(), uint64_t{1} << 56);
  const Permutation shuffle(set.size(), 1);
  for (uint64_t position : {uint64_t{0}, set.size() / 2, set.size() - 1})
    EXPECT_LT(shuffle.at(position), set.size());
  EXPECT_EQ(build("fd00::/65", "443").size(), TargetSet::kLargestSize);
}

TEST(TargetSet, APairCostsLessThan24Bytes) {
  std::mt19937 random(3);
  std::string text;
  constexpr uint64_t kPairs = 100'000;
  for (uint64_t i = 0; i < kPairs; ++i) {
    const auto host = static_cast<uint32_t>(i * 167 + random() % 100);
    text += IpAddress::v4(0x0a000000 + host).to_string() + ":" + std::to_string(1 + random() % 65535) + "\n";
  }
  const TargetSet set = build(text, PortSet());
  EXPECT_EQ(set.size(), kPairs);
  EXPECT_LT(static_cast<double>(set.memory_bytes()) / kPairs, 24.0);
}

/// A set built from random lines, and which endpoints it must have.
struct RandomCase {
  std::string targets;
  std::vector<std::string> excludes;
  std::set<std::pair<uint32_t, uint16_t>> endpoints;  ///< (last octet, port)
  std::set<std::string> named;                        ///< "endpoint name"
};

RandomCase random_case(std::mt19937& random, const PortSet& all_ports) {
  RandomCase made;
  std::set<std::pair<uint32_t, uint16_t>> excluded;  // port 0: the whole address
  std::set<std::pair<std::pair<uint32_t, uint16_t>, std::string>> labelled;
  for (int i = 0; i < 12; ++i) {
    const bool is_exclude = i >= 10;
    const auto first = static_cast<uint32_t>(random() % 12),
               last = first + static_cast<uint32_t>(random() % 4);
    const auto port = static_cast<uint16_t>(random() % 3 == 0 ? 21 + random() % 4 : 0);
    const std::string label = random() % 4 == 0 ? std::string(1, static_cast<char>('a' + random() % 2)) : "";
    const std::string text = "10.0.0." + std::to_string(first) + "-10.0.0." + std::to_string(last) +
                             (port == 0 ? "" : ":" + std::to_string(port));
    if (is_exclude) made.excludes.push_back(text);
    if (!is_exclude) made.targets += text + (label.empty() ? "\n" : " label=" + label + "\n");
    const PortSet ports = port == 0 && !is_exclude ? all_ports : PortSet::of(std::vector<uint16_t>{port});
    for (uint32_t host = first; host <= last; ++host) {
      if (is_exclude) excluded.insert({host, port});
      for (const uint16_t each : ports.ports()) {
        if (is_exclude) continue;
        made.endpoints.insert({host, each});
        if (!label.empty()) labelled.insert({{host, each}, label});
      }
    }
  }
  std::erase_if(made.endpoints, [&](const auto& endpoint) {
    return excluded.contains(endpoint) || excluded.contains({endpoint.first, uint16_t{0}});
  });
  for (const auto& [place, label] : labelled)
    if (made.endpoints.contains(place))
      made.named.insert("10.0.0." + std::to_string(place.first) + ":" + std::to_string(place.second) + " " +
                        label);
  return made;
}

TEST(TargetSet, RandomTargetsAreExactlyTheEndpointsMeant) {
  std::mt19937 random(11);
  const PortSet ports = PortSet::parse("22,23,80").value();
  for (int round = 0; round < 500; ++round) {
    const RandomCase wanted = random_case(random, ports);
    const TemporaryFile file(wanted.targets);
    TargetRequest request;
    request.files = {file.path()};
    request.excludes = wanted.excludes;
    request.ports = ports;
    FakeResolver resolver;
    const auto built = build_target_set(request, resolver);
    ASSERT_EQ(built.has_value(), !wanted.endpoints.empty()) << wanted.targets;
    if (!built) continue;
    std::set<std::pair<uint32_t, uint16_t>> seen;
    std::set<std::string> named, all;
    for (uint64_t i = 0; i < built->set.size(); ++i) {
      const Target target = built->set.nth(i);
      seen.insert({target.endpoint.address.v4_number() & 0xff, target.endpoint.port});
      const std::string text = target.endpoint.to_string() + " " + std::string(target.name);
      EXPECT_TRUE(all.insert(text).second) << text << " stands twice in\n" << wanted.targets;
      if (!target.name.empty()) named.insert(text);
    }
    ASSERT_EQ(seen, wanted.endpoints) << wanted.targets;
    ASSERT_EQ(named, wanted.named) << wanted.targets;
    expect_equal(built->set, build(built->set.canonical_text(), built->set.ports()));
  }
}

TEST(TargetSet, AnEmptySetHasNoTargets) {
  EXPECT_EQ(TargetSet().size(), 0u);
  EXPECT_EQ(TargetSet().canonical_text(), "");
}

}  // namespace
}  // namespace sonde
