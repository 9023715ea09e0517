#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/sink/output_file.h"
#include "engine/sink/show_filter.h"
#include "engine/sink/sink.h"
#include "net/base/result.h"

namespace sonde {

/// The shapes that an output can have.
enum class OutputFormat {
  table,       ///< for people: sorted, grouped by host, written at the end
  json_lines,  ///< one JSON object a line, a summary last; schema.json
  csv,         ///< RFC 4180, without a summary
};

/// The value of --format: "table", "jsonl" or "csv". A usage error names what
/// is possible, without the option, and says so when a format (xml, db) comes in a later version.
Result<OutputFormat> parse_format(std::string_view word);

/// The format that a file's suffix stands for, in either case of letters:
/// .txt, .jsonl or .ndjson, .csv. The usage error says which --format to add.
Result<OutputFormat> format_of_path(std::string_view path);

/// One output, as the command line asks for it.
struct OutputSpec {
  std::string path = "-";              ///< a path, or "-" for standard output
  std::optional<OutputFormat> format;  ///< by the suffix when there is none; a table on standard output
  OutputMode mode = OutputMode::create;
  std::optional<EarlierOutput> earlier;  ///< of a resumed sweep, what its journal knows of this file
  ShowFilter show;
  bool colour = false;        ///< the table may use colours; the others have none
  size_t most_rows = 200000;  ///< of a table, which is held in memory until the end
};

/// Opens an output, and leaves what is in it as it is until Sink::begin(). The
/// errors are those of format_of_path() and of OutputFile::open(): usage.
Result<std::unique_ptr<Sink>> make_sink(const OutputSpec& spec);

}  // namespace sonde
