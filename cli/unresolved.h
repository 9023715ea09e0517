#pragma once

#include <span>
#include <string>

#include "net/base/result.h"

namespace sonde {

/// The most names that unresolved_text() tells.
inline constexpr size_t kMostNamesTold = 10;

/// "2 names did not resolve and are not probed: …; …": how many, and of the
/// first kMostNamesTold which and why. Empty when there are none.
std::string unresolved_text(std::span<const Error> unresolved);

}  // namespace sonde
