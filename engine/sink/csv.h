#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/sink/output_file.h"
#include "engine/sink/show_filter.h"
#include "engine/sink/sink.h"

namespace sonde {

/// The first line. New columns come after the last one, never between.
inline constexpr std::string_view kCsvHeader =
    "time,addr,port,scope,name,sni,state,reason,rtt_us,rtt_clock,attempts,ttl,service,"
    "window,mss,options,usual_ttl,icmp_type,icmp_code,icmp_from,neighbour,errno,after_accept,follow_up,"
    "banner,revised,repeated\r\n";

/// CSV by RFC 4180: a header line, one line an endpoint, CRLF line ends, fields
/// with commas or quotes in quotes. The columns have the names and values of
/// the JSON fields; a fact that was not seen is an empty field. A SYN-ACK
/// without options has empty `options` beside its `window`. There is no summary.
///
/// Text that others chose (name, sni, service, banner) is escaped so that a
/// record is always one line of valid UTF-8 and harmless to a terminal and to a
/// spreadsheet: `\\` is a backslash, `\n` `\r` `\t` are what they are in C, and
/// `\x` with exactly two hexadecimal digits is any other byte: of a control
/// character, of what is not UTF-8, and the first one of a field that a
/// spreadsheet would take for a formula (= + - @). Nothing is lost: undoing
/// the escapes gives the very bytes.
class Csv final : public Sink {
 public:
  Csv(OutputFile file, ShowFilter show);
  Result<void> begin(OutputNoter noter) override { return file_.begin(std::move(noter)); }
  Result<void> write(std::span<const EndpointRecord> batch) override;
  Result<void> finish(const SummaryRecord& summary) override;

 private:
  Result<void> write_header_once();

  OutputFile file_;
  ShowFilter show_;
  bool header_due_;
  std::string lines_;  // kept, so that its memory is
};

/// Appends the line of one record, with its line end.
void append_csv_line(std::string& out, const EndpointRecord& record);

}  // namespace sonde
