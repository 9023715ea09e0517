#include "engine/sink/show_filter.h"

#include <algorithm>
#include <optional>
#include <string>

namespace sonde {
namespace {

constexpr std::array kStates = {State::open, State::closed, State::filtered, State::error};

std::optional<State> state_of(std::string_view word) {
  for (const State state : kStates) {
    if (to_string(state) == word) return state;
  }
  return std::nullopt;
}

}  // namespace

ShowFilter ShowFilter::all() {
  ShowFilter filter;
  filter.shown_.fill(true);
  return filter;
}

Result<ShowFilter> ShowFilter::parse(std::string_view text) {
  ShowFilter filter;
  filter.shown_.fill(false);
  filter.show(State::error);
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(',', start), text.size());
    const std::string_view word = text.substr(start, end - start);
    if (word == "all") {
      filter = all();
    } else if (const auto state = state_of(word)) {
      filter.show(*state);
    } else {
      return usage_error("'" + std::string(word) +
                         "' is not a state: use open, closed, filtered, error or all, with commas between");
    }
    start = end + 1;
  }
  return filter;
}

}  // namespace sonde
