// Writes a wide sample of records as "jsonl" or "csv" to standard output, for
// schema_test.py: the same records in either format. As JSON Lines, summaries
// of many kinds follow.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/sink/format.h"
#include "engine/sink/json_summary.h"
#include "tests/engine/sink/records.h"

namespace {

using namespace sonde;

std::string more_summaries() {
  std::string lines;
  for (uint64_t seed = 0; seed < 50; ++seed) append_json_line(lines, random_summary(seed));
  SummaryRecord many_proxies = a_summary();
  many_proxies.proxies = proxies_of(kMostProxiesListed + 1, 2);
  append_json_line(lines, many_proxies);
  return lines;
}

}  // namespace

int main(int count, char** words) {
  const auto format = parse_format(count == 2 ? words[1] : "");
  if (!format) return std::fprintf(stderr, "%s\n", format.error().text.c_str()), EXIT_FAILURE;
  OutputSpec spec;
  spec.format = *format;
  spec.show = ShowFilter::all();
  std::vector<EndpointRecord> records = {an_open_ssh(), a_seen_https()};
  for (uint16_t port = 1; port <= 4; ++port) {
    records.push_back(a_record("2001:db8::1", port, static_cast<State>(port - 1)));
  }
  for (EndpointRecord& record : random_records(19, 2000)) records.push_back(std::move(record));
  auto sink = make_sink(spec);
  const bool written =
      sink && (*sink)->begin({}) && (*sink)->write(records) && (*sink)->finish(a_full_summary());
  if (spec.format == OutputFormat::json_lines) std::fputs(more_summaries().c_str(), stdout);
  return written ? EXIT_SUCCESS : EXIT_FAILURE;
}
