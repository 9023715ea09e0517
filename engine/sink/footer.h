#pragma once

#include <cstdint>
#include <string>

#include "engine/probe/record.h"
#include "engine/sink/show_filter.h"

namespace sonde {

/// What a table shows of a sweep.
struct TableExtent {
  ShowFilter show;
  uint64_t rows = 0;      ///< in the table
  uint64_t left_out = 0;  ///< not in it, because it was full
};

/// The lines under a table, in plain words: the counts, what the table does not
/// show, and whatever makes the result less than complete. The notes of the
/// summary are made harmless to a terminal.
std::string footer(const SummaryRecord& summary, const TableExtent& extent);

/// "65,321".
std::string with_thousands(uint64_t number);

}  // namespace sonde
