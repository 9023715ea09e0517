#include "engine/target/range_text.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/target/octet_range.h"

namespace sonde {
namespace {

constexpr Interval kMapped{IpAddress::v4(0), IpAddress::v4(0xffffffff)};

bool is_v6_text(std::string_view text) { return text.find(':') != std::string_view::npos; }

/// An interval of one family: what IPv6 ranges have of the v4-mapped block is
/// cut out, because those addresses are IPv4.
std::vector<Interval> one_family(const Interval& interval) {
  if (interval.first.is_v4() && interval.last.is_v4()) return {interval};
  const IntervalSet rest = IntervalSet({interval}).without(IntervalSet({kMapped}));
  return {rest.intervals().begin(), rest.intervals().end()};
}

/// The prefix length as one of 128 bits; nullopt when it does not fit the address.
std::optional<unsigned> full_prefix(std::string_view digits, std::string_view address_text,
                                    IpAddress address) {
  unsigned prefix = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (!is_v6_text(address_text)) return prefix <= 32 ? std::optional(prefix + 96) : std::nullopt;
  const unsigned least = address.is_v4() ? 96 : 0;  // ::ffff:10.0.0.0/104 is 10.0.0.0/8
  return prefix >= least && prefix <= 128 ? std::optional(prefix) : std::nullopt;
}

Parsed<std::vector<Interval>> parse_cidr(std::string_view text, size_t slash) {
  const std::string_view address_text = text.substr(0, slash);
  const auto address = IpAddress::parse(address_text);
  if (!address)
    return found_fault(
        0, text, "a prefix length needs an address before it: write a host name or a range without one");
  const auto prefix = full_prefix(text.substr(slash + 1), address_text, *address);
  if (!prefix)
    return found_fault(slash + 1, text.substr(slash + 1),
                       is_v6_text(address_text)
                           ? "expected a prefix length from 0 to 128 (96 to 128 for v4-mapped)"
                           : "expected a prefix length from 0 to 32");
  const U128 host_bits = *prefix == 128 ? 0 : ~U128{0} >> *prefix;
  return one_family({IpAddress::from_number(address->number() & ~host_bits),
                     IpAddress::from_number(address->number() | host_bits)});
}

Parsed<std::vector<Interval>> parse_ends(std::string_view text, size_t dash) {
  const auto first = IpAddress::parse(text.substr(0, dash));
  if (!first) return found_fault(0, text.substr(0, dash), "expected an address");
  const auto last = IpAddress::parse(text.substr(dash + 1));
  if (!last) return found_fault(dash + 1, text.substr(dash + 1), "expected the address that ends the range");
  if (first->is_v4() != last->is_v4())
    return found_fault(dash + 1, text.substr(dash + 1), "expected an end of the same family as the start");
  if (*last < *first)
    return found_fault(dash + 1, text.substr(dash + 1), "expected an end not below the start");
  return one_family({*first, *last});
}

bool is_range_of_v4(std::string_view text, size_t dash) {
  return dash != std::string_view::npos && IpAddress::parse(text.substr(0, dash)) &&
         IpAddress::parse(text.substr(dash + 1));
}

}  // namespace

bool looks_like_addresses(std::string_view text) {
  if (text.find_first_of(":/") != std::string_view::npos) return true;
  return text.find_first_not_of("0123456789.,*-") == std::string_view::npos;
}

Parsed<std::vector<Interval>> parse_ranges(std::string_view text) {
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) return parse_cidr(text, slash);
  const size_t dash = text.find('-');
  if (is_v6_text(text) && dash != std::string_view::npos) return parse_ends(text, dash);
  if (is_range_of_v4(text, dash)) return parse_ends(text, dash);
  if (const auto address = IpAddress::parse(text)) return std::vector<Interval>{{*address, *address}};
  if (is_v6_text(text)) return found_fault(0, text, "expected an IPv6 address, prefix or range");
  return parse_octet_range(text);
}

}  // namespace sonde
