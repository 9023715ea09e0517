#include "engine/target/target_builder.h"

#include <algorithm>

#include "engine/target/reserved.h"
#include "engine/target/target_collector.h"
#include "engine/target/target_merge.h"

namespace sonde {
namespace {

Result<void> read_all(const std::vector<std::string>& arguments, const std::vector<std::string>& files,
                      int stdin_fd, TargetCollector& collector) {
  for (const std::string& argument : arguments)
    if (auto added = collector.add_argument(argument); !added) return added;
  for (const std::string& file : files)
    if (auto added = collector.add_file(file, stdin_fd); !added) return added;
  return {};
}

Result<void> check_complete(const TargetCollector& targets, bool has_ports) {
  if (targets.empty() && !targets.has_names())
    return usage_error("no targets given: name addresses, ranges or hosts, or a file of them with -iL");
  if (!targets.first_without_zone().empty())
    return usage_error(
        targets.first_without_zone() +
        "found link-local IPv6 addresses without a zone, expected one address with the interface it is "
        "on, such as fe80::1%eth0");
  if (!has_ports && !targets.first_without_port().empty())
    return usage_error(
        targets.first_without_port() +
        "no ports given: add -p PORTS, or write HOST:PORT, with brackets around an IPv6 address: "
        "[::1]:22");
  return {};
}

/// The first few failures in one text.
std::string list_of(const std::vector<Error>& failures) {
  constexpr size_t kMostListed = 5;
  std::string list;
  for (size_t i = 0; i < std::min(failures.size(), kMostListed); ++i)
    list += (i == 0 ? "" : "; ") + failures[i].text;
  if (failures.size() > kMostListed)
    list += "; and " + std::to_string(failures.size() - kMostListed) + " more";
  return list;
}

/// The addresses of hosts, which an exclude takes out whatever their names are.
IntervalSet all_addresses(std::vector<Interval> ranges, const std::vector<HostEntry>& hosts) {
  for (const HostEntry& host : hosts) ranges.push_back({host.address, host.address});
  return IntervalSet(std::move(ranges));
}

Result<void> add_user_excludes(const TargetRequest& request, Resolver& resolver, const ZoneLookup& zone_index,
                               Exclusion& exclusion) {
  TargetCollector excludes(zone_index);
  if (auto read = read_all(request.excludes, request.exclude_files, request.stdin_fd, excludes); !read)
    return read;
  // An exclude that is not understood must not be probed by mistake.
  if (const auto failures = excludes.resolve(resolver); !failures.empty())
    return usage_error("an excluded name cannot be resolved, so it is not known what to leave out: " +
                       list_of(failures));
  TargetCollector::Gathered gathered = excludes.take();
  exclusion.add_addresses("--exclude", all_addresses(std::move(gathered.ranges), gathered.hosts));
  exclusion.add_endpoints("--exclude of single endpoints", std::move(gathered.pairs));
  return {};
}

Result<Exclusion> exclusion_for(const TargetRequest& request, Resolver& resolver,
                                const ZoneLookup& zone_index) {
  Exclusion exclusion;
  for (const SpecialRange& special : never_probed())
    exclusion.add_addresses(std::string(special.what), IntervalSet({special.range}));
  std::vector<Interval> broadcasts;
  for (const IpAddress address : request.broadcasts) broadcasts.push_back({address, address});
  exclusion.add_addresses("broadcast address of an attached network", IntervalSet(std::move(broadcasts)));
  if (auto added = add_user_excludes(request, resolver, zone_index, exclusion); !added)
    return tl::unexpected(std::move(added.error()));
  return exclusion;
}

tl::unexpected<Error> forbidden(const std::string& what) {
  return usage_error(
      what +
      " is outside the private, loopback, link-local, shared, benchmark and documentation ranges: if you "
      "may probe it, add --allow-public");
}

std::string described(IpAddress address, const Attributes& attributes) {
  return attributes.name.empty() ? address.to_string() : attributes.name + " (" + address.to_string() + ")";
}

Result<void> check_permission(const TargetParts& parts) {
  if (const auto strange = needs_permission(parts.addresses)) return forbidden(strange->to_string());
  const IntervalSet free = free_to_probe_set();
  for (const HostEntry& host : parts.hosts)
    if (!free.contains(host.address))
      return forbidden(described(host.address, parts.attributes[host.attributes]));
  for (const Pair& pair : parts.pairs)
    if (!free.contains(pair.address()))
      return forbidden(described(pair.address(), parts.attributes[pair.attributes]));
  return {};
}

std::string what_was_taken(const std::vector<LeftOut>& left_out) {
  std::string text;
  for (const LeftOut& part : left_out) {
    text += (text.empty() ? "" : ", ") + part.why + " took ";
    if (part.addresses != 0)
      text += decimal(part.addresses) + (part.addresses == 1 ? " address" : " addresses");
    if (part.addresses != 0 && part.endpoints != 0) text += " and ";
    if (part.endpoints != 0)
      text +=
          std::to_string(part.endpoints) + (part.endpoints == 1 ? " single endpoint" : " single endpoints");
  }
  return text;
}

Result<void> check_size(const TargetParts& parts, const std::vector<LeftOut>& left_out) {
  const U128 count = endpoint_count(parts);
  if (count == 0) return usage_error("nothing is left to probe: " + what_was_taken(left_out));
  if (count > TargetSet::kLargestSize)
    return usage_error("the targets are " + decimal(parts.addresses.size()) + " addresses on " +
                       std::to_string(parts.ports.size()) +
                       " ports, more than the 2^63 endpoints of one sweep: "
                       "give smaller ranges or fewer ports");
  return {};
}

}  // namespace

Result<BuiltTargets> build_target_set(const TargetRequest& request, Resolver& resolver,
                                      const ZoneLookup& zone_index) {
  TargetCollector targets(zone_index);
  auto done = read_all(request.arguments, request.files, request.stdin_fd, targets);
  if (done) done = check_complete(targets, request.ports && !request.ports->empty());
  if (!done) return tl::unexpected(std::move(done.error()));

  BuiltTargets built;
  built.unresolved = targets.resolve(resolver);
  if (!built.unresolved.empty() && targets.empty())
    return usage_error("no target could be resolved: " + list_of(built.unresolved));
  if (targets.zoneless_of_names() > 0)
    built.left_out.push_back(
        {"link-local addresses of host names, which need a zone", targets.zoneless_of_names(), 0});

  const auto exclusion = exclusion_for(request, resolver, zone_index);
  if (!exclusion) return tl::unexpected(exclusion.error());
  auto parts = merge_targets(targets.take(), request.ports.value_or(PortSet()), *exclusion, built.left_out);
  if (!parts) return tl::unexpected(std::move(parts.error()));
  done = check_size(*parts, built.left_out);
  if (done && !request.allow_public) done = check_permission(*parts);
  if (!done) return tl::unexpected(std::move(done.error()));
  built.set = TargetSet(std::move(*parts));
  return built;
}

}  // namespace sonde
