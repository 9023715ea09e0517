#include "engine/target/cursor.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <limits>
#include <vector>

namespace sonde {
namespace {

TEST(Shard, ReadsPartOfParts) {
  EXPECT_EQ(Shard::parse("2/8").value(), (Shard{2, 8}));
  EXPECT_EQ(Shard::parse("1/1").value(), (Shard{1, 1}));
  EXPECT_EQ(Shard::parse("8/8").value().to_string(), "8/8");
  EXPECT_TRUE(Shard().whole());
  EXPECT_FALSE(Shard::parse("1/2").value().whole());
}

TEST(Shard, RefusesOtherTexts) {
  for (const char* text :
       {"", "/", "2", "0/8", "9/8", "1/0", "-1/8", "1/8/2", "a/b", "1 /2", "1/99999999999", "1/1000001"})
    EXPECT_FALSE(Shard::parse(text).has_value()) << text;
  EXPECT_EQ(Shard::parse("9/8").error().text, "\"9/8\": the part must be from 1 to 8");
}

TEST(ShardWalk, ShardsAreDisjointAndTogetherComplete) {
  for (uint64_t size : {1u, 2u, 7u, 8u, 9u, 1000u})
    for (uint32_t count : {1u, 2u, 3u, 8u, 16u}) {
      std::vector<int> walked(size, 0);
      for (uint32_t index = 1; index <= count; ++index) {
        const ShardWalk walk(size, {index, count});
        for (uint64_t step = 0; step < walk.steps(); ++step) {
          ASSERT_LT(walk.position(step), size);
          EXPECT_TRUE(walk.contains(walk.position(step)));
          EXPECT_EQ(walk.step_of(walk.position(step)), step);
          ++walked[walk.position(step)];
        }
      }
      EXPECT_EQ(walked, std::vector<int>(size, 1)) << size << " in " << count;
    }
}

TEST(ShardWalk, HoldsForTheLargestSweep) {
  const uint64_t size = uint64_t{1} << 63;
  uint64_t steps = 0;
  for (uint32_t index = 1; index <= 3; ++index) {
    const ShardWalk walk(size, {index, 3});
    steps += walk.steps();
    EXPECT_LT(walk.position(walk.steps() - 1), size);
  }
  EXPECT_EQ(steps, size);
}

}  // namespace
}  // namespace sonde
