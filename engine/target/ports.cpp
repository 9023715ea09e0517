#include "engine/target/ports.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/target/services.h"
#include "engine/target/top_ports.h"

namespace sonde {
namespace {

constexpr std::string_view kExpected =
    "expected a port from 1 to 65535, a range such as 8000-8100, -1023 or 60000-, or a service name";

tl::unexpected<Error> refuse(std::string_view element, std::string_view why) {
  return usage_error("found \"" + std::string(element.substr(0, 64)) + "\": " + std::string(why));
}

/// A port in digits; `when_empty` stands for the open end of a range.
std::optional<uint16_t> port_number(std::string_view text, uint16_t when_empty) {
  if (text.empty()) return when_empty;
  uint16_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

void add_range(uint16_t first, uint16_t last, std::vector<uint16_t>& ports) {
  for (uint32_t port = first; port <= last; ++port) ports.push_back(static_cast<uint16_t>(port));
}

Result<void> add_element(std::string_view element, std::vector<uint16_t>& ports) {
  if (element.empty()) return refuse(element, kExpected);
  if (const auto of_service = service_ports(element); !of_service.empty()) {
    ports.insert(ports.end(), of_service.begin(), of_service.end());
    return {};
  }
  const size_t dash = element.find('-');
  const bool is_range = dash != std::string_view::npos;
  const auto first = port_number(element.substr(0, dash), 1);
  const auto last = is_range ? port_number(element.substr(dash + 1), 65535) : first;
  if (!first || !last) return refuse(element, kExpected);
  if (*last < *first) return refuse(element, "the range ends below its start");
  add_range(*first, *last, ports);
  return {};
}

std::vector<uint16_t> sorted_once(std::vector<uint16_t> ports) {
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  ports.shrink_to_fit();
  return ports;
}

/// A list of 65,535 five-digit ports with their commas fits.
constexpr size_t kLongestText = 65535 * 6;

}  // namespace

Result<PortSet> PortSet::parse(std::string_view text) {
  if (text.size() > kLongestText) return refuse(text, "the list is longer than one of all ports");
  std::vector<uint16_t> ports;
  for (bool more = true; more;) {
    const size_t comma = text.find(',');
    if (auto added = add_element(text.substr(0, comma), ports); !added)
      return tl::unexpected(std::move(added.error()));
    if (ports.size() > 4 * 65535) ports = sorted_once(std::move(ports));  // "-,-,-,…" must not pile up
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return PortSet(sorted_once(std::move(ports)));
}

Result<PortSet> PortSet::top(uint64_t count) {
  std::vector<uint16_t> order = top_ports_order();
  if (count == 0 || count > order.size())
    return usage_error(std::to_string(count) + ": expected a number from 1 to " +
                       std::to_string(order.size()) + ", the length of the list; for all ports use -p -");
  order.resize(count);
  return PortSet(sorted_once(std::move(order)));
}

PortSet PortSet::of(std::span<const uint16_t> ports) {
  std::vector<uint16_t> real(ports.begin(), ports.end());
  std::erase(real, uint16_t{0});
  return PortSet(sorted_once(std::move(real)));
}

bool PortSet::contains(uint16_t port) const { return std::binary_search(ports_.begin(), ports_.end(), port); }

size_t PortSet::rank(uint16_t port) const {
  return static_cast<size_t>(std::lower_bound(ports_.begin(), ports_.end(), port) - ports_.begin());
}

std::string PortSet::to_string() const {
  std::string text;
  for (size_t first = 0; first < ports_.size();) {
    size_t last = first;
    while (last + 1 < ports_.size() && ports_[last + 1] == ports_[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(ports_[first]);
    if (last > first) text += '-' + std::to_string(ports_[last]);
    first = last + 1;
  }
  return text;
}

}  // namespace sonde
