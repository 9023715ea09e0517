#include "engine/target/target_collector.h"

#include <algorithm>

#include "engine/target/exclusion.h"
#include "engine/target/plain_pair.h"

namespace sonde {
namespace {

/// fe80::/10 (RFC 4291 §2.4).
constexpr Interval kLinkLocal{IpAddress::from_number(U128{0xfe80} << 112),
                              IpAddress::from_number((U128{0xfec0} << 112) - 1)};

bool overlaps_link_local(const Interval& range) {
  return range.first <= kLinkLocal.last && kLinkLocal.first <= range.last;
}

U128 address_count(const std::vector<Interval>& ranges) {
  U128 count = 0;
  for (const Interval& range : ranges)
    count = saturating_add(count, saturating_add(range.last.number() - range.first.number(), 1));
  return count;
}

/// A name as it stands in records and in TLS: without the root's dot.
std::string without_dot(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  return name;
}

}  // namespace

Result<void> TargetCollector::add_argument(const std::string& text) {
  if (text.find('\n') != std::string::npos)
    return usage_error(LineOrigin{{}, 0, text}.prefix(text.find('\n') + 1) +
                       "found a line feed, expected one line");
  return add_line(text, {{}, 0, text});
}

Result<void> TargetCollector::add_file(const std::string& path, int stdin_fd) {
  auto reader = LineReader::open(path, stdin_fd);
  if (!reader) return tl::unexpected(std::move(reader.error()));
  while (true) {
    const auto line = reader->next();
    if (!line) return tl::unexpected(line.error());
    if (!*line) return {};
    const LineOrigin origin{reader->name(), reader->line_number(), {}};
    if (auto added = add_line(**line, origin); !added) return added;
  }
}

Result<void> TargetCollector::add_line(std::string_view line, const LineOrigin& origin) {
  if (const auto endpoint = parse_plain_pair(line)) {
    gathered_.pairs.emplace_back(endpoint->address, endpoint->port, kNoAttributes);
    return check_limit(origin);
  }
  specs_.clear();
  if (auto parsed = parse_target_line(line, origin, zone_index_, specs_); !parsed) return parsed;
  for (const TargetSpec& spec : specs_) {
    auto added = add(spec, origin);
    if (added) added = check_limit(origin);
    if (!added) return added;
  }
  return {};
}

Result<void> TargetCollector::check_limit(const LineOrigin& origin) const {
  if (count() + names_.size() <= kMostTargets) return {};
  return usage_error(origin.prefix(1) + "found more than " + std::to_string(kMostTargets) +
                     " targets: sweep them in several runs, or write them as ranges");
}

Result<void> TargetCollector::add(const TargetSpec& spec, const LineOrigin& origin) {
  note_place(spec, origin);
  if (!spec.name.empty()) {
    add_name(spec);
    return {};
  }
  const AttributeId attributes = gathered_.attributes.intern({spec.scope, spec.label, spec.sni});
  if (spec.port != 0 || attributes != kNoAttributes) return add_each(spec, attributes, origin);
  gathered_.ranges.insert(gathered_.ranges.end(), spec.ranges.begin(), spec.ranges.end());
  return {};
}

void TargetCollector::note_place(const TargetSpec& spec, const LineOrigin& origin) {
  if (spec.port == 0 && first_without_port_.empty()) first_without_port_ = origin.prefix(spec.column);
  const bool lacks_zone =
      spec.scope == 0 && std::any_of(spec.ranges.begin(), spec.ranges.end(), overlaps_link_local);
  if (lacks_zone && first_without_zone_.empty()) first_without_zone_ = origin.prefix(spec.column);
}

void TargetCollector::add_name(const TargetSpec& spec) {
  const std::string plain = without_dot(spec.name);
  const Attributes attributes{0, spec.label.empty() ? plain : spec.label,
                              spec.sni.empty() ? plain : spec.sni};
  names_.push_back({spec.name, spec.port, gathered_.attributes.intern(attributes)});
}

Result<void> TargetCollector::add_each(const TargetSpec& spec, AttributeId attributes,
                                       const LineOrigin& origin) {
  if (address_count(spec.ranges) > kMostSplitEndpoints)
    return usage_error(
        origin.prefix(spec.column) + "found a range of " + decimal(address_count(spec.ranges)) +
        " addresses with a port, label or server name, expected at most " +
        std::to_string(kMostSplitEndpoints) + ": give the port by -p, or write smaller ranges");
  for (const Interval& range : spec.ranges) {
    const U128 first = range.first.number();
    const U128 length = range.last.number() - first + 1;  // fits: see above
    for (U128 i = 0; i < length; ++i) add_one(IpAddress::from_number(first + i), spec.port, attributes);
  }
  return {};
}

void TargetCollector::add_one(IpAddress address, uint16_t port, AttributeId attributes) {
  if (port == 0) {
    gathered_.hosts.push_back({address, attributes});
  } else {
    gathered_.pairs.emplace_back(address, port, attributes);
  }
}

std::vector<Error> TargetCollector::resolve(Resolver& resolver) {
  std::vector<std::string> distinct;
  for (const NamedTarget& target : names_) distinct.push_back(target.name);
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const auto answers = resolver.resolve_all(distinct);
  std::vector<Error> failures;
  for (const auto& answer : answers)
    if (!answer) failures.push_back(answer.error());
  for (const NamedTarget& target : names_) {
    const auto place = std::lower_bound(distinct.begin(), distinct.end(), target.name) - distinct.begin();
    if (const auto& answer = answers[static_cast<size_t>(place)]) add_resolved(target, *answer);
  }
  return failures;
}

void TargetCollector::add_resolved(const NamedTarget& target, const Resolver::Addresses& addresses) {
  for (const IpAddress address : addresses) {
    if (address.is_link_local_v6()) {
      ++zoneless_of_names_;
    } else {
      add_one(address, target.port, target.attributes);
    }
  }
}

}  // namespace sonde
