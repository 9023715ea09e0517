#include "cli/figures.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "engine/target/interval_set.h"

namespace sonde {
namespace {

constexpr uint64_t kMinute = 60;
constexpr uint64_t kHour = 60 * kMinute;
constexpr uint64_t kDay = 24 * kHour;
// Longer than any sweep: a number above it would only pretend to mean something.
constexpr double kLongestTime = 100.0 * 365 * kDay;

std::string fixed(double number, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

// Two neighbouring units, the smaller one left out when it is zero.
std::string two_units(uint64_t seconds, uint64_t unit, const char* large, uint64_t small_unit,
                      const char* small) {
  const uint64_t rounded = (seconds + small_unit / 2) / small_unit;
  const uint64_t per_unit = unit / small_unit;
  std::string text = grouped(rounded / per_unit) + " " + large;
  if (rounded % per_unit != 0) text += " " + std::to_string(rounded % per_unit) + " " + small;
  return text;
}

}  // namespace

std::string grouped(U128 number) {
  std::string text = decimal(number);
  for (size_t place = text.size(); place > 3; place -= 3) text.insert(place - 3, 1, ',');
  return text;
}

std::string measured(double number) {
  if (number >= 10 && number < 1e18) return grouped(static_cast<uint64_t>(std::llround(number)));
  std::string text = fixed(number, 2);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string in_bytes(uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double number = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; number >= 1024 && unit + 1 < kUnits.size(); ++unit) number /= 1024;
  return fixed(number, number < 10 && number != std::floor(number) ? 1 : 0) + " " + kUnits[unit];
}

std::string in_time(double seconds) {
  if (seconds < 1) return "under 1 s";
  if (seconds > kLongestTime) return "over a century";
  const auto whole = static_cast<uint64_t>(std::llround(seconds));
  if (whole < 2 * kMinute) return std::to_string(whole) + " s";
  if (whole < 2 * kHour) return two_units(whole, kMinute, "min", 1, "s");
  if (whole < 2 * kDay) return two_units(whole, kHour, "h", kMinute, "min");
  return two_units(whole, kDay, "d", kHour, "h");
}

std::string in_short_time(Nanos time) {
  const auto whole_ms = std::chrono::round<std::chrono::milliseconds>(time).count();
  return whole_ms % 1000 == 0 ? std::to_string(whole_ms / 1000) + " s" : std::to_string(whole_ms) + " ms";
}

std::string counted(U128 number, const std::string& one, const std::string& many) {
  return grouped(number) + " " + (number == 1 ? one : many);
}

}  // namespace sonde
