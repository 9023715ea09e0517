#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "engine/sink/table_row.h"

namespace sonde {

/// The widths of a table's columns, in characters, at least those of the headings.
struct TableWidths {
  size_t state = 5, reason = 6, rtt = 3, service = 7;
};
TableWidths widths_of(std::span<const TableRow> rows);

/// Appends the line of headings.
void append_heading(std::string& out, const TableWidths& widths);

/// Appends the rows of one host (one address and scope) under its address and
/// names. When it has several names, each row tells its own. `rows` is not empty.
void append_host(std::string& out, std::span<const TableRow> rows, const TableWidths& widths, bool colour);

}  // namespace sonde
