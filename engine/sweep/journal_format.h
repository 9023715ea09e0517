#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/sweep/journal.h"
#include "engine/sweep/ledger.h"

namespace sonde {

// The bytes of a journal file, shared by those who write and read them.
//
// The file: this header, the state, the pending steps, those carried over from
// earlier interruptions, the outputs, the texts, the ledger; each part begins
// on a page. Header page and texts never change, and have a checksum. Numbers in
// the machine's own byte order: a journal is resumed where it was made.

inline constexpr uint64_t kPage = 4096;

struct JournalHeader {
  char magic[8];
  uint64_t checksum;  // of the header's page, with 0 in its place, and the texts
  uint64_t digest;
  uint64_t seed;
  uint64_t steps;
  uint64_t slice_steps;
  uint32_t shard_index;
  uint32_t shard_count;
  uint64_t args_bytes;  // each argument ends in NUL
  uint64_t ports_bytes;
  uint64_t shortfall_bytes;
  uint64_t targets_bytes;
};

inline constexpr uint64_t kStateAt = kPage;
inline constexpr uint64_t kPendingAt = 2 * kPage;
inline constexpr uint64_t kCarriedAt = kPendingAt + Journal::kMostPending * sizeof(uint64_t);
inline constexpr uint64_t kOutputsAt = kCarriedAt + Journal::kMostCarried * sizeof(uint64_t);
inline constexpr uint64_t kTextAt = kOutputsAt + Journal::kMostOutputs * kPage;

constexpr uint64_t whole_pages(uint64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

constexpr uint64_t text_bytes(const JournalHeader& header) {
  return header.args_bytes + header.ports_bytes + header.shortfall_bytes + header.targets_bytes;
}

/// Where the ledger begins, and how large all of it is.
struct JournalLayout {
  explicit JournalLayout(const JournalHeader& header)
      : ledger_at(whole_pages(kTextAt + text_bytes(header))),
        ledger_words(Ledger::words_for(std::min(header.steps, header.slice_steps))),
        file_bytes(ledger_at + whole_pages(ledger_words * sizeof(uint64_t))) {}
  uint64_t ledger_at, ledger_words, file_bytes;
};

/// The header of a plan, without its checksum.
JournalHeader header_of(const JournalPlan& plan);
/// The texts of a plan, as they stand in the file from kTextAt on.
std::string text_of(const JournalPlan& plan);
/// The checksum that belongs into the header. `file` holds header page and texts.
uint64_t checksum_of_plan(const std::byte* file, const JournalHeader& header);

/// "is damaged: …", with the remedy; without the file's name.
Error damaged_journal(const std::string& how);

}  // namespace sonde
