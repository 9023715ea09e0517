#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/base/result.h"

namespace sonde {

/// A set of TCP ports, 1 to 65535, in ascending order. Immutable; safe to read
/// from any thread.
class PortSet {
 public:
  /// No port at all.
  PortSet() = default;

  /// From a comma-separated list of ports ("22"), ranges ("8000-8100", open
  /// ends as in nmap: "-1023", "60000-"), "-" for all 1–65535, and service
  /// names ("https", "postgres", see services.h). Duplicates are merged, order
  /// does not matter. An error names the element and what was expected, not the option.
  static Result<PortSet> parse(std::string_view text);

  /// The first `count` ports of top_ports_order() (top_ports.h). An error when
  /// count is 0 or greater than the length of that list.
  static Result<PortSet> top(uint64_t count);

  /// From any ports, in any order; 0 is left out.
  static PortSet of(std::span<const uint16_t> ports);

  size_t size() const { return ports_.size(); }
  bool empty() const { return ports_.empty(); }
  /// The port at a place of the ascending order. Precondition: index < size().
  uint16_t nth(size_t index) const { return ports_[index]; }
  bool contains(uint16_t port) const;
  /// How many ports of the set are below the given one: the inverse of nth() for its members.
  size_t rank(uint16_t port) const;
  std::span<const uint16_t> ports() const { return ports_; }

  /// The canonical text: ascending, runs of two and more as ranges
  /// ("22,80,8000-8100"). parse(to_string()) is equal to the set; the empty
  /// set gives "", which parse() refuses.
  std::string to_string() const;

  friend bool operator==(const PortSet&, const PortSet&) = default;

 private:
  explicit PortSet(std::vector<uint16_t> sorted) : ports_(std::move(sorted)) {}
  std::vector<uint16_t> ports_;
};

}  // namespace sonde
