#include "engine/sink/fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>

namespace sonde {
namespace {

/// The number with leading zeros to `digits` places.
void append_padded(std::string& out, uint64_t number, size_t digits) {
  std::array<char, 20> text;
  for (size_t i = digits; i > 0; --i) {
    text[i - 1] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  out.append(text.data(), digits);
}

void append_date(std::string& out, std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  append_padded(out, static_cast<uint64_t>(static_cast<int>(date.year())), 4);  // 64 bits of ns: 1677 to 2262
  out += '-';
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.day()), 2);
}

}  // namespace

void append_time(std::string& out, WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const auto since_midnight = std::chrono::floor<std::chrono::microseconds>(time - day).count();
  const auto microseconds = static_cast<uint64_t>(since_midnight);
  const uint64_t seconds = microseconds / 1000000;
  append_date(out, day);
  out += 'T';
  append_padded(out, seconds / 3600, 2);
  out += ':';
  append_padded(out, seconds / 60 % 60, 2);
  out += ':';
  append_padded(out, seconds % 60, 2);
  out += '.';
  append_padded(out, microseconds % 1000000, 6);
  out += 'Z';
}

void append_number(std::string& out, uint64_t number) {
  std::array<char, 20> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

void append_microseconds(std::string& out, Nanos duration) {
  const auto nanos = static_cast<uint64_t>(std::max<int64_t>(duration.count(), 0));
  append_number(out, nanos / 1000);
  if (nanos % 1000 == 0) return;
  out += '.';
  append_padded(out, nanos % 1000, 3);
  out.erase(out.find_last_not_of('0') + 1);
}

void append_address(std::string& out, const IpAddress& address) {
  if (!address.is_v4()) {
    out += address.to_string();
    return;
  }
  // By hand: most addresses are IPv4, and the library's way costs as much as
  // the rest of the line.
  const uint32_t number = address.v4_number();
  for (const int shift : {24, 16, 8, 0}) {
    append_number(out, (number >> shift) & 0xff);
    if (shift > 0) out += '.';
  }
}

void append_errno_name(std::string& out, int error) {
  if (const char* name = strerrorname_np(error); name != nullptr) {
    out += name;
  } else {
    out += "errno ";
    out += std::to_string(error);
  }
}

}  // namespace sonde
