#include "engine/target/cursor.h"

#include <charconv>
#include <optional>

#include "net/base/check.h"

namespace sonde {
namespace {

constexpr uint32_t kMostShards = 1'000'000;

std::optional<uint32_t> whole_number(std::string_view text) {
  uint32_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<Shard> Shard::parse(std::string_view text) {
  const std::string found = "\"" + std::string(text) + "\": ";
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return usage_error(found + "expected PART/PARTS, such as 2/8");
  const auto index = whole_number(text.substr(0, slash));
  const auto count = whole_number(text.substr(slash + 1));
  if (!index || !count) return usage_error(found + "expected two whole numbers, such as 2/8");
  if (*count < 1 || *count > kMostShards)
    return usage_error(found + "the number of parts must be from 1 to " + std::to_string(kMostShards));
  if (*index < 1 || *index > *count)
    return usage_error(found + "the part must be from 1 to " + std::to_string(*count));
  return Shard{*index, *count};
}

std::string Shard::to_string() const { return std::to_string(index) + "/" + std::to_string(count); }

ShardWalk::ShardWalk(uint64_t size, Shard shard) : first_(shard.index - 1), stride_(shard.count) {
  CHECK(shard.index >= 1 && shard.index <= shard.count);
  steps_ = first_ < size ? (size - first_ - 1) / stride_ + 1 : 0;
}

}  // namespace sonde
