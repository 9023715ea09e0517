#include "engine/sweep/reporter.h"

#include <algorithm>

#include "engine/probe/exchange.h"
#include "engine/target/services.h"

namespace sonde {
namespace {

/// Steps that one call of list_unanswered() looks at.
constexpr uint64_t kListedAtOnce = Journal::kMostPending;

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
  failed_.clear();
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
  sort_out(findings);
  records_.clear();
  steps_.clear();
  for (const News& news : news_) {
    steps_.push_back(news.finding->seen.step);
    if (news.revises || parts_.show.shows(news.finding->seen.outcome.state))
      records_.push_back(record_of(news));
  }
  parts_.journal.begin_batch(steps_);
  if (Result<void> written = write(records_); !written) return written;
  for (const News& news : news_) mark(*news.finding);
  parts_.journal.end_batch();
  return {};
}

/// What an endpoint said before, here or in an earlier batch, is not said
/// again; better evidence is (a SYN-ACK after a RST, either after an error of ours).
void Reporter::sort_out(std::span<const Finding> findings) {
  news_.clear();
  new_marks_.clear();
  for (const Finding& finding : findings) {
    const Mark mark = mark_of(finding.seen.outcome.state);
    const Mark known = known_mark(finding.seen.step);
    const bool is_error = finding.seen.outcome.state == State::error;
    const bool replaces_error =
        known == Mark::rejected && mark > known && failed_.contains(finding.seen.step);
    if (known != Mark::unanswered && !is_error && !replaces_error) ++not_first_;
    if (mark <= known) continue;
    if (is_error) remember_failed(finding.seen.step);
    news_.push_back({&finding, known != Mark::unanswered, hosts_.note(finding.seen)});
    new_marks_[finding.seen.step] = mark;
  }
}

/// In the ledger, or in this batch so far.
Mark Reporter::known_mark(uint64_t step) const {
  const auto here = new_marks_.find(step);
  return here != new_marks_.end() ? here->second : ledger_->at(step - first_step_);
}

void Reporter::remember_failed(uint64_t step) {
  if (failed_.size() < kMostFailed)
    failed_.insert(step);
  else
    too_many_failed_ = true;
}

/// An error is counted before it is marked, and no longer counted after what
/// replaces it is marked: after an interruption in between, one error too many
/// is told of, not one too few.
void Reporter::mark(const Finding& finding) {
  JournalState& state = parts_.journal.state();
  const uint64_t step = finding.seen.step - first_step_;
  const bool first = ledger_->at(step) == Mark::unanswered;
  const bool replaces_error = !first && failed_.erase(finding.seen.step) > 0;
  if (finding.seen.outcome.state == State::error) {
    ++state.slice_errors;
  } else if (first || replaces_error) {
    // What this machine told itself of a neighbour is no answer that loss could have hidden.
    if (!finding.seen.neighbour_unresolved) ++state.found[finding.pass];
    if (finding.shared) ++shared_;
  }
  ledger_->raise(step, mark_of(finding.seen.outcome.state));
  if (replaces_error) --state.slice_errors;
}

EndpointRecord Reporter::record_of(const News& news) const {
  const Observation& seen = news.finding->seen;
  const Target target = parts_.walk.at(seen.step);
  EndpointRecord record;
  record.time = parts_.clock.wall_time(seen.at);
  record.endpoint = seen.endpoint;
  record.name = target.name;
  record.sni = target.sni;
  record.outcome = seen.outcome;
  record.rtt = seen.rtt;
  record.rtt_clock = seen.rtt_clock;
  record.attempts = news.finding->pass + 1;
  record.service = service_of(seen);
  record.icmp = seen.icmp;
  record.neighbour_unresolved = seen.neighbour_unresolved;
  record.local_errno = seen.local_errno;
  record.after_accept = seen.after_accept;
  record.banner = seen.banner;
  record.segment = seen.segment;
  record.usual_ttl = news.usual_ttl;
  record.follow_up = seen.follow_up;
  record.revised = news.revises;
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

/// Word by word, since there may be billions.
void Reporter::absorb(const QuietMarks& marks, uint32_t pass) {
  JournalState& state = parts_.journal.state();
  for (size_t i = 0; i < marks.words.size(); ++i) {
    const Ledger::Raised raised = ledger_->raise_word(i, marks.words[i], marks.told);
    state.found[pass] += raised.first;
    not_first_ += raised.again;
  }
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
