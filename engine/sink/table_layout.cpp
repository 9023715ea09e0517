#include "engine/sink/table_layout.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "engine/sink/fields.h"
#include "engine/sink/footer.h"

namespace sonde {
namespace {

constexpr size_t kMostNames = 4;

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";

std::string_view colour_of(State state) {
  switch (state) {
    case State::open: return "\x1b[32m";
    case State::closed: return "\x1b[31m";
    case State::filtered: return "\x1b[33m";
    case State::error: return "\x1b[1;35m";
  }
  return {};
}

void append_left(std::string& out, std::string_view cell, size_t width) {
  out += cell;
  out.append(width - std::min(width, cell.size()) + 2, ' ');
}

void append_right(std::string& out, std::string_view cell, size_t width) {
  out.append(width - std::min(width, cell.size()), ' ');
  out += cell;
  out += "  ";
}

void end_line(std::string& out) {
  out.erase(out.find_last_not_of(' ') + 1);
  out += '\n';
}

void append_row(std::string& out, const TableRow& row, const TableWidths& widths, bool several_names,
                bool colour) {
  append_right(out, std::to_string(row.endpoint.port), 7);
  if (colour) out += colour_of(row.outcome.state);
  append_left(out, to_string(row.outcome.state), widths.state);
  if (colour) out += kPlain;
  append_left(out, to_string(row.outcome.reason), widths.reason);
  append_right(out, row.rtt, widths.rtt);
  append_left(out, row.service, widths.service);
  std::string info;
  if (several_names) append_fact(info, row.name);
  if (!row.sni.empty()) append_fact(info, "sni " + row.sni);
  append_fact(info, row.info);
  out += info;
  end_line(out);
}

std::string names_text(const std::set<std::string_view>& names) {
  std::string text;
  size_t told = 0;
  for (const std::string_view name : names) {
    if (told++ == kMostNames) return text + ", and " + with_thousands(names.size() - kMostNames) + " more";
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace

TableWidths widths_of(std::span<const TableRow> rows) {
  TableWidths widths;
  for (const TableRow& row : rows) {
    widths.state = std::max(widths.state, to_string(row.outcome.state).size());
    widths.reason = std::max(widths.reason, to_string(row.outcome.reason).size());
    widths.rtt = std::max(widths.rtt, row.rtt.size());
    widths.service = std::max(widths.service, row.service.size());
  }
  return widths;
}

void append_heading(std::string& out, const TableWidths& widths) {
  out += "   PORT  ";
  append_left(out, "STATE", widths.state);
  append_left(out, "REASON", widths.reason);
  append_right(out, "RTT", widths.rtt);
  append_left(out, "SERVICE", widths.service);
  out += "INFO\n";
}

void append_host(std::string& out, std::span<const TableRow> rows, const TableWidths& widths, bool colour) {
  std::set<std::string_view> names;
  for (const TableRow& row : rows) {
    if (!row.name.empty()) names.insert(row.name);
  }
  const Endpoint& endpoint = rows.front().endpoint;
  if (colour) out += kBold;
  append_address(out, endpoint.address);
  if (endpoint.scope != 0) out += "%" + std::to_string(endpoint.scope);
  if (!names.empty()) out += " (" + names_text(names) + ")";
  if (colour) out += kPlain;
  out += '\n';
  for (const TableRow& row : rows) append_row(out, row, widths, names.size() > 1, colour);
}

}  // namespace sonde
