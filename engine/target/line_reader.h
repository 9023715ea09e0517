#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/base/result.h"

namespace sonde {

/// Reads a text file line by line, with a fixed amount of memory: lines end
/// with LF or CRLF, a UTF-8 byte order mark at the start is skipped, the last
/// line needs no end. For one thread.
class LineReader {
 public:
  /// Opens a file. `name` is for errors; "-" reads `stdin_fd` (which stays open).
  static Result<LineReader> open(const std::string& path, int stdin_fd);

  /// The next line without its end, valid until the next call; nullopt at the
  /// end of the file. Errors: the file cannot be read, or a line is longer than
  /// kLongestTargetLine.
  Result<std::optional<std::string_view>> next();
  /// The number of the line that next() gave last, from 1.
  uint64_t line_number() const { return line_number_; }
  /// The path, or "standard input".
  const std::string& name() const { return name_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  LineReader(std::FILE* file, std::string name);
  Result<void> refill();
  std::string_view unread() const { return {buffer_.data() + start_, end_ - start_}; }
  std::string_view take(size_t length, size_t ending);

  std::unique_ptr<std::FILE, Close> file_;
  std::string name_;
  std::vector<char> buffer_;
  size_t start_ = 0;  ///< of what is unread in buffer_
  size_t end_ = 0;
  bool at_end_ = false;  ///< the file has no more than what is in buffer_
  uint64_t line_number_ = 0;
};

}  // namespace sonde
