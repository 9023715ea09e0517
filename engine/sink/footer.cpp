#include "engine/sink/footer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include "engine/sink/utf8.h"

namespace sonde {
namespace {

constexpr size_t kLongestNote = 1000;
constexpr size_t kMostProxies = 10;
// While anything is silent, 100 % is a matter of rounding.
constexpr double kMostProvable = 0.99999;

/// "1 pass", "3 passes".
std::string counted(uint64_t number, std::string_view one, std::string_view many) {
  return with_thousands(number) + " " + std::string(number == 1 ? one : many);
}

/// A share as per cent, never rounded up: 0.99998 is "99.998 %".
std::string percent(double share) {
  const double thousandths = std::floor(std::clamp(share, 0.0, 1.0) * 1e5 + 1e-6);
  const auto number = static_cast<uint64_t>(thousandths);
  std::string text = std::to_string(number / 1000) + "." + std::to_string(1000 + number % 1000).substr(1);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " %";
}

std::string completeness(const SummaryRecord& summary) {
  const bool all_answered = summary.filtered + summary.errors + summary.unreported == 0;
  if (summary.completeness_low && *summary.completeness_low >= 1 && all_answered)
    return "; every endpoint answered";
  if (summary.completeness_low && std::isfinite(*summary.completeness_low)) {
    return "; completeness >= " + percent(std::min(*summary.completeness_low, kMostProvable));
  }
  if (summary.completeness && std::isfinite(*summary.completeness)) {
    return "; completeness about " + percent(*summary.completeness);
  }
  return "";
}

std::string duration(double seconds) {
  const auto tenths = static_cast<uint64_t>(std::llround(seconds * 10));
  const uint64_t whole = tenths / 10;
  if (whole < 60) return std::to_string(whole) + "." + std::to_string(tenths % 10) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return with_thousands(whole / 3600) + " h " + std::to_string(whole / 60 % 60) + " min";
}

std::string speed(const SummaryRecord& summary) {
  if (!std::isfinite(summary.elapsed_s) || summary.elapsed_s <= 0) return "";
  const double per_second = static_cast<double>(summary.books.sent) / summary.elapsed_s;
  return "; " + duration(summary.elapsed_s) + ", " +
         with_thousands(static_cast<uint64_t>(std::llround(per_second))) + " probes/s";
}

std::string counts_line(const SummaryRecord& summary) {
  std::string line = counted(summary.endpoints, "endpoint", "endpoints") + ": " +
                     with_thousands(summary.open) + " open, " + with_thousands(summary.closed) + " closed, " +
                     with_thousands(summary.filtered) + " filtered, " +
                     counted(summary.errors, "error", "errors");
  line += completeness(summary);
  line += "; " + counted(summary.passes, "pass", "passes");
  if (!summary.shard.empty()) line += "; shard " + printable_text(summary.shard, 50);
  return line + speed(summary) + "\n";
}

std::string hidden_line(const SummaryRecord& summary, const ShowFilter& show) {
  struct Part {
    State state;
    uint64_t count;
  };
  const std::array parts = {Part{State::open, summary.open}, Part{State::closed, summary.closed},
                            Part{State::filtered, summary.filtered}};
  std::string line;
  for (const Part& part : parts) {
    if (show.shows(part.state) || part.count == 0) continue;
    line += line.empty() ? "not shown: " : ", ";
    line += with_thousands(part.count) + " " + std::string(to_string(part.state));
  }
  return line.empty() ? line : line + " (--show all shows them)\n";
}

std::string left_out_line(const TableExtent& extent) {
  if (extent.left_out == 0) return "";
  return "the table is full: it shows the " + with_thousands(extent.rows) +
         " endpoints that were decided first, " + with_thousands(extent.left_out) +
         " more are missing; use -o FILE.jsonl to have all of them\n";
}

std::string resumed_line(const SummaryRecord& summary) {
  if (summary.resumed == 0) return "";
  return "resumed: " + counted(summary.resumed, "endpoint was", "endpoints were") +
         " decided by an earlier run, and are counted but not shown here\n";
}

std::string interrupted_line(const SummaryRecord& summary) {
  if (!summary.interrupted && summary.unreported == 0) return "";
  return std::string(summary.interrupted ? "interrupted: " : "incomplete: ") +
         counted(summary.unreported, "endpoint has", "endpoints have") + " no verdict\n";
}

std::string degraded_lines(const SummaryRecord& summary) {
  std::string lines;
  if (summary.degraded) lines += "degraded: this result is less complete or less exact than it should be\n";
  const ProbeBooks& books = summary.books;
  if (!books.balanced()) {
    const uint64_t accounted =
        books.answered + books.unresolved + books.unanswered + books.local_failed + books.abandoned;
    lines += "the books do not balance: " + counted(books.sent, "probe", "probes") + " sent, " +
             with_thousands(accounted) + " accounted for\n";
  }
  return lines;
}

std::string proxy_line(const ProxyRecord& proxy) {
  std::string host = proxy.address.to_string();
  if (proxy.scope != 0) host += "%" + std::to_string(proxy.scope);
  return host + ": all " + with_thousands(proxy.ports) +
         " ports that answered look like a SYN proxy or tarpit (window 0, no options)\n";
}

std::string proxy_lines(const SummaryRecord& summary) {
  std::string lines;
  const size_t told = std::min(summary.proxies.size(), kMostProxies);
  for (size_t i = 0; i < told; ++i) lines += proxy_line(summary.proxies[i]);
  const size_t rest = summary.proxies.size() - told;
  if (rest > 0)
    lines += "and " + counted(rest, "more host", "more hosts") + " whose answers look like that\n";
  return lines;
}

std::string note_lines(const SummaryRecord& summary) {
  std::string lines;
  for (const std::string& note : summary.notes) lines += "note: " + printable_text(note, kLongestNote) + "\n";
  return lines;
}

}  // namespace

std::string with_thousands(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t place = text.size(); place > 3; place -= 3) text.insert(place - 3, 1, ',');
  return text;
}

std::string footer(const SummaryRecord& summary, const TableExtent& extent) {
  return counts_line(summary) + hidden_line(summary, extent.show) + left_out_line(extent) +
         resumed_line(summary) + interrupted_line(summary) + proxy_lines(summary) + degraded_lines(summary) +
         note_lines(summary);
}

}  // namespace sonde
