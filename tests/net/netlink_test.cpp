#include "net/netlink.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>

#include <cstring>

namespace sonde {
namespace {

std::vector<std::byte> bytes(std::initializer_list<int> numbers) {
  std::vector<std::byte> found;
  for (int number : numbers) found.push_back(static_cast<std::byte>(number));
  return found;
}

// Attributes here are little-endian, as on every machine that the tests run on.
TEST(NetlinkAttributes, AreFoundByTypeAcrossPadding) {
  const auto raw = bytes({5, 0, 1, 0, 'x', 0, 0, 0, 8, 0, 2, 0, 10, 0, 0, 1, 8, 0, 3, 0, 7, 0, 0, 0});
  const NetlinkAttributes attributes(raw);
  EXPECT_EQ(attributes.text(1), "x");
  EXPECT_EQ(attributes.address(2), IpAddress::v4(0x0a000001));
  EXPECT_EQ(attributes.number(3), 7U);
  EXPECT_EQ(attributes.big_endian_number(3), 0x07000000U);
  EXPECT_FALSE(attributes.number(4));
  EXPECT_EQ(attributes.text(4), "");
}

TEST(NetlinkAttributes, NestedOnesAreFoundWithTheirFlagBit) {
  const auto raw = bytes({12, 0, 5, 0x80, 8, 0, 1, 0, 9, 0, 0, 0});
  EXPECT_EQ(NetlinkAttributes(raw).nested(5).number(1), 9U);
  EXPECT_FALSE(NetlinkAttributes(raw).nested(6).number(1));
}

TEST(NetlinkAttributes, MalformedLengthsEndTheListAndNeverOverrun) {
  for (const auto& raw : {bytes({}), bytes({1}), bytes({0, 0, 1, 0}), bytes({3, 0, 1, 0}),
                          bytes({9, 0, 1, 0, 1, 2, 3, 4}), bytes({255, 255, 1, 0, 1, 2, 3, 4})}) {
    EXPECT_FALSE(NetlinkAttributes(raw).find(1));
    EXPECT_FALSE(NetlinkAttributes(raw).find(2));
  }
}

TEST(NetlinkAttributes, APayloadOfTheWrongSizeIsNoValue) {
  const auto raw = bytes({6, 0, 1, 0, 1, 2, 0, 0});
  EXPECT_TRUE(NetlinkAttributes(raw).find(1));
  EXPECT_FALSE(NetlinkAttributes(raw).number(1));
  EXPECT_FALSE(NetlinkAttributes(raw).big_endian_number(1));
  EXPECT_FALSE(NetlinkAttributes(raw).address(1));
}

TEST(NetlinkRequest, IsLaidOutAsTheKernelReadsIt) {
  struct {
    uint16_t field = 0x1234;
  } header;
  NetlinkRequest request(77, header, true);
  request.attribute(1, uint8_t{6});
  request.attribute(2, IpAddress::v4(0x0a000001));
  request.attribute(3, *IpAddress::parse("2001:db8::1"));
  const std::vector<std::byte> message = request.finished(9);
  nlmsghdr head{};
  std::memcpy(&head, message.data(), sizeof(head));
  EXPECT_EQ(head.nlmsg_len, message.size());
  EXPECT_EQ(head.nlmsg_type, 77);
  EXPECT_EQ(head.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
  EXPECT_EQ(head.nlmsg_seq, 9U);
  EXPECT_EQ(message.size(), 16U + 4 + 8 + 8 + 20);
  const NetlinkAttributes attributes(std::span<const std::byte>(message).subspan(20));
  EXPECT_EQ(attributes.find(1)->size(), 1U);
  EXPECT_EQ(attributes.address(2), IpAddress::v4(0x0a000001));
  EXPECT_EQ(attributes.address(3), IpAddress::parse("2001:db8::1"));
}

}  // namespace
}  // namespace sonde
