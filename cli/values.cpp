#include "cli/values.h"

#include <array>
#include <charconv>
#include <optional>
#include <string>

namespace sonde {
namespace {

struct Unit {
  std::string_view suffix;
  double factor;
};

std::optional<double> parse_number(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !(number >= 0)) return std::nullopt;
  return number;
}

/// A number with one of the units behind it; the first suffix that fits decides.
template <size_t N>
std::optional<double> parse_with_unit(std::string_view text, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.suffix)) continue;
    const std::optional<double> number = parse_number(text.substr(0, text.size() - unit.suffix.size()));
    if (number) return *number * unit.factor;
  }
  return std::nullopt;
}

constexpr std::array kTimeUnits = {Unit{"us", 1e3}, Unit{"ms", 1e6},   Unit{"s", 1e9},
                                   Unit{"m", 60e9}, Unit{"h", 3600e9}, Unit{"", 1e9}};
constexpr std::array kRateUnits = {Unit{"k", 1e3}, Unit{"K", 1e3}, Unit{"M", 1e6}, Unit{"", 1}};
constexpr double kLongestNanos = 3600e9;
constexpr double kHighestRate = 1e9;
// Slower than a probe in a thousand seconds is a slip of the finger, and would overflow the pacer's clock.
constexpr double kLowestRate = 0.001;

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

Result<Nanos> parse_duration(std::string_view text) {
  const std::optional<double> nanos = parse_with_unit(text, kTimeUnits);
  if (!nanos || *nanos < 1 || *nanos > kLongestNanos) {
    return usage_error(
        quoted(text) +
        " is not a time: expected for example 500ms, 1s, 2m or 1h, more than zero and at most an hour");
  }
  return Nanos(static_cast<int64_t>(*nanos));
}

Result<double> parse_rate(std::string_view text) {
  const std::optional<double> rate = parse_with_unit(text, kRateUnits);
  if (!rate || *rate > kHighestRate) {
    return usage_error(
        quoted(text) +
        " is not a rate: expected probes a second, for example 500, 10k or 1M; 0 is without limit");
  }
  if (*rate > 0 && *rate < kLowestRate) {
    return usage_error(quoted(text) +
                       " is too low a rate: at least 0.001 probes a second, or 0, which is without limit");
  }
  return *rate;
}

Result<double> parse_share(std::string_view text) {
  const bool percent = text.ends_with('%');
  const std::optional<double> number = parse_number(percent ? text.substr(0, text.size() - 1) : text);
  const double share = number.value_or(0) / (percent ? 100 : 1);
  if (share <= 0 || share >= 1) {
    return usage_error(
        quoted(text) +
        " is not a completeness: expected for example 99.9%, below 100% (which no sample can prove)");
  }
  return share;
}

Result<void> parse_source_ports(std::string_view text, SourceOptions& source) {
  const size_t dash = text.find('-');
  const std::optional<uint16_t> first = parse_port(text.substr(0, dash));
  const std::optional<uint16_t> last =
      dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last || *first > *last) {
    return usage_error(quoted(text) + " is not a range of source ports: expected for example 40000-40999");
  }
  source.first_port = *first;
  source.last_port = *last;
  return {};
}

}  // namespace sonde
