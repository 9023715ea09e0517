#include "net/address.h"

#include <gtest/gtest.h>

#include "net/socket_address.h"

namespace sonde {
namespace {

struct TextRow {
  const char* text;
  const char* canonical;  // nullptr: not an address
};

TEST(IpAddress, TextForms) {
  const TextRow rows[] = {
      {"10.0.0.1", "10.0.0.1"},
      {"255.255.255.255", "255.255.255.255"},
      {"2001:db8:0:0:0:0:0:1", "2001:db8::1"},
      {"::", "::"},
      {"::ffff:10.1.2.3", "10.1.2.3"},
      {"FE80::A", "fe80::a"},
      {"010.0.0.1", nullptr},
      {"10.0.0", nullptr},
      {"10.0.0.1.", nullptr},
      {"10.0.0.256", nullptr},
      {"[::1]", nullptr},
      {"fe80::1%eth0", nullptr},
      {"", nullptr},
      {"1:2:3:4:5:6:7:8:9", nullptr},
      {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", nullptr},
  };
  for (const TextRow& row : rows) {
    const std::optional<IpAddress> address = IpAddress::parse(row.text);
    EXPECT_EQ(address.has_value(), row.canonical != nullptr) << row.text;
    if (address && row.canonical) {
      EXPECT_EQ(address->to_string(), row.canonical);
    }
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("10.0.0.1\0", 9)));
}

TEST(IpAddress, Ipv4SortsInItsOwnRange) {
  EXPECT_TRUE(IpAddress::parse("10.0.0.1")->is_v4());
  EXPECT_FALSE(IpAddress::parse("2001:db8::1")->is_v4());
  EXPECT_LT(*IpAddress::parse("10.0.0.9"), *IpAddress::parse("10.0.0.10"));
  EXPECT_TRUE(IpAddress::parse("febf::1")->is_link_local_v6());
  EXPECT_FALSE(IpAddress::parse("fec0::1")->is_link_local_v6());
}

TEST(Endpoint, TextAndSocketAddressAgree) {
  for (const char* text : {"10.1.2.3", "2001:db8::7", "fe80::1"}) {
    const Endpoint endpoint{*IpAddress::parse(text), 8443, std::string(text) == "fe80::1" ? 3u : 0u};
    const SocketAddress socket_address(endpoint);
    EXPECT_EQ(endpoint_of(socket_address.v6), endpoint) << text;
  }
  EXPECT_EQ((Endpoint{*IpAddress::parse("10.1.2.3"), 80}).to_string(), "10.1.2.3:80");
  EXPECT_EQ((Endpoint{*IpAddress::parse("2001:db8::7"), 80}).to_string(), "[2001:db8::7]:80");
}

}  // namespace
}  // namespace sonde
