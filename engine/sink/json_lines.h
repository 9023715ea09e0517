#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/sink/output_file.h"
#include "engine/sink/show_filter.h"
#include "engine/sink/sink.h"

namespace sonde {

/// How every line of ours begins: what a file to be continued is known by.
inline constexpr std::string_view kJsonLinesStart = R"({"type":")";

/// JSON Lines: one object an endpoint, then one summary, as schema.json in this
/// folder describes them. Facts that were not seen are left out.
///
/// Always valid UTF-8. A banner may be any bytes: `banner` is its text with
/// U+FFFD for what is not UTF-8, and when that lost something, `banner_hex` has
/// the very bytes. Other text (names, arguments, notes) has U+FFFD only.
/// Characters that could drive a terminal are escaped (\u009b), so that a file
/// can be looked at with cat.
///
/// An endpoint has one line, or, when better evidence came later (a SYN-ACK
/// after a RST), one more with `revised`: the last one counts.
/// A resumed file has the summary line of each run that ended; the last one
/// counts.
class JsonLines final : public Sink {
 public:
  JsonLines(OutputFile file, ShowFilter show);
  Result<void> begin(OutputNoter noter) override { return file_.begin(std::move(noter)); }
  Result<void> write(std::span<const EndpointRecord> batch) override;
  Result<void> finish(const SummaryRecord& summary) override;

 private:
  OutputFile file_;
  ShowFilter show_;
  std::string lines_;  // kept, so that its memory is
};

/// Appends the line of one record, with its line end.
void append_json_line(std::string& out, const EndpointRecord& record);

}  // namespace sonde
