// Writes a wide sample of records as "jsonl" or "csv" to standard output, for
// schema_test.py: the same records in either format.

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "engine/sink/format.h"
#include "tests/engine/sink/records.h"

int main(int count, char** words) {
  using namespace sonde;
  const auto format = parse_format(count == 2 ? words[1] : "");
  if (!format) return std::fprintf(stderr, "%s\n", format.error().text.c_str()), EXIT_FAILURE;
  OutputSpec spec;
  spec.format = *format;
  spec.show = ShowFilter::all();
  std::vector<EndpointRecord> records = {an_open_ssh()};
  for (uint16_t port = 1; port <= 4; ++port) {
    records.push_back(a_record("2001:db8::1", port, static_cast<State>(port - 1)));
  }
  for (EndpointRecord& record : random_records(19, 2000)) records.push_back(std::move(record));
  auto sink = make_sink(spec);
  const bool written = sink && (*sink)->write(records) && (*sink)->finish(random_summary(1));
  return written ? EXIT_SUCCESS : EXIT_FAILURE;
}
