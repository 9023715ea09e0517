#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <utility>

#include "engine/sink/output_file.h"
#include "engine/sink/show_filter.h"
#include "engine/sink/sink.h"
#include "engine/sink/table_row.h"

namespace sonde {

/// How a table looks.
struct TableOptions {
  ShowFilter show;
  bool colour = false;
  size_t most_rows = 200000;  ///< what is held in memory, at most some 600 bytes each
};

/// For people: rows grouped by host and sorted by address and port, with a
/// footer. Records come in any order, so the table is held in memory and
/// written by finish(); a run that is killed leaves none, and a resumed run
/// appends a table of its own rows. Past
/// TableOptions::most_rows rows are counted instead of kept, and the footer
/// says so.
///
/// A target has one row: of a record that revises an earlier one and that one,
/// the better evidence stays.
///
/// Whatever a peer sends, the output is printable: no control characters and
/// no terminal escapes other than the table's own colours; service and banner
/// are pure ASCII, so that columns stand under one another.
class Table final : public Sink {
 public:
  Table(OutputFile file, TableOptions options);
  Result<void> begin(OutputNoter noter) override { return file_.begin(std::move(noter)); }
  Result<void> write(std::span<const EndpointRecord> batch) override;
  Result<void> finish(const SummaryRecord& summary) override;

 private:
  void add(const EndpointRecord& record);
  Result<void> write_rows(std::span<const TableRow> rows);

  OutputFile file_;
  TableOptions options_;
  std::set<TableRow, TableOrder> rows_;
  uint64_t left_out_ = 0;  // shown by the filter, but past most_rows
};

}  // namespace sonde
