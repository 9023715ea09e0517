#include "net/drop_counters.h"

#include <charconv>
#include <fstream>
#include <sstream>

namespace sonde {
namespace {

// A file of /proc/net/stat: a line of names, then one line for each processor
// with a hexadecimal number under each name.
class StatTable {
 public:
  explicit StatTable(const std::string& path) : file_(path) {
    std::string line;
    std::getline(file_, line);
    names_ = words(line);
    while (std::getline(file_, line)) rows_.push_back(words(line));
  }

  // The sum over all processors; nullopt without such a column.
  std::optional<uint64_t> sum(std::string_view name) const {
    for (size_t column = 0; column < names_.size(); ++column)
      if (names_[column] == name) return sum(column);
    return std::nullopt;
  }

 private:
  static std::vector<std::string> words(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> found;
    for (std::string word; stream >> word;) found.push_back(word);
    return found;
  }

  std::optional<uint64_t> sum(size_t column) const {
    uint64_t total = 0;
    for (const auto& row : rows_) {
      uint64_t number = 0;
      if (column >= row.size()) return std::nullopt;
      const std::string& word = row[column];
      const auto end = word.data() + word.size();
      if (std::from_chars(word.data(), end, number, 16).ptr != end) return std::nullopt;
      total += number;
    }
    return total;
  }

  std::ifstream file_;
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> rows_;
};

// Kernels before 5.15 have no column "chainlength".
std::optional<uint64_t> conntrack_dropped(const StatTable& table) {
  const auto dropped = table.sum("drop");
  if (!dropped) return std::nullopt;
  return *dropped + table.sum("chainlength").value_or(0);
}

uint64_t growth(const std::optional<uint64_t>& before, const std::optional<uint64_t>& after) {
  return before && after && *after > *before ? *after - *before : 0;
}

std::string times(uint64_t count) { return count == 1 ? "once" : std::to_string(count) + " times"; }
std::string counted(uint64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string neighbours_text(uint64_t count, const std::string& family) {
  return "this machine's " + family + " neighbour table overflowed " + times(count) + ": raise net." +
         family +
         ".neigh.default.gc_thresh3, or lower --rate; silent endpoints of attached networks may have been "
         "missed";
}

std::string dropped_text(uint64_t count) {
  return "this machine's connection tracking dropped " + counted(count, "packet", "packets") +
         ": raise net.netfilter.nf_conntrack_max, exempt the sweep with a notrack rule, or lower --rate; "
         "silent endpoints may have been missed";
}

std::string evicted_text(uint64_t count) {
  return "this machine's connection tracking was full and gave up " + counted(count, "entry", "entries") +
         " early: raise net.netfilter.nf_conntrack_max, exempt the sweep with a notrack rule, or lower "
         "--rate; "
         "late answers may have been missed";
}

}  // namespace

DropCounters read_drop_counters(const std::string& proc) {
  const StatTable conntrack(proc + "/net/stat/nf_conntrack");
  return {.neighbours_v4_full = StatTable(proc + "/net/stat/arp_cache").sum("table_fulls"),
          .neighbours_v6_full = StatTable(proc + "/net/stat/ndisc_cache").sum("table_fulls"),
          .conntrack_dropped = conntrack_dropped(conntrack),
          .conntrack_evicted = conntrack.sum("early_drop")};
}

std::vector<std::string> explain_drops(const DropCounters& before, const DropCounters& after) {
  std::vector<std::string> sentences;
  if (const auto grown = growth(before.neighbours_v4_full, after.neighbours_v4_full))
    sentences.push_back(neighbours_text(grown, "ipv4"));
  if (const auto grown = growth(before.neighbours_v6_full, after.neighbours_v6_full))
    sentences.push_back(neighbours_text(grown, "ipv6"));
  if (const auto grown = growth(before.conntrack_dropped, after.conntrack_dropped))
    sentences.push_back(dropped_text(grown));
  if (const auto grown = growth(before.conntrack_evicted, after.conntrack_evicted))
    sentences.push_back(evicted_text(grown));
  return sentences;
}

}  // namespace sonde
