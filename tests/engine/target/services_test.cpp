#include "engine/target/services.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sonde {
namespace {

struct Row {
  const char* name;
  uint16_t port;
};

// The services that a monitor of infrastructure has to know by name.
constexpr Row kKnown[] = {
    {"postgresql", 5432},
    {"postgres", 5432},
    {"mysql", 3306},
    {"mariadb", 3306},
    {"mongodb", 27017},
    {"mongo", 27017},
    {"oracle", 1521},
    {"mssql", 1433},
    {"redis", 6379},
    {"memcached", 11211},
    {"smtp", 25},
    {"submission", 587},
    {"smtps", 465},
    {"imap", 143},
    {"imaps", 993},
    {"pop3", 110},
    {"pop3s", 995},
    {"elasticsearch", 9200},
    {"opensearch", 9200},
    {"solr", 8983},
    {"rabbitmq", 5672},
    {"amqp", 5672},
    {"kafka", 9092},
    {"nats", 4222},
    {"ssh", 22},
    {"dns", 53},
    {"domain", 53},
    {"vnc", 5900},
    {"rdp", 3389},
    {"ldap", 389},
    {"ldaps", 636},
    {"grpc", 50051},
    {"etcd", 2379},
    {"zookeeper", 2181},
    {"consul", 8500},
    {"vault", 8200},
    {"prometheus", 9090},
    {"node-exporter", 9100},
    {"kube-apiserver", 6443},
    {"https", 443},
};

TEST(Services, NamesLeadToPorts) {
  for (const Row& row : kKnown) {
    const auto ports = service_ports(row.name);
    EXPECT_NE(std::find(ports.begin(), ports.end(), row.port), ports.end()) << row.name;
  }
}

TEST(Services, PortsLeadToNamesAndBack) {
  int known = 0;
  for (uint32_t port = 1; port <= 65535; ++port) {
    const auto name = service_name(static_cast<uint16_t>(port));
    if (name.empty()) continue;
    ++known;
    const auto ports = service_ports(name);
    EXPECT_NE(std::find(ports.begin(), ports.end(), port), ports.end()) << name;
  }
  EXPECT_GE(known, 150);
}

TEST(Services, TheRegisteredNameIsShown) {
  EXPECT_EQ(service_name(5432), "postgresql");
  EXPECT_EQ(service_name(443), "https");
  EXPECT_EQ(service_name(3389), "ms-wbt-server");
  EXPECT_EQ(service_name(6384), "redis-cluster");
  EXPECT_EQ(service_name(4), "");
  EXPECT_TRUE(service_ports("no-such-service").empty());
  EXPECT_TRUE(service_ports("").empty());
}

}  // namespace
}  // namespace sonde
