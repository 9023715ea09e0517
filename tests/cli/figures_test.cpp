#include "cli/figures.h"

#include <gtest/gtest.h>

namespace sonde {
namespace {

TEST(Figures, NumbersAreGroupedByThousands) {
  const struct {
    U128 number;
    const char* text;
  } rows[] = {{0, "0"},
              {999, "999"},
              {1000, "1,000"},
              {1234567, "1,234,567"},
              {U128{1} << 64, "18,446,744,073,709,551,616"},
              {~U128{0}, "340,282,366,920,938,463,463,374,607,431,768,211,455"}};
  for (const auto& row : rows) EXPECT_EQ(grouped(row.number), row.text);
}

TEST(Figures, MeasuredNumbersShowWhatMatters) {
  const struct {
    double number;
    const char* text;
  } rows[] = {{0, "0"},      {0.154, "0.15"}, {0.5, "0.5"},     {3, "3"},
              {9.999, "10"}, {12.4, "12"},    {10000, "10,000"}};
  for (const auto& row : rows) EXPECT_EQ(measured(row.number), row.text);
}

TEST(Figures, BytesAndTimesHaveUnits) {
  EXPECT_EQ(in_bytes(0), "0 B");
  EXPECT_EQ(in_bytes(1023), "1023 B");
  EXPECT_EQ(in_bytes(1024), "1 KiB");
  EXPECT_EQ(in_bytes(3 * 1024 * 1024 / 2), "1.5 MiB");
  EXPECT_EQ(in_bytes(uint64_t{1} << 61), "2 EiB");
  const struct {
    double seconds;
    const char* text;
  } rows[] = {{0, "under 1 s"},         {1, "1 s"},
              {119, "119 s"},           {120, "2 min"},
              {250, "4 min 10 s"},      {7200, "2 h"},
              {7259, "2 h 1 min"},      {172800, "2 d"},
              {359999, "4 d 4 h"},      {4e9, "over a century"},
              {1e300, "over a century"}};
  for (const auto& row : rows) EXPECT_EQ(in_time(row.seconds), row.text);
  EXPECT_EQ(in_short_time(std::chrono::milliseconds(250)), "250 ms");
  EXPECT_EQ(in_short_time(std::chrono::seconds(3)), "3 s");
}

TEST(Figures, OneThingIsNotTwo) {
  EXPECT_EQ(counted(1, "address", "addresses"), "1 address");
  EXPECT_EQ(counted(0, "address", "addresses"), "0 addresses");
  EXPECT_EQ(counted(2000, "address", "addresses"), "2,000 addresses");
}

}  // namespace
}  // namespace sonde
