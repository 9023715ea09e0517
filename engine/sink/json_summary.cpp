#include "engine/sink/json_summary.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "engine/sink/footer.h"

namespace sonde {
namespace {

using Json = nlohmann::ordered_json;

void put_packets(Json& ledger, const PacketBooks& packets) {
  ledger["packets_sent"] = packets.sent;
  ledger["tx_refused"] = packets.refused;
  ledger["packets_received"] = packets.received;
  ledger["packets_answered"] = packets.answers;
  ledger["invalid"] = packets.invalid;
  ledger["unrelated"] = packets.unrelated;
  ledger["rx_dropped"] = packets.rx_dropped;
  ledger["neighbour_questions"] = packets.questions;
  ledger["neighbour_answers"] = packets.neighbours;
}

Json ledger_of(const SummaryRecord& summary) {
  const ProbeBooks& books = summary.books;
  Json ledger = {{"sent", books.sent},
                 {"answered", books.answered},
                 {"unresolved", books.unresolved},
                 {"unanswered", books.unanswered},
                 {"local_failed", books.local_failed},
                 {"abandoned", books.abandoned},
                 {"late", books.late},
                 {"duplicate", books.duplicate},
                 {"shared", books.shared}};
  if (summary.packets) put_packets(ledger, *summary.packets);
  ledger["balanced"] = books.balanced() && (!summary.packets || summary.packets->balanced());
  return ledger;
}

/// A measure, left out when there is none or when it is not a number.
void put_measure(Json& object, const char* name, std::optional<double> value) {
  if (value && std::isfinite(*value)) object[name] = *value;
}

void put_counts(Json& object, const SummaryRecord& summary) {
  object["targets"] = summary.targets;
  object["endpoints"] = summary.endpoints;
  object["probes"] = summary.books.sent;
  object["answered"] = summary.books.answered;
  object["open"] = summary.open;
  object["closed"] = summary.closed;
  object["filtered"] = summary.filtered;
  object["errors"] = summary.errors;
  object["unreported"] = summary.unreported;
  object["resumed"] = summary.resumed;
  object["passes"] = summary.passes;
}

Json json_of(const ProxyRecord& proxy) {
  Json object = {{"addr", proxy.address.to_string()}};
  if (proxy.scope != 0) object["scope"] = proxy.scope;
  object["ports"] = proxy.ports;
  return object;
}

void put_proxies(Json& object, const std::vector<ProxyRecord>& proxies) {
  if (proxies.empty()) return;
  Json& list = object["proxies"] = Json::array();
  const size_t listed = std::min(proxies.size(), kMostProxiesListed);
  for (size_t i = 0; i < listed; ++i) list.push_back(json_of(proxies[i]));
}

std::vector<std::string> notes_of(const SummaryRecord& summary) {
  std::vector<std::string> notes = summary.notes;
  if (summary.proxies.size() > kMostProxiesListed) {
    notes.push_back(with_thousands(summary.proxies.size()) +
                    " hosts look like SYN proxies or tarpits; the first " +
                    with_thousands(kMostProxiesListed) + " are listed");
  }
  return notes;
}

Json json_of(const SummaryRecord& summary) {
  Json object = {
      {"type", "summary"}, {"version", summary.version}, {"engine", summary.engine}, {"seed", summary.seed}};
  if (!summary.shard.empty()) object["shard"] = summary.shard;
  put_counts(object, summary);
  put_measure(object, "completeness", summary.completeness);
  put_measure(object, "completeness_low", summary.completeness_low);
  object["ledger"] = ledger_of(summary);
  object["interrupted"] = summary.interrupted;
  object["degraded"] = summary.degraded;
  put_proxies(object, summary.proxies);
  if (auto notes = notes_of(summary); !notes.empty()) object["notes"] = std::move(notes);
  put_measure(object, "elapsed_s", summary.elapsed_s);
  object["args"] = summary.args;
  return object;
}

}  // namespace

void append_json_line(std::string& out, const SummaryRecord& summary) {
  // All of it as ASCII: notes and arguments may hold anything, and it is one line.
  out += json_of(summary).dump(-1, ' ', true, Json::error_handler_t::replace);
  out += '\n';
}

}  // namespace sonde
