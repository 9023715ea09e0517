#include "engine/sink/table.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/sink/batch.h"
#include "engine/sink/footer.h"
#include "engine/sink/table_layout.h"

namespace sonde {
namespace {

bool same_host(const TableRow& a, const TableRow& b) {
  return a.endpoint.address == b.endpoint.address && a.endpoint.scope == b.endpoint.scope;
}

/// Whether one state rests on better evidence than the other; they stand best first.
bool is_better(const Outcome& a, const Outcome& b) { return a.state < b.state; }

}  // namespace

Table::Table(OutputFile file, TableOptions options) : file_(std::move(file)), options_(options) {}

Result<void> Table::write(std::span<const EndpointRecord> batch) {
  for (const EndpointRecord& record : batch) add(record);
  return {};
}

void Table::add(const EndpointRecord& record) {
  const bool shown = options_.show.shows(record.outcome.state);
  if (!shown && !record.revised) return;
  TableRow row = table_row(record);
  if (const auto earlier = rows_.find(row); earlier != rows_.end()) {
    if (is_better(earlier->outcome, row.outcome)) return;
    rows_.erase(earlier);
  }
  if (!shown) return;
  if (rows_.size() < options_.most_rows) {
    rows_.insert(std::move(row));
  } else {
    ++left_out_;
  }
}

Result<void> Table::write_rows(std::span<const TableRow> rows) {
  if (rows.empty()) return {};
  const TableWidths widths = widths_of(rows);
  std::string text;
  append_heading(text, widths);
  for (auto first = rows.begin(); first != rows.end();) {
    const auto last =
        std::find_if_not(first, rows.end(), [&](const TableRow& row) { return same_host(row, *first); });
    append_host(text, {first, last}, widths, options_.colour);
    first = last;
    if (text.size() < kMostGathered) continue;
    if (auto written = file_.write(text); !written) return written;
    text.clear();
  }
  return file_.write(text += '\n');
}

Result<void> Table::finish(const SummaryRecord& summary) {
  std::vector<TableRow> rows;
  rows.reserve(rows_.size());
  while (!rows_.empty()) rows.push_back(std::move(rows_.extract(rows_.begin()).value()));
  auto written = write_rows(rows);
  if (written) written = file_.write(footer(summary, {options_.show, rows.size(), left_out_}));
  auto closed = file_.close();
  return written ? closed : written;
}

}  // namespace sonde
