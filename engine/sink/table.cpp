#include "engine/sink/table.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/sink/batch.h"
#include "engine/sink/footer.h"
#include "engine/sink/table_layout.h"

namespace sonde {
namespace {

auto order(const TableRow& row) {
  return std::tie(row.endpoint.address, row.endpoint.scope, row.endpoint.port, row.name, row.info);
}

bool same_host(const TableRow& a, const TableRow& b) {
  return a.endpoint.address == b.endpoint.address && a.endpoint.scope == b.endpoint.scope;
}

}  // namespace

Table::Table(OutputFile file, TableOptions options) : file_(std::move(file)), options_(options) {}

Result<void> Table::write(std::span<const EndpointRecord> batch) {
  for (const EndpointRecord& record : batch) {
    if (!options_.show.shows(record.outcome.state)) continue;
    if (rows_.size() < options_.most_rows) {
      rows_.push_back(table_row(record));
    } else {
      ++left_out_;
    }
  }
  return {};
}

Result<void> Table::write_rows() {
  if (rows_.empty()) return {};
  std::sort(rows_.begin(), rows_.end(),
            [](const TableRow& a, const TableRow& b) { return order(a) < order(b); });
  const TableWidths widths = widths_of(rows_);
  std::string text;
  append_heading(text, widths);
  for (auto first = rows_.begin(); first != rows_.end();) {
    const auto last =
        std::find_if_not(first, rows_.end(), [&](const TableRow& row) { return same_host(row, *first); });
    append_host(text, {first, last}, widths, options_.colour);
    first = last;
    if (text.size() < kMostGathered) continue;
    if (auto written = file_.write(text); !written) return written;
    text.clear();
  }
  return file_.write(text += '\n');
}

Result<void> Table::finish(const SummaryRecord& summary) {
  auto written = write_rows();
  if (written) written = file_.write(footer(summary, {options_.show, rows_.size(), left_out_}));
  auto closed = file_.close();
  return written ? closed : written;
}

}  // namespace sonde
