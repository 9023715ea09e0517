#include "engine/target/line_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "engine/target/spec.h"
#include "tests/engine/target/temporary_file.h"

namespace sonde {
namespace {

std::vector<std::string> lines_of(LineReader reader) {
  std::vector<std::string> lines;
  while (true) {
    const auto line = reader.next();
    if (!line) return {"error: " + line.error().text};
    if (!*line) return lines;
    lines.emplace_back(**line);
    EXPECT_EQ(reader.line_number(), lines.size());
  }
}

std::vector<std::string> read(std::string_view content) {
  const TemporaryFile file(content);
  return lines_of(LineReader::open(file.path(), 0).value());
}

using Lines = std::vector<std::string>;

TEST(LineReader, TakesLinesAsEditorsWriteThem) {
  EXPECT_EQ(read(""), Lines{});
  EXPECT_EQ(read("a\nb\n"), (Lines{"a", "b"}));
  EXPECT_EQ(read("a\r\n\r\nb"), (Lines{"a", "", "b"}));
  EXPECT_EQ(read("\xef\xbb\xbf# first\na\n"), (Lines{"# first", "a"}));
  EXPECT_EQ(read("\n"), (Lines{""}));
}

TEST(LineReader, LinesAcrossTheBuffersEdgeStayWhole) {
  std::string content;
  Lines expected;
  for (int i = 0; i < 50000; ++i) {
    expected.push_back("10.0." + std::to_string(i) + " # " + std::string(static_cast<size_t>(i % 90), 'x'));
    content += expected.back() + "\n";
  }
  EXPECT_EQ(read(content), expected);
}

TEST(LineReader, TheLengthOfALineIsLimited) {
  EXPECT_EQ(read(std::string(kLongestTargetLine, 'x') + "\n").size(), 1u);
  for (const char* end : {"", "\n"}) {
    const Lines seen = read("a\n" + std::string(kLongestTargetLine + 1, 'x') + end);
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_NE(seen[0].find(":2:65537: found a longer line"), std::string::npos) << seen[0];
  }
  EXPECT_EQ(read(std::string(5 << 20, 'x')).size(), 1u);
}

TEST(LineReader, UnreadableFilesAreErrorsWithTheirCause) {
  EXPECT_EQ(LineReader::open("/nonexistent/targets", 0).error().text,
            "/nonexistent/targets: cannot be opened: No such file or directory: check its name; - is "
            "standard input");
  EXPECT_EQ(lines_of(LineReader::open("/tmp", 0).value()),
            Lines{"error: /tmp: cannot be read: Is a directory"});
}

TEST(LineReader, ADashIsStandardInput) {
  const TemporaryFile file("a\nb");
  const int descriptor = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(lines_of(LineReader::open("-", descriptor).value()), (Lines{"a", "b"}));
  EXPECT_EQ(::close(descriptor), 0);
}

}  // namespace
}  // namespace sonde
