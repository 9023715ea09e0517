#include "engine/target/line_reader.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/target/spec.h"

namespace sonde {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::FILE* open_stdin(int fd) {
  const int copy = ::dup(fd);
  return copy < 0 ? nullptr : ::fdopen(copy, "r");
}

}  // namespace

LineReader::LineReader(std::FILE* file, std::string name)
    : file_(file), name_(std::move(name)), buffer_(kBufferBytes) {
  std::setvbuf(file, nullptr, _IONBF, 0);  // buffer_ is the buffer
}

Result<LineReader> LineReader::open(const std::string& path, int stdin_fd) {
  const bool is_stdin = path == "-";
  std::string name = is_stdin ? "standard input" : path;
  std::FILE* const file = is_stdin ? open_stdin(stdin_fd) : std::fopen(path.c_str(), "re");
  if (file == nullptr)
    return usage_error(name + ": cannot be opened: " + std::strerror(errno) +
                       ": check its name; - is standard input");
  return LineReader(file, std::move(name));
}

Result<void> LineReader::refill() {
  std::memmove(buffer_.data(), buffer_.data() + start_, end_ - start_);
  end_ -= start_;
  start_ = 0;
  const size_t room = buffer_.size() - end_;
  const size_t got = std::fread(buffer_.data() + end_, 1, room, file_.get());
  if (got < room && std::ferror(file_.get()) != 0)
    return usage_error(name_ + ": cannot be read: " + std::strerror(errno));
  at_end_ = got < room;
  end_ += got;
  return {};
}

std::string_view LineReader::take(size_t length, size_t ending) {
  std::string_view line = unread().substr(0, length);
  start_ += length + ending;
  if (++line_number_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Result<std::optional<std::string_view>> LineReader::next() {
  while (true) {
    const size_t length = unread().find('\n');
    if (std::min(length, unread().size()) > kLongestTargetLine)
      return usage_error(name_ + ":" + std::to_string(line_number_ + 1) + ":" +
                         std::to_string(kLongestTargetLine + 1) + ": found a longer line, expected at most " +
                         std::to_string(kLongestTargetLine) + " bytes");
    if (length != std::string_view::npos) return take(length, 1);
    if (at_end_) break;
    if (auto filled = refill(); !filled) return tl::unexpected(std::move(filled.error()));
  }
  if (unread().empty()) return std::optional<std::string_view>();
  return take(end_ - start_, 0);
}

}  // namespace sonde
