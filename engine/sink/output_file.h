#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/base/result.h"

namespace sonde {

/// What becomes of a file that is there already.
enum class OutputMode {
  create,  ///< it is emptied
  resume,  ///< it is continued: its complete lines stay
};

/// The file (or standard output) that a sink writes lines to. Owns its
/// descriptor. Nothing is buffered: what write() took is the kernel's.
///
/// A pipe whose reader is gone is an error here only if the process ignores
/// SIGPIPE; otherwise the signal ends it first. Likewise SIGXFSZ.
class OutputFile {
 public:
  /// Opens `path`, or standard output for "-".
  ///
  /// In OutputMode::resume a file that does not exist is created. A line at
  /// its end that a crash left incomplete is cut off; more than
  /// kLongestLastLine bytes without a line end are refused. A file that does
  /// not begin with `expected_start` (or, shorter, with a part of it) is
  /// another thing than our output, and refused untouched. Standard output
  /// and devices have nothing to continue: there both modes are the same.
  ///
  /// Errors: usage, when the file is refused; io, when the system says no.
  static Result<OutputFile> open(const std::string& path, OutputMode mode,
                                 std::string_view expected_start = {});

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  /// Writes all of `lines`, whole lines, waiting when the other end is slow.
  /// When it cannot, it takes back the line that was written in part (of a
  /// regular file that it opened by name; a pipe takes nothing back) and
  /// returns an io error with file, cause and remedy.
  Result<void> write(std::string_view lines);

  /// Closes it; an io error when the file system only now tells of a failed
  /// write. write() must not be called afterwards.
  Result<void> close();

  /// Whether lines of an earlier run stand in it.
  bool continues() const { return continues_; }

  /// The path, or "standard output", for messages.
  const std::string& name() const { return name_; }

 private:
  OutputFile(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  static Result<OutputFile> open_standard_output();
  static Result<OutputFile> open_path(const std::string& path, OutputMode mode,
                                      std::string_view expected_start);
  Result<void> repair(std::string_view expected_start);
  void take_back_partial_line(std::string_view written);

  int fd_ = -1;  // -1: closed
  std::string name_;
  bool can_cut_ = false;  // a regular file of our own, which can be shortened
  bool continues_ = false;
};

/// The longest incomplete last line that resuming cuts off, in bytes: well
/// above any line that a sink writes.
inline constexpr uint64_t kLongestLastLine = 1 << 20;

}  // namespace sonde
