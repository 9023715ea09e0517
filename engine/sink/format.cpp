#include "engine/sink/format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "engine/sink/csv.h"
#include "engine/sink/json_lines.h"
#include "engine/sink/table.h"
#include "net/base/check.h"

namespace sonde {
namespace {

struct FormatName {
  std::string_view name;
  OutputFormat format;
};

constexpr std::array kFormats = {FormatName{"table", OutputFormat::table},
                                 FormatName{"jsonl", OutputFormat::json_lines},
                                 FormatName{"csv", OutputFormat::csv}};

constexpr std::array kSuffixes = {
    FormatName{".txt", OutputFormat::table}, FormatName{".jsonl", OutputFormat::json_lines},
    FormatName{".ndjson", OutputFormat::json_lines}, FormatName{".csv", OutputFormat::csv}};

/// What a later version is to write: by suffix and by the word for --format.
constexpr std::array<std::string_view, 5> kLaterWords = {"xml", "db", ".xml", ".db", ".sqlite"};

template <size_t N>
std::optional<OutputFormat> find(const std::array<FormatName, N>& names, std::string_view name) {
  const auto found =
      std::find_if(names.begin(), names.end(), [&](const FormatName& row) { return row.name == name; });
  return found == names.end() ? std::nullopt : std::optional(found->format);
}

bool comes_later(std::string_view word) {
  return std::find(kLaterWords.begin(), kLaterWords.end(), word) != kLaterWords.end();
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string suffix_of(std::string_view path) {
  const std::string_view file = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  const size_t dot = file.rfind('.');
  return dot == std::string_view::npos ? std::string() : lower(file.substr(dot));
}

Result<OutputFormat> format_of(const OutputSpec& spec) {
  if (spec.format) return *spec.format;
  if (spec.path == "-") return OutputFormat::table;
  return format_of_path(spec.path);
}

std::string_view start_of(OutputFormat format) {
  switch (format) {
    case OutputFormat::json_lines: return kJsonLinesStart;
    case OutputFormat::csv: return kCsvHeader;
    case OutputFormat::table: return {};
  }
  check_failed("a format has a start", __FILE__, __LINE__);
}

std::unique_ptr<Sink> sink_into(OutputFile file, OutputFormat format, const OutputSpec& spec) {
  switch (format) {
    case OutputFormat::json_lines: return std::make_unique<JsonLines>(std::move(file), spec.show);
    case OutputFormat::csv: return std::make_unique<Csv>(std::move(file), spec.show);
    case OutputFormat::table:
      return std::make_unique<Table>(std::move(file), TableOptions{spec.show, spec.colour, spec.most_rows});
  }
  check_failed("a format has a sink", __FILE__, __LINE__);
}

}  // namespace

Result<OutputFormat> parse_format(std::string_view word) {
  if (const auto format = find(kFormats, word)) return *format;
  if (comes_later(word)) {
    return usage_error(std::string(word) + " is not supported by this version: use jsonl, csv or table");
  }
  return usage_error("'" + std::string(word) + "' is not a format: use jsonl, csv or table");
}

Result<OutputFormat> format_of_path(std::string_view path) {
  const std::string suffix = suffix_of(path);
  if (const auto format = find(kSuffixes, suffix)) return *format;
  if (comes_later(suffix)) {
    return usage_error("-o " + std::string(path) + ": " + suffix.substr(1) +
                       " is not supported by this version: use .jsonl, .csv or .txt");
  }
  if (suffix == ".json") {
    return usage_error(
        "-o " + std::string(path) +
        ": the output is one JSON object a line, not one document: name it .jsonl, or add --format jsonl");
  }
  return usage_error(
      "-o " + std::string(path) +
      ": its suffix tells no format: use .jsonl, .csv or .txt, or add --format jsonl, csv or table");
}

Result<std::unique_ptr<Sink>> make_sink(const OutputSpec& spec) {
  const auto format = format_of(spec);
  if (!format) return tl::unexpected(format.error());
  const bool never_begun = spec.earlier && !spec.earlier->begun;
  const std::optional<OutputMark> mark = spec.earlier ? std::optional(spec.earlier->mark) : std::nullopt;
  auto file =
      OutputFile::open(spec.path, never_begun ? OutputMode::create : spec.mode, start_of(*format), mark);
  if (!file) return tl::unexpected(file.error());
  return sink_into(std::move(*file), *format, spec);
}

}  // namespace sonde
