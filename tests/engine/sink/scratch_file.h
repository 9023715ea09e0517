#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/probe/record.h"
#include "engine/sink/output_file.h"
#include "engine/sink/sink.h"

namespace sonde {

/// A directory of its own with one file in it, both gone at the end of the test.
class ScratchFile {
 public:
  explicit ScratchFile(std::string_view name = "out.jsonl");
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  std::string path() const { return (directory_ / name_).string(); }
  std::string directory() const { return directory_.string(); }
  std::string content() const;
  void set_content(std::string_view content) const;

 private:
  std::filesystem::path directory_;
  std::string name_;
};

/// Opens the file and begins it, which must succeed.
OutputFile open_output(const std::string& path, OutputMode mode = OutputMode::create);

/// Writes the batch and finishes; every step must succeed.
void write_all(Sink& sink, std::span<const EndpointRecord> batch, const SummaryRecord& summary);

/// The lines of a text, without their ends. A last line without an end counts.
std::vector<std::string> lines_of(std::string_view text, std::string_view line_end = "\n");

}  // namespace sonde
