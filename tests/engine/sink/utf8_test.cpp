#include "engine/sink/utf8.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "tests/engine/sink/records.h"

namespace sonde {
namespace {

struct Utf8Case {
  const char* what;
  std::string_view bytes;
  bool valid;
};

TEST(Utf8, AcceptsWhatRfc3629Accepts) {
  constexpr Utf8Case kCases[] = {
      {"nothing", "", true},
      {"ASCII", "SSH-2.0", true},
      {"two bytes", "\xc3\xbc", true},
      {"three bytes", "\xe2\x82\xac", true},
      {"four bytes", "\xf0\x9f\x98\x80", true},
      {"the last code point", "\xf4\x8f\xbf\xbf", true},
      {"past the last code point", "\xf4\x90\x80\x80", false},
      {"a continuation alone", "\x80", false},
      {"cut in the middle", "ab\xe2\x82", false},
      {"overlong slash", "\xc0\xaf", false},
      {"overlong in three", "\xe0\x80\xaf", false},
      {"a surrogate", "\xed\xa0\x80", false},
      {"five bytes", "\xf8\x88\x80\x80\x80", false},
      {"a lead without continuation", "\xc3(", false},
  };
  for (const Utf8Case& row : kCases) EXPECT_EQ(is_utf8(row.bytes), row.valid) << row.what;
}

TEST(Utf8, AgreesWithTheJsonLibrary) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const std::string text = nasty_text(random);
    const auto dumped = nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    EXPECT_EQ(is_utf8(text), nlohmann::json::parse(dumped) == text);
  }
}

struct PrintableCase {
  std::string_view bytes;
  std::string_view ascii;
  std::string_view text;
};

TEST(Printable, LeavesNothingThatCouldDriveATerminal) {
  constexpr PrintableCase kCases[] = {
      {"plain ~ text", "plain ~ text", "plain ~ text"},
      {"\x1b[31mred", ".[31mred", "?[31mred"},
      {"b\xc3\xbcro", "b..ro", "b\xc3\xbcro"},
      {"csi \xc2\x9b 8 bit \x9b", "csi .. 8 bit .", "csi ? 8 bit ?"},
      {"del\x7f", "del.", "del?"},
      {"right \xe2\x80\xae to left", "right ... to left", "right ? to left"},
      {"broken \xff", "broken .", "broken ?"},
  };
  for (const PrintableCase& row : kCases) {
    EXPECT_EQ(printable_ascii(row.bytes, 100), row.ascii);
    EXPECT_EQ(printable_text(row.bytes, 100), row.text);
  }
}

TEST(Printable, IsCutAtTheLongestLength) {
  EXPECT_EQ(printable_ascii("abcdef", 3), "abc");
  EXPECT_EQ(printable_text("\xc3\xbc\xc3\xbc\xc3\xbc", 2), "\xc3\xbc\xc3\xbc");
}

}  // namespace
}  // namespace sonde
