#pragma once

#include <string>
#include <vector>

#include "engine/target/attributes.h"
#include "engine/target/interval_set.h"
#include "engine/target/line_reader.h"
#include "engine/target/pair_list.h"
#include "engine/target/resolver.h"
#include "engine/target/spec.h"
#include "engine/target/target_set.h"

namespace sonde {

/// The most ranges, hosts and pairs together that are read.
inline constexpr size_t kMostTargets = size_t{1} << 27;

/// Gathers targets as they are written, in any order, doubles included; names
/// last, when all can be resolved together. For one thread.
class TargetCollector {
 public:
  /// What was gathered, unsorted.
  struct Gathered {
    std::vector<Interval> ranges;
    std::vector<HostEntry> hosts;
    PairList pairs;
    AttributeTable attributes;
  };

  explicit TargetCollector(const ZoneLookup& zone_index) : zone_index_(zone_index) {}

  /// Reads a command line argument, as one line.
  Result<void> add_argument(const std::string& text);
  /// Reads a file; "-" is stdin_fd.
  Result<void> add_file(const std::string& path, int stdin_fd);
  /// Resolves the names gathered so far. Returns what went wrong with each
  /// name that did not resolve; the others are in. Link-local IPv6 addresses of names
  /// are left out, because a name has no zone.
  std::vector<Error> resolve(Resolver& resolver);

  /// Nothing was gathered, names apart.
  bool empty() const { return count() == 0; }
  bool has_names() const { return !names_.empty(); }
  /// The place ("targets.txt:3:1: ") of the first target without a port of its
  /// own; empty when there is none.
  const std::string& first_without_port() const { return first_without_port_; }
  /// The place of the first link-local IPv6 address without a zone; empty when there is none.
  const std::string& first_without_zone() const { return first_without_zone_; }
  /// Link-local addresses of names that resolve() left out.
  uint64_t zoneless_of_names() const { return zoneless_of_names_; }

  /// Hands over what was gathered; the collector is spent.
  Gathered take() { return std::move(gathered_); }

 private:
  struct NamedTarget {
    std::string name;
    uint16_t port;
    AttributeId attributes;
  };

  size_t count() const { return gathered_.ranges.size() + gathered_.hosts.size() + gathered_.pairs.size(); }
  Result<void> add_line(std::string_view line, const LineOrigin& origin);
  Result<void> check_limit(const LineOrigin& origin) const;
  Result<void> add(const TargetSpec& spec, const LineOrigin& origin);
  void note_place(const TargetSpec& spec, const LineOrigin& origin);
  void add_name(const TargetSpec& spec);
  Result<void> add_each(const TargetSpec& spec, AttributeId attributes, const LineOrigin& origin);
  void add_one(IpAddress address, uint16_t port, AttributeId attributes);
  void add_resolved(const NamedTarget& target, const Resolver::Addresses& addresses);

  const ZoneLookup& zone_index_;
  Gathered gathered_;
  std::vector<NamedTarget> names_;
  std::vector<TargetSpec> specs_;  ///< of one line, kept for its memory
  std::string first_without_port_;
  std::string first_without_zone_;
  uint64_t zoneless_of_names_ = 0;
};

}  // namespace sonde
