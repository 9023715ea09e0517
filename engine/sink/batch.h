#pragma once

#include <span>
#include <string>

#include "engine/probe/record.h"
#include "engine/sink/output_file.h"
#include "engine/sink/show_filter.h"
#include "net/base/result.h"

namespace sonde {

/// How many bytes of a batch are gathered before they are written: a bound on
/// the memory of a sink that writes lines.
inline constexpr size_t kMostGathered = 1 << 20;

/// Writes the lines of those records that are shown, with one write() for the
/// batch, or one for each kMostGathered bytes. `append_line(out, record)`
/// makes a line; `lines` is where it is made, empty afterwards.
template <typename AppendLine>
Result<void> write_batch(std::span<const EndpointRecord> batch, const ShowFilter& show, OutputFile& file,
                         std::string& lines, AppendLine append_line) {
  Result<void> result;
  for (const EndpointRecord& record : batch) {
    // What was told before must not stand uncorrected.
    if (show.shows(record.outcome.state) || record.revised) append_line(lines, record);
    if (lines.size() < kMostGathered) continue;
    result = file.write(lines);
    lines.clear();
    if (!result) return result;
  }
  result = file.write(lines);
  lines.clear();
  return result;
}

}  // namespace sonde
