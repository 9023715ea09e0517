// A journal file that something else wrote, or damaged.
#include <span>

#include "engine/sweep/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto plan = sonde::parse_journal_plan(std::as_bytes(std::span(data, size)), size);
  if (!plan) return 0;
  if (plan->steps == 0 || plan->slice_steps == 0 || plan->shard_index > plan->shard_count) __builtin_trap();
  if (plan->ports.size() + plan->targets.size() > size) __builtin_trap();
  return 0;
}
