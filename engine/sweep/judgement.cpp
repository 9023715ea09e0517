#include "engine/sweep/judgement.h"

#include "engine/sweep/host_book.h"
#include "engine/sweep/reporter.h"

namespace sonde {
namespace {

// With so much found for sure, drops that were counted somewhere did no harm.
constexpr double kHarmlessCompleteness = 0.999;

void degrade(SummaryRecord& summary, std::string why) {
  summary.degraded = true;
  summary.notes.push_back(std::move(why));
}

void judge_books(SummaryRecord& summary) {
  if (!summary.books.balanced())
    degrade(summary, "the books do not balance: probes were lost inside sonde; please report it");
  if (!summary.packets) return;
  const PacketBooks& packets = *summary.packets;
  // Each probe became a SYN or was not sent; each proved answer came to be judged.
  const bool crossed = summary.interrupted || (summary.books.sent == packets.sent + packets.not_sent &&
                                               summary.books.packet_answers == packets.answers);
  if (!packets.balanced() || !crossed)
    degrade(summary, "the packet books do not balance: packets were lost inside sonde; please report it");
}

void judge_goal(SummaryRecord& summary, const SweepFacts& facts) {
  if (!facts.completeness_goal || summary.interrupted) return;
  if (!summary.completeness_low && summary.errors == 0) {
    degrade(summary, "no completeness can be estimated: too little answered, or only one pass was made");
  } else if (summary.completeness_low.value_or(0) < *facts.completeness_goal) {
    degrade(summary, "the completeness asked for was not reached: raise --retries, or lower --rate");
  }
}

/// Packets that the kernel dropped unseen: whoever stayed silent may not have been asked.
void judge_drops(SummaryRecord& summary, const SweepFacts& facts) {
  if (summary.filtered == 0) return;
  // Devices also count what they refused to us and we sent again, some twice:
  // whether it did harm, the passes tell, which all ask the same way.
  const bool harmless = summary.packets && summary.completeness_low.value_or(0) >= kHarmlessCompleteness;
  for (const std::string& why : facts.drops) {
    summary.degraded = summary.degraded || !harmless;
    summary.notes.push_back(
        why + (harmless ? " (later passes found next to nothing that earlier ones had missed)" : ""));
  }
}

/// Answers that reached this machine and were lost here: whoever stayed silent
/// in the last pass may have been among them.
void judge_ring(SummaryRecord& summary, const SweepFacts& facts) {
  if (!summary.packets || summary.packets->rx_dropped == 0) return;
  const bool harmful = facts.last_pass_lossy && summary.filtered > 0;
  summary.degraded = summary.degraded || harmful;
  summary.notes.push_back(
      "the receive ring overflowed and lost " + std::to_string(summary.packets->rx_dropped) + " packets; " +
      (harmful
           ? "the last pass lost some too, so silence may be our fault: lower --rate, or raise --ring-bytes"
           : "later passes asked again"));
}

void note_limits(SummaryRecord& summary, const SweepFacts& facts) {
  if (facts.hosts_left_out) {
    summary.notes.push_back("more than " + std::to_string(HostBook::kMostHosts) +
                            " hosts answered: SYN proxies and unusual TTLs are told of the first ones only");
  }
  if (facts.errors_left_out) {
    summary.notes.push_back("more than " + std::to_string(Reporter::kMostFailed) +
                            " endpoints could not be tried: those of the others that answered later may "
                            "count as errors");
  }
  if (facts.neighbour_limits) {
    const auto& [v4, v6] = *facts.neighbour_limits;
    summary.notes.push_back(
        "the hosts of attached networks were probed no faster than this machine's neighbour table allows (" +
        std::to_string(v4) + " at a time over IPv4, " + std::to_string(v6) +
        " over IPv6): raise net.ipv4.neigh.default.gc_thresh3 or net.ipv6.neigh.default.gc_thresh3 to go "
        "faster");
  }
  if (facts.step_downs > 0) {
    summary.notes.push_back("concurrency was lowered " + std::to_string(facts.step_downs) +
                            " times because this machine ran short of descriptors, source ports or memory");
  }
}

}  // namespace

void judge(SummaryRecord& summary, const SweepFacts& facts) {
  judge_books(summary);
  if (summary.errors > 0) {
    degrade(summary, std::to_string(summary.errors) +
                         " endpoints could not be tried, for reasons of this machine (state error)");
  }
  judge_goal(summary, facts);
  judge_drops(summary, facts);
  judge_ring(summary, facts);
  note_limits(summary, facts);
}

}  // namespace sonde
