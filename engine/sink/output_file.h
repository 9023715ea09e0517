#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/sink/output_mark.h"
#include "net/base/result.h"

namespace sonde {

/// What becomes of a file that is there already.
enum class OutputMode {
  create,  ///< begin() empties it
  resume,  ///< it is continued: its complete lines stay
};

/// The file (or standard output) that a sink writes lines to. Owns its
/// descriptor. Nothing is buffered: what write() took is the kernel's.
///
/// In two steps, so that a run that cannot start destroys nothing: open()
/// leaves what is in a file as it is, begin() changes it. In between, and until
/// it is closed, a regular file is locked (flock(2)).
///
/// A pipe whose reader is gone is an error here only if the process ignores
/// SIGPIPE; otherwise the signal ends it first. Likewise SIGXFSZ.
class OutputFile {
 public:
  /// Opens `path`, or standard output for "-"; a file that does not exist is
  /// made, empty.
  ///
  /// In OutputMode::resume these are refused: a file that does not begin with
  /// `expected_start` (or, shorter, with a part of it) and so is another thing
  /// than our output; one without a line end in its last kLongestLastLine
  /// bytes; and one in which what `earlier` tells of does not stand any more.
  /// Standard output and devices have nothing to continue: there both modes
  /// are the same.
  ///
  /// Errors are usage errors: nothing has been done yet. They name file, cause
  /// and remedy.
  static Result<OutputFile> open(const std::string& path, OutputMode mode,
                                 std::string_view expected_start = {},
                                 const std::optional<OutputMark>& earlier = {});

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  /// Empties the file, or, when it is continued, cuts off the line at its end
  /// that a crash left incomplete. Once, before write(). `noter` is told the
  /// mark of a regular file now and after each write().
  Result<void> begin(OutputNoter noter = {});

  /// Writes all of `lines`, whole lines, waiting when the other end is slow.
  /// When it cannot, it takes back the line that was written in part (of a
  /// regular file that it opened by name; a pipe takes nothing back) and
  /// returns an io error with file, cause and remedy.
  Result<void> write(std::string_view lines);

  /// Closes it; an io error when the file system only now tells of a failed
  /// write, or when somebody shortened the file while it was being written.
  /// write() must not be called afterwards.
  Result<void> close();

  /// Whether lines of an earlier run stand in it.
  bool continues() const { return continues_; }

  /// The path, or "standard output", for messages.
  const std::string& name() const { return name_; }

 private:
  OutputFile(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  static Result<OutputFile> open_standard_output();
  static Result<OutputFile> open_path(const std::string& path, OutputMode mode);
  Result<void> lock() const;
  Result<void> examine(std::string_view expected_start);
  Result<void> compare(const OutputMark& earlier) const;
  void take_back_partial_line(std::string_view written);
  void note(std::string_view written);
  Result<void> check_length() const;

  int fd_ = -1;  // -1: closed
  std::string name_;
  bool can_cut_ = false;  // a regular file of our own, which can be shortened
  bool continues_ = false;
  bool begun_ = false;
  uint64_t length_ = 0;  // of its whole lines: those that stay, then also those that were written
  std::string tail_;     // the last kMarkedTail bytes of these
  OutputNoter noter_;
};

/// The longest incomplete last line that resuming cuts off, in bytes: well
/// above any line that a sink writes.
inline constexpr uint64_t kLongestLastLine = 1 << 20;

}  // namespace sonde
