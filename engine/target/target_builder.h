#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/target/exclusion.h"
#include "engine/target/ports.h"
#include "engine/target/resolver.h"
#include "engine/target/spec.h"
#include "engine/target/target_set.h"
#include "net/base/result.h"

namespace sonde {

/// What the user asked for, as it stood on the command line.
struct TargetRequest {
  std::vector<std::string> arguments;      ///< targets; each is read like a line of a file
  std::vector<std::string> files;          ///< files of targets; "-" is stdin_fd
  std::vector<std::string> excludes;       ///< --exclude, the same grammar
  std::vector<std::string> exclude_files;  ///< --exclude-file
  std::optional<PortSet> ports;            ///< none given: only exact pairs can be probed
  bool allow_public = false;               ///< --allow-public
  /// Broadcast addresses of the attached subnets: never probed.
  std::vector<IpAddress> broadcasts;
  int stdin_fd = 0;
};

struct BuiltTargets {
  TargetSet set;
  std::vector<LeftOut> left_out;
  /// Names that did not resolve, with their causes: to be told to the user,
  /// who may want to stop. At least one other target is in the set.
  std::vector<Error> unresolved;
};

/// Reads, resolves and combines: names become addresses, reserved ranges,
/// broadcast addresses and excludes are taken out, duplicates are merged. An
/// exclude is a target whose label, server name and zone do not matter; with a
/// port it takes out those endpoints alone. An address that has a name, a
/// label or a server name does not stand among the plain addresses as well,
/// and a plain pair goes when its endpoint is in the set otherwise.
/// Errors (all say where and why): unreadable files, syntax, targets without
/// ports, link-local addresses without a zone, public addresses without
/// permission, an exclude that does not resolve, no name resolved, a set
/// larger than 2^63, a set that is empty.
Result<BuiltTargets> build_target_set(const TargetRequest& request, Resolver& resolver,
                                      const ZoneLookup& zone_index = system_zone_index);

}  // namespace sonde
