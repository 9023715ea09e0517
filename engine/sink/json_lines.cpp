#include "engine/sink/json_lines.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/sink/batch.h"
#include "engine/sink/fields.h"
#include "engine/sink/json_summary.h"
#include "engine/sink/utf8.h"

namespace sonde {
namespace {

bool is_plain(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

/// A JSON string. Most texts are plain and copied; the library escapes the rest.
void append_string(std::string& out, std::string_view text) {
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    out += '"';
    out += text;
    out += '"';
    return;
  }
  const bool as_ascii = has_hidden(text);
  out += nlohmann::json(text).dump(-1, ' ', as_ascii, nlohmann::json::error_handler_t::replace);
}

/// `,"name":`, then the value is appended by the caller.
std::string& key(std::string& out, std::string_view name) {
  out += ",\"";
  out += name;
  return out += "\":";
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  if (!text.empty()) append_string(key(out, name), text);
}

void append_word(std::string& out, std::string_view name, std::string_view word) {
  key(out, name) += '"';
  out += word;
  out += '"';
}

void append_endpoint(std::string& out, const Endpoint& endpoint) {
  key(out, "addr") += '"';
  append_address(out, endpoint.address);
  out += '"';
  append_number(key(out, "port"), endpoint.port);
  if (endpoint.scope != 0) append_number(key(out, "scope"), endpoint.scope);
}

void append_icmp(std::string& out, const IcmpEvidence& icmp) {
  key(out, "icmp") += "{\"type\":";
  append_number(out, icmp.type);
  append_number(key(out, "code"), icmp.code);
  if (icmp.sender != IpAddress()) {
    key(out, "from") += '"';
    append_address(out, icmp.sender);
    out += '"';
  }
  out += '}';
}

/// The TTL stands beside the attempts, not here. That a SYN-ACK had no options
/// is a fact; that a RST had none goes without saying.
void append_segment(std::string& out, const SegmentEvidence& segment, State state) {
  append_number(key(out, "window"), segment.window);
  if (segment.mss) append_number(key(out, "mss"), *segment.mss);
  if (!segment.options.empty() || state == State::open) append_string(key(out, "options"), segment.options);
}

void append_evidence(std::string& out, const EndpointRecord& record) {
  const size_t before = out.size();
  if (record.segment) append_segment(out, *record.segment, record.outcome.state);
  if (record.usual_ttl) append_number(key(out, "usual_ttl"), *record.usual_ttl);
  if (record.icmp) append_icmp(out, *record.icmp);
  if (record.neighbour_unresolved) append_word(out, "neighbour", "unresolved");
  if (record.local_errno != 0) {
    key(out, "errno") += '"';
    append_errno_name(out, record.local_errno);
    out += '"';
  }
  if (record.after_accept != AfterAccept::nothing)
    append_word(out, "after_accept", to_string(record.after_accept));
  if (record.follow_up) append_word(out, "follow_up", to_string(*record.follow_up));
  if (out.size() == before) return;
  out.replace(before, 1, R"(,"evidence":{)");  // in place of the first comma
  out += '}';
}

void append_rtt(std::string& out, const EndpointRecord& record) {
  if (!record.rtt) return;
  append_microseconds(key(out, "rtt_us"), *record.rtt);
  append_word(out, "rtt_clock", to_string(record.rtt_clock));
}

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

void append_banner(std::string& out, std::string_view banner) {
  append_text(out, "banner", banner);
  if (is_utf8(banner)) return;
  key(out, "banner_hex") += '"';
  append_hex(out, banner);
  out += '"';
}

}  // namespace

void append_json_line(std::string& out, const EndpointRecord& record) {
  out += R"({"type":"endpoint","time":")";
  append_time(out, record.time);
  out += '"';
  append_endpoint(out, record.endpoint);
  append_text(out, "name", record.name);
  append_text(out, "sni", record.sni);
  append_word(out, "state", to_string(record.outcome.state));
  append_word(out, "reason", to_string(record.outcome.reason));
  append_rtt(out, record);
  append_number(key(out, "attempts"), record.attempts);
  if (record.segment) append_number(key(out, "ttl"), record.segment->ttl);
  append_text(out, "service", record.service);
  append_evidence(out, record);
  append_banner(out, record.banner);
  if (record.revised) key(out, "revised") += "true";
  if (record.repeated) key(out, "repeated") += "true";
  out += "}\n";
}

JsonLines::JsonLines(OutputFile file, ShowFilter show) : file_(std::move(file)), show_(show) {}

Result<void> JsonLines::write(std::span<const EndpointRecord> batch) {
  return write_batch(batch, show_, file_, lines_,
                     [](std::string& out, const EndpointRecord& record) { append_json_line(out, record); });
}

Result<void> JsonLines::finish(const SummaryRecord& summary) {
  lines_.clear();
  append_json_line(lines_, summary);
  auto written = file_.write(lines_);
  auto closed = file_.close();
  return written ? closed : written;
}

}  // namespace sonde
