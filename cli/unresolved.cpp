#include "cli/unresolved.h"

#include <algorithm>

#include "cli/figures.h"

namespace sonde {

std::string unresolved_text(std::span<const Error> unresolved) {
  if (unresolved.empty()) return {};
  std::string text = counted(unresolved.size(), "name", "names") + " did not resolve and " +
                     (unresolved.size() == 1 ? "is" : "are") + " not probed: ";
  const size_t told = std::min(unresolved.size(), kMostNamesTold);
  for (size_t i = 0; i < told; ++i) text += (i == 0 ? "" : "; ") + unresolved[i].text;
  if (unresolved.size() > told) text += "; and " + grouped(unresolved.size() - told) + " more";
  return text;
}

}  // namespace sonde
