#include <gtest/gtest.h>

#include "net/packet/packet_reader.h"
#include "tests/net/packet/packet_builder.h"

namespace sonde {
namespace {

using packets::Bytes;
using packets::bytes;

TEST(TcpOptions, ValuesOfALinuxSynAck) {
  const TcpOptions options = read_tcp_options(packets::linux_options(0xfffffffe, 77));
  EXPECT_EQ(options.order, "MSTNW");
  EXPECT_EQ(options.mss, 1460);
  EXPECT_EQ(options.window_scale, 7);
  EXPECT_EQ(options.timestamp_value, 0xfffffffeu);
  EXPECT_EQ(options.timestamp_echo, 77u);
  EXPECT_FALSE(options.malformed);
}

TEST(TcpOptions, OrderInLetters) {
  struct Row {
    const char* name;
    Bytes options;
    const char* order;
    bool malformed = false;
  };
  const Row rows[] = {
      {"none", {}, ""},
      {"MSS alone", bytes({2, 4, 5, 0xb4}), "M"},
      {"Windows", bytes({2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2}), "MNWNNS"},
      {"what stands behind the end is not read", bytes({2, 4, 5, 0xb4, 0, 3, 3, 8}), "ME"},
      {"unknown kinds", bytes({34, 2, 253, 6, 1, 2, 3, 4, 1}), "??N"},
      {"length 0", bytes({2, 4, 5, 0xb4, 5, 0, 1, 1}), "M", true},
      {"length 1", bytes({1, 5, 1, 1}), "N", true},
      {"no length", bytes({1, 2}), "N", true},
      {"longer than what is there", bytes({1, 2, 4, 5}), "N", true},
      {"an MSS of another length", bytes({4, 2, 2, 3, 5}), "S", true},
      {"a window scale of another length", bytes({3, 4, 7, 0}), "", true},
      {"timestamps of another length", bytes({8, 6, 0, 0, 0, 1}), "", true},
      {"SACK permitted of another length", bytes({4, 3, 0}), "", true},
  };
  for (const Row& row : rows) {
    const TcpOptions options = read_tcp_options(row.options);
    EXPECT_EQ(options.order, row.order) << row.name;
    EXPECT_EQ(options.malformed, row.malformed) << row.name;
  }
}

TEST(TcpOptions, AtMostFortyLetters) {
  EXPECT_EQ(read_tcp_options(Bytes(40, std::byte{1})).order, std::string(40, 'N'));
  EXPECT_EQ(read_tcp_options(Bytes(1000, std::byte{1})).order, std::string(40, 'N'));
}

TEST(TcpOptions, AbsentFactsAreAbsent) {
  const TcpOptions options = read_tcp_options(bytes({1, 1, 4, 2}));
  EXPECT_FALSE(options.mss || options.window_scale || options.timestamp_value || options.timestamp_echo);
}

}  // namespace
}  // namespace sonde
