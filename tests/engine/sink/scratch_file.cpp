#include "tests/engine/sink/scratch_file.h"

#include <stdlib.h>

#include <algorithm>
#include <stdexcept>

namespace sonde {

ScratchFile::ScratchFile(std::string_view name) : name_(name) {
  std::string pattern = (std::filesystem::temp_directory_path() / "sonde-sink-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary directory");
  directory_ = pattern;
}

ScratchFile::~ScratchFile() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string ScratchFile::content() const {
  std::ifstream stream(path(), std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void ScratchFile::set_content(std::string_view content) const {
  std::ofstream(path(), std::ios::binary | std::ios::trunc)
      .write(content.data(), static_cast<std::streamsize>(content.size()));
}

OutputFile open_output(const std::string& path, OutputMode mode) {
  auto file = OutputFile::open(path, mode);
  if (!file) throw std::runtime_error(file.error().text);
  if (const auto begun = file->begin(); !begun) throw std::runtime_error(begun.error().text);
  return std::move(*file);
}

void write_all(Sink& sink, std::span<const EndpointRecord> batch, const SummaryRecord& summary) {
  if (auto written = sink.write(batch); !written) throw std::runtime_error(written.error().text);
  if (auto finished = sink.finish(summary); !finished) throw std::runtime_error(finished.error().text);
}

std::vector<std::string> lines_of(std::string_view text, std::string_view line_end) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find(line_end), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + line_end.size(), text.size()));
  }
  return lines;
}

}  // namespace sonde
