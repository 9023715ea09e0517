#include "net/source_choice.h"

#include <gmock/gmock.h>

namespace sonde {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

Interface link_with(std::vector<std::pair<const char*, uint8_t>> addresses) {
  Interface link;
  for (const auto& [text, length] : addresses) link.addresses.push_back({ip(text), length, {}, false, false});
  return link;
}

TEST(SourceChoice, OneAddressLeavesNoChoice) {
  const Interface links[] = {link_with({{"10.0.0.1", 24}, {"10.0.0.2", 24}, {"2001:db8::1", 64}})};
  EXPECT_THAT(source_choice_blocks(links, {}), IsEmpty());
}

TEST(SourceChoice, TwoAddressesPartAtTheirFirstDifference) {
  const Interface links[] = {link_with({{"2001:db8::1", 64}}), link_with({{"2001:db8:8000::1", 64}})};
  EXPECT_THAT(source_choice_blocks(links, {}), UnorderedElementsAre(RoutePrefix{ip("2001:db8::"), 33},
                                                                    RoutePrefix{ip("2001:db8:8000::"), 33}));
}

TEST(SourceChoice, ALongerPrefixWinsInsideOfAShorterOne) {
  const Interface links[] = {link_with({{"2001:db8::1", 64}, {"2001:db8::3", 128}})};
  EXPECT_THAT(source_choice_blocks(links, {}),
              UnorderedElementsAre(RoutePrefix{ip("2001:db8::"), 127}, RoutePrefix{ip("2001:db8::2"), 127},
                                   RoutePrefix{ip("2001:db8::"), 65}));
}

TEST(SourceChoice, TheSameAddressOnTwoLinksIsOne) {
  const Interface links[] = {link_with({{"fe80::1", 64}}), link_with({{"fe80::1", 64}})};
  EXPECT_THAT(source_choice_blocks(links, {}), IsEmpty());
}

TEST(SourceChoice, LabelsAreEdgesToo) {
  const RoutePrefix unique_local{ip("fc00::"), 7};
  EXPECT_THAT(source_choice_blocks({}, {&unique_local, 1}), UnorderedElementsAre(unique_local));
}

TEST(SourceChoice, TheKernelListsItsLabels) {
  const auto labels = list_address_labels();
  ASSERT_TRUE(labels) << labels.error().text;
  if (labels->empty()) GTEST_SKIP() << "a kernel without IPv6";
  EXPECT_THAT(*labels, Contains(RoutePrefix{ip("::"), 0}));
}

}  // namespace
}  // namespace sonde
