#include "engine/target/fault.h"

namespace sonde {

tl::unexpected<Fault> found_fault(size_t offset, std::string_view found, std::string_view expected) {
  return tl::unexpected<Fault>(Fault{offset, "found " + quoted_part(found) + ", " + std::string(expected)});
}

std::string quoted_part(std::string_view text) {
  constexpr size_t kLongest = 60;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string quote = "\"";
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      quote += c;
    } else {
      quote += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return quote + (text.size() > kLongest ? "…\"" : "\"");
}

}  // namespace sonde
