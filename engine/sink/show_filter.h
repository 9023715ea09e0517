#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "engine/probe/outcome.h"
#include "net/base/result.h"

namespace sonde {

/// Which endpoints an output tells of, by state: the value of --show. It never
/// hides State::error: those are faults of our own side, and an output that
/// left them out would look more complete than it is. The counts of a summary
/// are not filtered.
class ShowFilter {
 public:
  /// The default: open (and error).
  ShowFilter() = default;

  /// From "open,closed,filtered", in any order and repeated as you like; "all"
  /// is every state; "error" alone shows nothing else. A usage error names the
  /// word that is not known and the ones that are.
  static Result<ShowFilter> parse(std::string_view text);

  /// Every state.
  static ShowFilter all();

  bool shows(State state) const { return shown_[static_cast<size_t>(state)]; }

  friend bool operator==(const ShowFilter&, const ShowFilter&) = default;

 private:
  void show(State state) { shown_[static_cast<size_t>(state)] = true; }

  std::array<bool, 4> shown_ = {true, false, false, true};  // in the order of State
};

}  // namespace sonde
