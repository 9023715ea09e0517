#include "engine/sink/output_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "tests/engine/sink/scratch_file.h"

namespace sonde {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(OutputFile, CreateEmptiesWhatWasThere) {
  const ScratchFile scratch;
  scratch.set_content("old\n");
  OutputFile file = open_output(scratch.path());
  EXPECT_FALSE(file.continues());
  ASSERT_TRUE(file.write("new\n"));
  ASSERT_TRUE(file.close());
  EXPECT_EQ(scratch.content(), "new\n");
}

TEST(OutputFile, OpeningChangesNothing) {
  for (const OutputMode mode : {OutputMode::create, OutputMode::resume}) {
    const ScratchFile scratch;
    scratch.set_content("old\nincompl");
    { ASSERT_TRUE(OutputFile::open(scratch.path(), mode)); }
    EXPECT_EQ(scratch.content(), "old\nincompl") << "and the run could not start";
  }
}

TEST(OutputFile, IsWrittenByOneProcessAtATime) {
  const ScratchFile scratch;
  OutputFile file = open_output(scratch.path());
  ASSERT_TRUE(file.write("a line\n"));
  for (const OutputMode mode : {OutputMode::create, OutputMode::resume}) {
    const auto second = OutputFile::open(scratch.path(), mode);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::usage);
    EXPECT_THAT(second.error().text, AllOf(HasSubstr("another sonde"), HasSubstr("name another file")));
  }
  EXPECT_EQ(scratch.content(), "a line\n");
  ASSERT_TRUE(file.close());
  EXPECT_TRUE(OutputFile::open(scratch.path(), OutputMode::create));
}

TEST(OutputFile, TellsHowFarItHasComeAndNeverMore) {
  const ScratchFile scratch;
  auto file = std::move(OutputFile::open(scratch.path(), OutputMode::create).value());
  std::vector<OutputMark> marks;
  ASSERT_TRUE(file.begin([&](const OutputMark& mark) {
    EXPECT_EQ(mark.bytes, scratch.content().size());
    marks.push_back(mark);
  }));
  std::string all;
  for (const size_t length : {1u, 300u, 300u, 2000u, 5u}) {
    const std::string line = std::string(length, static_cast<char>('a' + marks.size())) + "\n";
    all += line;
    ASSERT_TRUE(file.write(line));
    const std::string_view tail =
        std::string_view(all).substr(all.size() - std::min(all.size(), kMarkedTail));
    EXPECT_EQ(marks.back(), (OutputMark{all.size(), checksum_of(tail)}));
  }
  EXPECT_EQ(marks.size(), 6u) << "once when it begins";
}

TEST(OutputFile, ResumeStartsFromTheMarkOfWhatStands) {
  const ScratchFile scratch;
  scratch.set_content("one\ntwo\nthr");
  auto file = std::move(
      OutputFile::open(scratch.path(), OutputMode::resume, "one", OutputMark{4, checksum_of("one\n")})
          .value());
  OutputMark last;
  ASSERT_TRUE(file.begin([&](const OutputMark& mark) { last = mark; }));
  EXPECT_EQ(last, (OutputMark{8, checksum_of("one\ntwo\n")}));
  ASSERT_TRUE(file.write("3\n"));
  EXPECT_EQ(last, (OutputMark{10, checksum_of("one\ntwo\n3\n")}));
}

TEST(OutputFile, SomethingElseThatEmptiedItIsNoticed) {
  const ScratchFile scratch;
  OutputFile file = open_output(scratch.path());
  ASSERT_TRUE(file.write("first\n"));
  scratch.set_content("");
  ASSERT_TRUE(file.write("second\n"));
  const auto closed = file.close();
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().kind, ErrorKind::io);
  EXPECT_THAT(closed.error().text, HasSubstr("shortened by something else"));
}

TEST(OutputFile, HoldsNothingBack) {
  const ScratchFile scratch;
  OutputFile file = open_output(scratch.path());
  ASSERT_TRUE(file.write("a line\n"));
  EXPECT_EQ(scratch.content(), "a line\n") << "seen by others before it is closed";
}

TEST(OutputFile, ResumeCutsTheIncompleteLastLine) {
  struct Row {
    const char* what;
    std::string before;
    std::string after;
  };
  const Row rows[] = {
      {"complete", "one\ntwo\n", "one\ntwo\n+\n"},
      {"incomplete", "one\ntw", "one\n+\n"},
      {"only an incomplete line", "on", "+\n"},
      {"empty", "", "+\n"},
      {"zeros of a crashed file system", std::string("one\n\0\0\0\0", 8), "one\n+\n"},
      {"a last line of almost a MiB", "one\n" + std::string(kLongestLastLine - 1, 'x'), "one\n+\n"},
  };
  for (const Row& row : rows) {
    const ScratchFile scratch;
    scratch.set_content(row.before);
    OutputFile file = open_output(scratch.path(), OutputMode::resume);
    EXPECT_EQ(file.continues(), row.after != "+\n") << row.what;
    ASSERT_TRUE(file.write("+\n"));
    EXPECT_EQ(scratch.content(), row.after) << row.what;
  }
}

