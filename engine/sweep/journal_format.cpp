#include "engine/sweep/journal_format.h"

#include <cstring>
#include <string_view>

namespace sonde {
namespace {

constexpr char kMagic[8] = {'S', 'O', 'N', 'D', 'E', 'J', '0', '2'};
constexpr uint64_t kMostText = uint64_t{1} << 36;

std::string join_args(const std::vector<std::string>& args) {
  std::string joined;
  for (const std::string& arg : args) joined.append(arg).push_back('\0');
  return joined;
}

std::vector<std::string> split_args(std::string_view joined) {
  std::vector<std::string> args;
  while (!joined.empty()) {
    const size_t end = std::min(joined.find('\0'), joined.size());
    args.emplace_back(joined.substr(0, end));
    joined.remove_prefix(std::min(end + 1, joined.size()));
  }
  return args;
}

tl::unexpected<Error> damaged(const std::string& how) { return tl::unexpected<Error>(damaged_journal(how)); }

Result<void> check_magic(std::string_view head) {
  if (head.starts_with(std::string_view(kMagic, sizeof kMagic))) return {};
  if (head.size() >= sizeof kMagic && head.starts_with(std::string_view(kMagic, 6)))
    return usage_error("was written by another version of sonde: go on with that one, or sweep anew");
  return usage_error("is not a journal of sonde: name the file that --journal made");
}

Result<void> check_header(const JournalHeader& header, uint64_t file_bytes) {
  const bool sane = header.steps > 0 && header.slice_steps > 0 && header.shard_index >= 1 &&
                    header.shard_index <= header.shard_count && header.args_bytes <= kMostText &&
                    header.ports_bytes <= kMostText && header.shortfall_bytes <= kMostText &&
                    header.targets_bytes <= kMostText && header.steps <= uint64_t{1} << 63;
  if (!sane) return damaged("its header makes no sense");
  const uint64_t wanted = JournalLayout(header).file_bytes;
  if (file_bytes == wanted) return {};
  return damaged("it has " + std::to_string(file_bytes) + " bytes instead of " + std::to_string(wanted));
}

}  // namespace

JournalHeader header_of(const JournalPlan& plan) {
  JournalHeader header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.digest = plan.digest;
  header.seed = plan.seed;
  header.steps = plan.steps;
  header.slice_steps = plan.slice_steps;
  header.shard_index = plan.shard_index;
  header.shard_count = plan.shard_count;
  header.args_bytes = join_args(plan.args).size();
  header.ports_bytes = plan.ports.size();
  header.shortfall_bytes = plan.shortfall.size();
  header.targets_bytes = plan.targets.size();
  return header;
}

uint64_t checksum_of_plan(const std::byte* file, const JournalHeader& header) {
  const auto* bytes = reinterpret_cast<const char*>(file);
  std::string page(bytes, kPage);
  std::memset(page.data() + offsetof(JournalHeader, checksum), 0, sizeof header.checksum);
  return checksum_of({bytes + kTextAt, text_bytes(header)}, checksum_of(page));
}

std::string text_of(const JournalPlan& plan) {
  return join_args(plan.args) + plan.ports + plan.shortfall + plan.targets;
}

Error damaged_journal(const std::string& how) {
  return {ErrorKind::usage,
          "is damaged: " + how + "; take an undamaged copy of it, or sweep anew with another --journal"};
}

Result<JournalPlan> parse_journal_plan(std::span<const std::byte> head, uint64_t file_bytes) {
  const auto* bytes = reinterpret_cast<const char*>(head.data());
  if (const Result<void> ours = check_magic({bytes, head.size()}); !ours) return tl::unexpected(ours.error());
  JournalHeader header;
  if (head.size() < sizeof header || file_bytes < head.size())
    return damaged("it has only " + std::to_string(head.size()) + " bytes");
  std::memcpy(&header, head.data(), sizeof header);
  if (const Result<void> sound = check_header(header, file_bytes); !sound)
    return tl::unexpected(sound.error());
  if (head.size() < kTextAt + text_bytes(header)) return damaged("its texts are cut short");
  if (checksum_of_plan(head.data(), header) != header.checksum) return damaged("its checksum is wrong");
  std::string_view text(bytes + kTextAt, text_bytes(header));
  const auto take = [&text](uint64_t length) {
    const std::string_view taken = text.substr(0, length);
    text.remove_prefix(length);
    return taken;
  };
  JournalPlan plan;
  plan.args = split_args(take(header.args_bytes));
  plan.ports = take(header.ports_bytes);
  plan.shortfall = take(header.shortfall_bytes);
  plan.targets = text;
  plan.digest = header.digest;
  plan.seed = header.seed;
  plan.shard_index = header.shard_index;
  plan.shard_count = header.shard_count;
  plan.steps = header.steps;
  plan.slice_steps = header.slice_steps;
  return plan;
}

}  // namespace sonde
