#include "engine/sink/output_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
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
    default: return ": name another file";
  }
}

std::string failure(const std::string& name, std::string_view what, int error) {
  std::string text = name + ": cannot " + std::string(what) + ": " + std::strerror(error);
  return text.append(remedy(error));
}

/// While nothing has been done yet.
tl::unexpected<Error> open_error(const std::string& name, std::string_view what, int error) {
  return usage_error(failure(name, what, error));
}

tl::unexpected<Error> write_error(const std::string& name, std::string_view what, int error) {
  return io_error(failure(name, what, error));
}

constexpr std::string_view kOnlyTheRest =
    ": put it back as it was, or name a new one with -o, which will hold only the rest";

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

Result<OutputFile> OutputFile::open(const std::string& path, OutputMode mode, std::string_view expected_start,
                                    const std::optional<OutputMark>& earlier) {
  Result<OutputFile> file = path == "-" ? open_standard_output() : open_path(path, mode);
  if (!file || !file->can_cut_ || mode != OutputMode::resume) return file;
  if (auto known = file->examine(expected_start); !known) return tl::unexpected(known.error());
  if (!earlier) return file;
  if (auto same = file->compare(*earlier); !same) return tl::unexpected(same.error());
  return file;
}

Result<OutputFile> OutputFile::open_standard_output() {
  // A duplicate, so that closing it reports what the file system held back,
  // while the process keeps its standard output.
  const int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (fd < 0) return open_error("standard output", "open", errno);
  return OutputFile(fd, "standard output");
}

Result<OutputFile> OutputFile::open_path(const std::string& path, OutputMode mode) {
  // Appending, so that a line that was cut off leaves no hole behind; readable
  // when resuming, to find the end of its last line.
  const int access = mode == OutputMode::resume ? O_RDWR : O_WRONLY;
  const int fd = ::open(path.c_str(), O_CREAT | O_APPEND | O_CLOEXEC | access, 0666);
  if (fd < 0) return open_error(path, "open", errno);
  OutputFile file(fd, path);
  struct stat status {};
  if (fstat(fd, &status) != 0) return open_error(path, "open", errno);
  file.can_cut_ = S_ISREG(status.st_mode);
  if (auto locked = file.lock(); !locked) return tl::unexpected(locked.error());
  return file;
}

/// Where a file system knows no locks, there is none.
Result<void> OutputFile::lock() const {
  if (!can_cut_ || flock(fd_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return {};
  return usage_error(name_ + ": another sonde is writing it: wait for its end, or name another file");
}

Result<void> OutputFile::examine(std::string_view expected_start) {
  const off_t size = lseek(fd_, 0, SEEK_END);
  if (size < 0) return open_error(name_, "read", errno);
  const uint64_t length = static_cast<uint64_t>(size);
  const auto start = read_at(fd_, 0, std::min<uint64_t>(length, expected_start.size()));
  const uint64_t tail_start = length - std::min(length, kLongestLastLine);
  const auto tail = read_at(fd_, tail_start, length - tail_start);
  if (!start || !tail) return open_error(name_, "read", errno);
  if (!expected_start.starts_with(*start)) {
    return usage_error(name_ +
                       ": is not an output of this format, so it cannot be continued: name another file");
  }
  const size_t line_end = tail->rfind('\n');
  if (line_end == std::string::npos && tail_start > 0) {
    return usage_error(name_ + ": its last " + std::to_string(kLongestLastLine) +
                       " bytes hold no line end, so it is not an output of ours: name another file");
  }
  length_ = line_end == std::string::npos ? 0 : tail_start + line_end + 1;
  continues_ = length_ > 0;
  return {};
}

Result<void> OutputFile::compare(const OutputMark& earlier) const {
  if (length_ < earlier.bytes) {
    return usage_error(name_ + ": holds " + std::to_string(length_) + " bytes of whole lines, but the " +
                       "interrupted sweep had written " + std::to_string(earlier.bytes) +
                       std::string(kOnlyTheRest));
  }
  const uint64_t marked = std::min<uint64_t>(earlier.bytes, kMarkedTail);
  const auto tail = read_at(fd_, earlier.bytes - marked, marked);
  if (!tail) return open_error(name_, "read", errno);
  if (marked == 0 || checksum_of(*tail) == earlier.tail_checksum) return {};
  return usage_error(name_ + ": is another file than the interrupted sweep wrote, or was changed since" +
                     std::string(kOnlyTheRest));
}

Result<void> OutputFile::begin(OutputNoter noter) {
  CHECK(fd_ >= 0 && !begun_);
  begun_ = true;
  if (!can_cut_) return {};
  if (ftruncate(fd_, static_cast<off_t>(length_)) != 0) return open_error(name_, "begin", errno);
  const uint64_t marked = std::min<uint64_t>(length_, kMarkedTail);
  std::optional<std::string> tail = read_at(fd_, length_ - marked, marked);
  if (!tail) return open_error(name_, "read", errno);
  tail_ = std::move(*tail);
  noter_ = std::move(noter);
  note({});
  return {};
}

OutputFile::OutputFile(OutputFile&& other) noexcept { *this = std::move(other); }

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(name_, other.name_);
  std::swap(can_cut_, other.can_cut_);
  std::swap(continues_, other.continues_);
  std::swap(begun_, other.begun_);
  std::swap(length_, other.length_);
  std::swap(tail_, other.tail_);
  std::swap(noter_, other.noter_);
  return *this;
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> OutputFile::write(std::string_view lines) {
  CHECK(fd_ >= 0 && begun_);
  size_t done = 0;
  while (done < lines.size()) {
    const ssize_t count = write_some(fd_, lines.substr(done));
    if (count < 0) {
      const int error = errno;
      take_back_partial_line(lines.substr(0, done));
      note(lines.substr(0, lines.substr(0, done).rfind('\n') + 1));  // npos + 1 is 0
      return write_error(name_, "write", error);
    }
    done += static_cast<size_t>(count);
  }
  note(lines);
  return {};
}

/// After the write, never before: what is noted must stand in the file.
void OutputFile::note(std::string_view written) {
  if (!can_cut_) return;
  length_ += written.size();
  tail_ += written.substr(written.size() - std::min(written.size(), kMarkedTail));
  if (tail_.size() > kMarkedTail) tail_.erase(0, tail_.size() - kMarkedTail);
  if (noter_) noter_({length_, checksum_of(tail_)});
}

void OutputFile::take_back_partial_line(std::string_view written) {
  const size_t line_end = written.rfind('\n');
  const size_t partial = line_end == std::string_view::npos ? written.size() : written.size() - line_end - 1;
  struct stat status {};
  if (!can_cut_ || partial == 0 || fstat(fd_, &status) != 0) return;
  // When this fails too, resuming cuts the line: the error to report is the first one.
  [[maybe_unused]] const int result = ftruncate(fd_, status.st_size - static_cast<off_t>(partial));
}

Result<void> OutputFile::check_length() const {
  struct stat status {};
  if (!can_cut_ || fstat(fd_, &status) != 0 || static_cast<uint64_t>(status.st_size) >= length_) return {};
  return io_error(name_ +
                  ": was shortened by something else while it was being written, and is not complete: "
                  "sweep again, into a file that nothing else writes");
}

Result<void> OutputFile::close() {
  CHECK(fd_ >= 0);
  const Result<void> whole = check_length();
  const int result = ::close(std::exchange(fd_, -1));
  if (result != 0 && errno != EINTR) return write_error(name_, "close", errno);
  return whole;
}

}  // namespace sonde
