#include "engine/sweep/reporter.h"

#include <algorithm>

#include "engine/probe/exchange.h"
#include "engine/target/services.h"

namespace sonde {
namespace {

/// Steps that one call of list_unanswered() looks at.
constexpr uint64_t kListedAtOnce = Journal::kMostPending;

Mark mark_of(State state) {
  if (state == State::open) return Mark::open;
  if (state == State::closed) return Mark::closed;
  return Mark::rejected;
}

std::string service_of(const Observation& seen) {
  const std::string_view shown = service_of_banner(seen.banner);
  return std::string(shown.empty() ? service_name(seen.endpoint.port) : shown);
}

}  // namespace

Reporter::Reporter(Parts parts)
    : parts_(parts),
      listing_repeats_to_(parts.journal.phase() == JournalPhase::listing ? parts.journal.state().listing_to
                                                                         : 0) {}

void Reporter::enter_slice(Ledger& ledger, uint64_t first_step) {
  if (ledger_ != nullptr) listing_repeats_to_ = 0;  // that was about the slice of the interruption
  ledger_ = &ledger;
  first_step_ = first_step;
}

Result<void> Reporter::report(std::span<const Finding> findings) {
  while (!findings.empty()) {
    const size_t count = std::min(findings.size(), Journal::kMostPending);
    if (Result<void> reported = report_batch(findings.first(count)); !reported) return reported;
    findings = findings.subspan(count);
  }
  return {};
}

Result<void> Reporter::report_batch(std::span<const Finding> findings) {
  records_.clear();
  steps_.clear();
  for (const Finding& finding : findings) {
    steps_.push_back(finding.seen.step);
    if (parts_.show.shows(finding.seen.outcome.state)) records_.push_back(record_of(finding));
  }
  parts_.journal.begin_batch(steps_);
  if (Result<void> written = write(records_); !written) return written;
  for (const Finding& finding : findings) mark(finding);
  parts_.journal.end_batch();
  return {};
}

void Reporter::mark(const Finding& finding) {
  // Counted before it is marked: after an interruption in between, one error
  // too many is told of, not one too few.
  if (finding.seen.outcome.state == State::error) ++parts_.journal.state().slice_errors;
  // What this machine told itself of a neighbour is no answer that loss could have hidden.
  else if (!finding.seen.neighbour_unresolved)
    ++parts_.journal.state().found[finding.pass];
  ledger_->raise(finding.seen.step - first_step_, mark_of(finding.seen.outcome.state));
}

EndpointRecord Reporter::record_of(const Finding& finding) const {
  const Observation& seen = finding.seen;
  const Target target = parts_.walk.at(seen.step);
  EndpointRecord record;
  record.time = parts_.clock.wall_time(seen.at);
  record.endpoint = seen.endpoint;
  record.name = target.name;
  record.sni = target.sni;
  record.outcome = seen.outcome;
  record.rtt = seen.rtt;
  record.rtt_clock = seen.rtt_clock;
  record.attempts = finding.pass + 1;
  record.service = service_of(seen);
  record.icmp = seen.icmp;
  record.neighbour_unresolved = seen.neighbour_unresolved;
  record.local_errno = seen.local_errno;
  record.after_accept = seen.after_accept;
  record.banner = seen.banner;
  record.repeated = may_repeat(seen.step);
  return record;
}

bool Reporter::may_repeat(uint64_t step) const {
  const std::vector<uint64_t>& steps = parts_.journal.may_repeat();
  return std::binary_search(steps.begin(), steps.end(), step);
}

EndpointRecord Reporter::silent_record(uint64_t local_step, uint32_t attempts, WallTime now) const {
  const uint64_t step = first_step_ + local_step;
  const Target target = parts_.walk.at(step);
  EndpointRecord record;
  record.time = now;
  record.endpoint = target.endpoint;
  record.name = target.name;
  record.sni = target.sni;
  record.outcome = {State::filtered, Reason::no_response};
  record.attempts = attempts;
  record.service = service_name(target.endpoint.port);
  record.repeated = local_step < listing_repeats_to_ || may_repeat(step);
  return record;
}

Result<uint64_t> Reporter::list_unanswered(uint64_t from, uint32_t attempts) {
  const uint64_t to = std::min(from + kListedAtOnce, ledger_->steps());
  records_.clear();
  if (parts_.show.shows(State::filtered)) {
    const WallTime now = parts_.clock.wall_time(parts_.clock.now());
    for (uint64_t step = ledger_->next_unanswered(from, to); step < to;
         step = ledger_->next_unanswered(step + 1, to)) {
      records_.push_back(silent_record(step, attempts, now));
    }
  }
  JournalState& state = parts_.journal.state();
  state.listing_to = std::max(state.listing_to, to);
  if (Result<void> written = write(records_); !written) return tl::unexpected(written.error());
  state.listed = to;
  return to;
}

Result<void> Reporter::write(std::span<const EndpointRecord> records) {
  if (records.empty()) return {};
  for (const std::unique_ptr<Sink>& sink : parts_.sinks) {
    if (Result<void> written = sink->write(records); !written) return written;
  }
  return {};
}

}  // namespace sonde
