// Any bytes as a line of targets: no crash, no endless loop, and what is
// accepted keeps the promises that the rest of the program relies on.
#include <cstddef>
#include <cstdint>

#include "engine/target/plain_pair.h"
#include "engine/target/ports.h"
#include "engine/target/spec.h"
#include "net/base/check.h"

namespace {

uint32_t any_zone(const std::string& zone) { return static_cast<uint32_t>(zone.size() % 3); }

void check_spec(const sonde::TargetSpec& spec) {
  CHECK(spec.name.empty() != spec.ranges.empty());
  for (const sonde::Interval& range : spec.ranges) {
    CHECK(range.first <= range.last);
    CHECK(range.first.is_v4() == range.last.is_v4());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<sonde::TargetSpec> specs;
  const auto parsed = sonde::parse_target_line(text, {"fuzz", 1, {}}, any_zone, specs);
  if (parsed) {
    for (const sonde::TargetSpec& spec : specs) check_spec(spec);
  } else {
    CHECK(parsed.error().text.starts_with("fuzz:1:"));
  }
  if (const auto pair = sonde::parse_plain_pair(text)) {
    CHECK(parsed && specs.size() == 1 && specs[0].port == pair->port &&
          specs[0].ranges[0].first == pair->address);
  }
  if (const auto ports = sonde::PortSet::parse(text)) {
    CHECK(sonde::PortSet::parse(ports->to_string()) == *ports);
  }
  return 0;
}