TEST(OutputFile, ResumeMakesAFileThatIsNotThere) {
  const ScratchFile scratch;
  OutputFile file = open_output(scratch.path(), OutputMode::resume);
  EXPECT_FALSE(file.continues());
  ASSERT_TRUE(file.write("+\n"));
  EXPECT_EQ(scratch.content(), "+\n");
}

TEST(OutputFile, ResumeLeavesAFileOfAnotherKindAlone) {
  const std::string long_line(kLongestLastLine + 1, 'x');
  for (const std::string& content : {std::string("#!/bin/sh\nexit"), long_line, std::string("{\"other\":")}) {
    const ScratchFile scratch;
    scratch.set_content(content);
    const auto file = OutputFile::open(scratch.path(), OutputMode::resume, "{\"type\":\"");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().kind, ErrorKind::usage);
    EXPECT_THAT(file.error().text, AllOf(HasSubstr(scratch.path()), HasSubstr("name another file")));
    EXPECT_EQ(scratch.content(), content);
  }
  const ScratchFile scratch;
  scratch.set_content(long_line);
  EXPECT_FALSE(OutputFile::open(scratch.path(), OutputMode::resume)) << "no line end to be seen";
  EXPECT_EQ(scratch.content(), long_line);
}

TEST(OutputFile, TellsWhyItCannotOpen) {
  const ScratchFile scratch;
  const auto missing = OutputFile::open(scratch.directory() + "/none/out.csv", OutputMode::create);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::usage) << "nothing has been done yet";
  EXPECT_THAT(missing.error().text, AllOf(HasSubstr("none/out.csv"), HasSubstr("No such file or directory"),
                                          HasSubstr("make its directory first")));
  const auto directory = OutputFile::open(scratch.directory(), OutputMode::resume);
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error().text, AllOf(HasSubstr("Is a directory"), HasSubstr("name a file in it")));
}

TEST(OutputFile, TellsThatTheDeviceIsFull) {
  for (const OutputMode mode : {OutputMode::create, OutputMode::resume}) {
    OutputFile file = open_output("/dev/full", mode);
    const auto written = file.write("a line\n");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().kind, ErrorKind::io);
    EXPECT_EQ(
        written.error().text,
        "/dev/full: cannot write: No space left on device: free some space, or write to another file system");
  }
}

TEST(OutputFile, TellsThatTheReaderOfAPipeIsGone) {
  const ScratchFile scratch("pipe");
  ASSERT_EQ(mkfifo(scratch.path().c_str(), 0600), 0);
  const int reader = open(scratch.path().c_str(), O_RDONLY | O_NONBLOCK);
  OutputFile file = open_output(scratch.path());
  close(reader);
  const auto before = signal(SIGPIPE, SIG_IGN);
  const auto written = file.write("a line\n");
  signal(SIGPIPE, before);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().text, AllOf(HasSubstr("Broken pipe"), HasSubstr("use -o FILE")));
}

/// The process may make no file longer than this, while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  sighandler_t handler_;
};

TEST(OutputFile, TakesBackALineThatDidNotFit) {
  const ScratchFile scratch;
  OutputFile file = open_output(scratch.path());
  ASSERT_TRUE(file.write("first\n"));
  for (const rlim_t room : {6u, 7u, 12u, 13u, 15u, 18u}) {
    Result<void> written;
    {
      const FileSizeLimit limit(room);
      written = file.write("second\nthird\n");
    }
    ASSERT_FALSE(written) << room;
    EXPECT_THAT(written.error().text, HasSubstr("File too large"));
    EXPECT_EQ(scratch.content(), room < 13 ? "first\n" : "first\nsecond\n") << room;
    scratch.set_content("first\n");
  }
  ASSERT_TRUE(file.write("and on\n"));
  EXPECT_EQ(scratch.content(), "first\nand on\n");
}

TEST(OutputFile, WaitsForASlowReader) {
  const ScratchFile scratch("pipe");
  ASSERT_EQ(mkfifo(scratch.path().c_str(), 0600), 0);
  const int reader = open(scratch.path().c_str(), O_RDONLY | O_NONBLOCK);
  const int standard_output = dup(STDOUT_FILENO);
  // Standard output that does not block, as a shell may leave it behind.
  const int writer = open(scratch.path().c_str(), O_WRONLY | O_NONBLOCK);
  fflush(stdout);
  dup2(writer, STDOUT_FILENO);
  OutputFile file = open_output("-");
  dup2(standard_output, STDOUT_FILENO);
  close(writer);
  close(standard_output);
  fcntl(reader, F_SETFL, 0);
  const std::string text = std::string(1 << 20, 'x') + "\n";  // far more than a pipe holds
  size_t received = 0;
  std::thread drain([&] {
    std::array<char, 4096> buffer;
    for (ssize_t count = 1; count > 0;) {
      count = read(reader, buffer.data(), buffer.size());
      if (count > 0) received += static_cast<size_t>(count);
    }
  });
  const auto written = file.write(text);
  const auto closed = file.close();
  drain.join();
  close(reader);
  EXPECT_TRUE(written);
  EXPECT_TRUE(closed);
  EXPECT_EQ(received, text.size());
}

}  // namespace
}  // namespace sonde
