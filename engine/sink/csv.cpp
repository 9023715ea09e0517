#include "engine/sink/csv.h"

#include <optional>
#include <utility>

#include "engine/sink/batch.h"
#include "engine/sink/fields.h"
#include "engine/sink/utf8.h"

namespace sonde {
namespace {

void append_byte_escape(std::string& out, char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\x";
  out += kDigits[static_cast<unsigned char>(byte) >> 4];
  out += kDigits[static_cast<unsigned char>(byte) & 15];
}

/// One byte, or one code point, that cannot stand as it is.
void append_escape(std::string& out, std::string_view bytes) {
  switch (bytes.front()) {
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  for (const char byte : bytes) append_byte_escape(out, byte);
}

/// The text in quotes, so that it is right whatever stands in it.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  if (std::string_view("=+-@").find(text.front()) != std::string_view::npos) {
    append_byte_escape(out, text.front());
    text.remove_prefix(1);
  }
  while (!text.empty()) {
    const CodePoint code_point = first_code_point(text).value_or(CodePoint{0, 1});
    const std::string_view bytes = text.substr(0, code_point.length);
    if (code_point.value == '\\' || is_hidden(code_point.value)) {
      append_escape(out, bytes);
    } else {
      out += bytes;
      if (code_point.value == '"') out += '"';
    }
    text.remove_prefix(code_point.length);
  }
  out += '"';
}

bool is_plain(std::string_view text) {
  for (const char c : text) {
    const bool letter_or_digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter_or_digit && c != '.' && c != '_' && c != ' ' && c != '/') return false;
  }
  return true;
}

void append_text(std::string& out, std::string_view text) {
  if (is_plain(text)) {
    out += text;
  } else {
    append_quoted(out, text);
  }
}

void append_endpoint(std::string& out, const Endpoint& endpoint) {
  append_address(out, endpoint.address);
  out += ',';
  append_number(out, endpoint.port);
  out += ',';
  if (endpoint.scope != 0) append_number(out, endpoint.scope);
}

void append_rtt(std::string& out, const EndpointRecord& record) {
  if (record.rtt) append_microseconds(out, *record.rtt);
  out += ',';
  if (record.rtt) out += to_string(record.rtt_clock);
}

/// Window, MSS and options; the TTL has its column elsewhere.
void append_segment(std::string& out, const std::optional<SegmentEvidence>& segment) {
  if (segment) append_number(out, segment->window);
  out += ',';
  if (segment && segment->mss) append_number(out, *segment->mss);
  out += ',';
  if (segment) append_text(out, segment->options);
}

void append_icmp(std::string& out, const std::optional<IcmpEvidence>& icmp) {
  if (icmp) append_number(out, icmp->type);
  out += ',';
  if (icmp) append_number(out, icmp->code);
  out += ',';
  if (icmp && icmp->sender != IpAddress()) append_address(out, icmp->sender);
}

void append_evidence(std::string& out, const EndpointRecord& record) {
  append_segment(out, record.segment);
  out += ',';
  if (record.usual_ttl) append_number(out, *record.usual_ttl);
  out += ',';
  append_icmp(out, record.icmp);
  out += record.neighbour_unresolved ? ",unresolved," : ",,";
  if (record.local_errno != 0) append_errno_name(out, record.local_errno);
  out += ',';
  out += to_string(record.after_accept);
  out += ',';
  if (record.follow_up) out += to_string(*record.follow_up);
}

}  // namespace

void append_csv_line(std::string& out, const EndpointRecord& record) {
  append_time(out, record.time);
  out += ',';
  append_endpoint(out, record.endpoint);
  out += ',';
  append_text(out, record.name);
  out += ',';
  append_text(out, record.sni);
  out += ',';
  out += to_string(record.outcome.state);
  out += ',';
  out += to_string(record.outcome.reason);
  out += ',';
  append_rtt(out, record);
  out += ',';
  append_number(out, record.attempts);
  out += ',';
  if (record.segment) append_number(out, record.segment->ttl);
  out += ',';
  append_text(out, record.service);
  out += ',';
  append_evidence(out, record);
  out += ',';
  append_text(out, record.banner);
  out += record.revised ? ",true" : ",";
  out += record.repeated ? ",true\r\n" : ",\r\n";
}

Csv::Csv(OutputFile file, ShowFilter show)
    : file_(std::move(file)), show_(show), header_due_(!file_.continues()) {}

Result<void> Csv::write_header_once() {
  if (!header_due_) return {};
  auto written = file_.write(kCsvHeader);
  header_due_ = !written;  // after a failure, the next batch tries again
  return written;
}

Result<void> Csv::write(std::span<const EndpointRecord> batch) {
  if (auto written = write_header_once(); !written) return written;
  return write_batch(batch, show_, file_, lines_, append_csv_line);
}

Result<void> Csv::finish(const SummaryRecord&) {
  auto written = write_header_once();
  auto closed = file_.close();
  return written ? closed : written;
}

}  // namespace sonde
