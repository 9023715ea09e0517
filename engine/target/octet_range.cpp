#include "engine/target/octet_range.h"

#include <array>
#include <bitset>
#include <charconv>
#include <optional>

#include "engine/target/range_text.h"

namespace sonde {
namespace {

constexpr std::string_view kExpectedOctet =
    "expected an octet: a number from 0 to 255, a range such as 1-254, a list such as 0,2,4, or *";

/// The values that one octet may take.
using Octet = std::bitset<256>;

struct Run {
  uint32_t first;
  uint32_t last;
};

std::optional<uint32_t> octet_number(std::string_view text, uint32_t when_empty) {
  if (text.empty()) return when_empty;
  uint32_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || number > 255) return std::nullopt;
  return number;
}

/// One element of an octet's list: "7", "1-254", "-9", "250-", "-" or "*".
std::optional<Run> element_run(std::string_view text) {
  if (text == "*") return Run{0, 255};
  if (text.empty()) return std::nullopt;
  const size_t dash = text.find('-');
  const auto first = octet_number(text.substr(0, dash), 0);
  const auto last = dash == std::string_view::npos ? first : octet_number(text.substr(dash + 1), 255);
  if (!first || !last || *last < *first) return std::nullopt;
  return Run{*first, *last};
}

Parsed<Octet> parse_octet(std::string_view text, size_t offset) {
  Octet values;
  for (bool more = true; more;) {
    const size_t comma = text.find(',');
    const std::string_view element = text.substr(0, comma);
    const auto run = element_run(element);
    if (!run) return found_fault(offset, element, kExpectedOctet);
    for (uint32_t value = run->first; value <= run->last; ++value) values.set(value);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
    offset += comma + 1;
  }
  return values;
}

Parsed<std::array<Octet, 4>> parse_octets(std::string_view text) {
  std::array<Octet, 4> octets;
  size_t offset = 0;
  for (size_t i = 0; i < octets.size(); ++i) {
    const size_t dot = text.find('.', offset);
    if ((dot == std::string_view::npos) != (i == 3))
      return found_fault(0, text, "expected an IPv4 address or range of four octets");
    auto octet = parse_octet(text.substr(offset, dot == std::string_view::npos ? dot : dot - offset), offset);
    if (!octet) return tl::unexpected(std::move(octet.error()));
    octets[i] = *octet;
    offset = dot + 1;
  }
  return octets;
}

std::vector<Run> runs_of(const Octet& octet) {
  std::vector<Run> runs;
  for (uint32_t value = 0; value < 256; ++value) {
    if (!octet[value]) continue;
    if (!runs.empty() && runs.back().last + 1 == value) {
      runs.back().last = value;
    } else {
      runs.push_back({value, value});
    }
  }
  return runs;
}

/// The last octet that does not take every value: below it intervals are whole.
size_t last_partial(const std::array<Octet, 4>& octets) {
  size_t place = 3;
  while (place > 0 && octets[place].all()) --place;
  return place;
}

uint64_t interval_count(const std::array<Octet, 4>& octets, size_t last) {
  uint64_t count = runs_of(octets[last]).size();
  for (size_t i = 0; i < last; ++i) count *= octets[i].count();
  return count;
}

/// Adds the intervals whose octets above `place` are those of `base`.
void expand(const std::array<Octet, 4>& octets, size_t place, size_t last, uint32_t base,
            std::vector<Interval>& intervals) {
  const auto shift = static_cast<unsigned>(8 * (3 - place));
  const uint32_t below = (uint32_t{1} << shift) - 1;
  if (place == last) {
    for (const Run& run : runs_of(octets[place]))
      intervals.push_back(
          {IpAddress::v4(base | run.first << shift), IpAddress::v4(base | run.last << shift | below)});
    return;
  }
  for (uint32_t value = 0; value < 256; ++value)
    if (octets[place][value]) expand(octets, place + 1, last, base | value << shift, intervals);
}

}  // namespace

Parsed<std::vector<Interval>> parse_octet_range(std::string_view text) {
  const auto octets = parse_octets(text);
  if (!octets) return tl::unexpected(octets.error());
  const size_t last = last_partial(*octets);
  if (interval_count(*octets, last) > kMostIntervalsOfOctets)
    return found_fault(0, text,
                       "expected an octet range of at most " + std::to_string(kMostIntervalsOfOctets) +
                           " separate runs of addresses: write it as several");
  std::vector<Interval> intervals;
  expand(*octets, 0, last, 0, intervals);
  return intervals;
}

}  // namespace sonde
