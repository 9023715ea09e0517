#include "engine/target/ports.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <set>

#include "engine/target/services.h"
#include "engine/target/top_ports.h"

namespace sonde {
namespace {

struct Row {
  const char* text;
  const char* canonical;
};

constexpr Row kGood[] = {
    {"22", "22"},
    {"22,80,8000-8100", "22,80,8000-8100"},
    {"8080,80,22", "22,80,8080"},
    {"80,80,79-81", "79-81"},
    {"-", "1-65535"},
    {"-1023", "1-1023"},
    {"60000-", "60000-65535"},
    {"65535", "65535"},
    {"https,postgres", "443,5432"},
    {"HTTPS", "443"},
    {"ssh,22,http", "22,80"},
    {"kube-apiserver,443", "443,6443"},
    {"redis-cluster", "6379-6384"},
};

TEST(PortSet, ReadsWhatUsersWrite) {
  for (const Row& row : kGood) {
    const auto ports = PortSet::parse(row.text);
    ASSERT_TRUE(ports.has_value()) << row.text << ": " << ports.error().text;
    EXPECT_EQ(ports->to_string(), row.canonical) << row.text;
    EXPECT_EQ(PortSet::parse(ports->to_string()).value(), *ports) << row.text;
  }
}

TEST(PortSet, RefusesWhatIsNoPort) {
  for (const char* text : {"", ",", "22,", "0", "65536", "80-79", "0-5", "80-70000", "22 80", "nosuchservice",
                           "1-2-3", "--", "+80", "0x50", "99999999999999999999"})
    EXPECT_FALSE(PortSet::parse(text).has_value()) << text;
}

TEST(PortSet, ErrorsNameTheElement) {
  EXPECT_EQ(PortSet::parse("22,htps").error().text,
            "found \"htps\": expected a port from 1 to 65535, a range such as 8000-8100, -1023 or "
            "60000-, or a "
            "service name");
  EXPECT_EQ(PortSet::parse("90-80").error().text, "found \"90-80\": the range ends below its start");
}

TEST(PortSet, AllPortsNamedManyTimesAreStillAllPorts) {
  std::string text = "-";
  for (int i = 0; i < 1000; ++i) text += ",-";
  EXPECT_EQ(PortSet::parse(text).value().size(), 65535u);
}

TEST(PortSet, NthAndContainsAgree) {
  const PortSet ports = PortSet::parse("22,80,443,8000-8003").value();
  for (size_t i = 0; i < ports.size(); ++i) EXPECT_TRUE(ports.contains(ports.nth(i)));
  EXPECT_FALSE(ports.contains(23));
  EXPECT_FALSE(ports.contains(8004));
}

TEST(TopPorts, EachPortOnceAndMoreThanAThousand) {
  const auto order = top_ports_order();
  EXPECT_GE(order.size(), 1000u);
  EXPECT_EQ(std::set<uint16_t>(order.begin(), order.end()).size(), order.size());
  EXPECT_EQ(std::count(order.begin(), order.end(), uint16_t{0}), 0);
}

TEST(TopPorts, GivesAsManyAsAskedAndTheImportantOnesFirst) {
  for (uint64_t count : {1u, 10u, 100u, 1000u}) EXPECT_EQ(PortSet::top(count).value().size(), count);
  const PortSet hundred = PortSet::top(100).value();
  for (const char* service : {"ssh", "http", "https", "mysql", "postgres", "redis", "smtp", "mongodb"})
    EXPECT_TRUE(hundred.contains(service_ports(service).front())) << service;
}

TEST(TopPorts, RefusesMoreThanTheListHas) {
  const size_t length = top_ports_order().size();
  EXPECT_TRUE(PortSet::top(length).has_value());
  const auto refused = PortSet::top(length + 1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().text.find("from 1 to " + std::to_string(length)), std::string::npos);
  EXPECT_FALSE(PortSet::top(0).has_value());
}

}  // namespace
}  // namespace sonde
