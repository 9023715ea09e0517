#include "engine/sink/output_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "net/base/check.h"

namespace sonde {
namespace {

std::string_view remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT: return ": free some space, or write to another file system";
    case EPIPE: return ": its reader has ended; use -o FILE to keep everything";
    case EFBIG: return ": raise the limit (ulimit -f), or write to another file system";
    case EIO: return ": the device failed; write to another one";
    case ENOENT: return ": make its directory first";
    case EISDIR: return ": name a file in it";
    case EACCES:
    case EPERM:
    case EROFS: return ": write to a place that you may write to";
    case EBADF: return ": it is not open for writing; use -o FILE";
    default: return "";
  }
}

tl::unexpected<Error> system_error(const std::string& name, std::string_view what, int error) {
  std::string text = name + ": cannot " + std::string(what) + ": " + std::strerror(error);
  return io_error(text.append(remedy(error)));
}

bool wait_until_writable(int fd) {
  pollfd waiting{fd, POLLOUT, 0};
  return poll(&waiting, 1, -1) >= 0 || errno == EINTR;
}

/// One write(), repeated as long as it says "not now"; -1 with errno otherwise.
ssize_t write_some(int fd, std::string_view bytes) {
  while (true) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count > 0) return count;
    if (count == 0) errno = EIO;  // a device that takes nothing and says nothing
    const bool not_now = count < 0 && (errno == EINTR || (errno == EAGAIN && wait_until_writable(fd)));
    if (!not_now) return -1;
  }
}

/// Up to `length` bytes at `offset`; fewer at the end of the file; nullopt with
/// errno after a failure.
std::optional<std::string> read_at(int fd, uint64_t offset, uint64_t length) {
  std::string bytes(length, '\0');
  size_t done = 0;
  while (done < length) {
    const ssize_t count = pread(fd, bytes.data() + done, length - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

Result<OutputFile> OutputFile::open(const std::string& path, OutputMode mode,
                                    std::string_view expected_start) {
  return path == "-" ? open_standard_output() : open_path(path, mode, expected_start);
}

Result<OutputFile> OutputFile::open_standard_output() {
  // A duplicate, so that closing it reports what the file system held back,
  // while the process keeps its standard output.
  const int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (fd < 0) return system_error("standard output", "open", errno);
  return OutputFile(fd, "standard output");
}

Result<OutputFile> OutputFile::open_path(const std::string& path, OutputMode mode,
                                         std::string_view expected_start) {
  // Appending, so that a line that was cut off leaves no hole behind; readable
  // when resuming, to find the end of its last line.
  const bool resuming = mode == OutputMode::resume;
  const int flags = O_CREAT | O_APPEND | O_CLOEXEC | (resuming ? O_RDWR : O_WRONLY | O_TRUNC);
  const int fd = ::open(path.c_str(), flags, 0666);
  if (fd < 0) return system_error(path, "open", errno);
  OutputFile file(fd, path);
  struct stat status {};
  if (fstat(fd, &status) != 0) return system_error(path, "open", errno);
  file.can_cut_ = S_ISREG(status.st_mode);
  if (!resuming || !file.can_cut_) return file;
  if (auto repaired = file.repair(expected_start); !repaired) return tl::unexpected(repaired.error());
  return file;
}

Result<void> OutputFile::repair(std::string_view expected_start) {
  const off_t size = lseek(fd_, 0, SEEK_END);
  if (size < 0) return system_error(name_, "read", errno);
  const uint64_t length = static_cast<uint64_t>(size);
  const auto start = read_at(fd_, 0, std::min<uint64_t>(length, expected_start.size()));
  const uint64_t tail_start = length - std::min(length, kLongestLastLine);
  const auto tail = read_at(fd_, tail_start, length - tail_start);
  if (!start || !tail) return system_error(name_, "read", errno);
  if (!expected_start.starts_with(*start)) {
    return usage_error(name_ +
                       ": is not an output of this format, so it cannot be continued: name another file");
  }
  const size_t line_end = tail->rfind('\n');
  if (line_end == std::string::npos && tail_start > 0) {
    return usage_error(name_ + ": its last " + std::to_string(kLongestLastLine) +
                       " bytes hold no line end, so it is not an output of ours: name another file");
  }
  const uint64_t kept = line_end == std::string::npos ? 0 : tail_start + line_end + 1;
  if (kept < length && ftruncate(fd_, static_cast<off_t>(kept)) != 0) {
    return system_error(name_, "cut the incomplete last line", errno);
  }
  continues_ = kept > 0;
  return {};
}

OutputFile::OutputFile(OutputFile&& other) noexcept { *this = std::move(other); }

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(name_, other.name_);
  std::swap(can_cut_, other.can_cut_);
  std::swap(continues_, other.continues_);
  return *this;
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> OutputFile::write(std::string_view lines) {
  CHECK(fd_ >= 0);
  size_t done = 0;
  while (done < lines.size()) {
    const ssize_t count = write_some(fd_, lines.substr(done));
    if (count < 0) {
      const int error = errno;
      take_back_partial_line(lines.substr(0, done));
      return system_error(name_, "write", error);
    }
    done += static_cast<size_t>(count);
  }
  return {};
}

void OutputFile::take_back_partial_line(std::string_view written) {
  const size_t line_end = written.rfind('\n');
  const size_t partial = line_end == std::string_view::npos ? written.size() : written.size() - line_end - 1;
  struct stat status {};
  if (!can_cut_ || partial == 0 || fstat(fd_, &status) != 0) return;
  // When this fails too, resuming cuts the line: the error to report is the first one.
  [[maybe_unused]] const int result = ftruncate(fd_, status.st_size - static_cast<off_t>(partial));
}

Result<void> OutputFile::close() {
  CHECK(fd_ >= 0);
  const int result = ::close(std::exchange(fd_, -1));
  if (result != 0 && errno != EINTR) return system_error(name_, "close", errno);
  return {};
}

}  // namespace sonde
