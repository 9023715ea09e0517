#include "engine/sweep/probing_crew.h"

#include <set>

namespace sonde {

Result<std::unique_ptr<Crew>> ProbingCrew::start(uint32_t threads, const ProberFactory& factory,
                                                 SweepWorker::Shared shared) {
  std::unique_ptr<ProbingCrew> crew(new ProbingCrew(threads, shared));
  for (uint32_t index = 0; index < threads; ++index) {
    crew->members_[index].thread =
        std::thread([&crew = *crew, index, &factory] { crew.live(index, factory); });
  }
  std::unique_lock lock(crew->mutex_);
  crew->changed_.wait(lock, [&] { return crew->ready_ == threads; });
  if (crew->error_) return tl::unexpected(*crew->error_);
  lock.unlock();
  return crew;
}

ProbingCrew::~ProbingCrew() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  for (Member& member : members_) member.thread.join();
}

/// The life of one thread: its prober is made, used and destroyed here.
void ProbingCrew::live(uint32_t index, const ProberFactory& factory) {
  Result<std::unique_ptr<Prober>> prober = factory(index);
  std::optional<SweepWorker> worker;
  if (prober) worker.emplace(**prober, static_cast<uint32_t>(members_.size()), shared_);
  {
    const std::lock_guard lock(mutex_);
    ++ready_;
    if (!prober && !error_) error_ = prober.error();
    if (prober) {
      prober_name_ = (*prober)->name();
      remembers_ = (*prober)->remembers();
    }
  }
  changed_.notify_all();
  if (worker) serve(index, *worker);
}

void ProbingCrew::serve(uint32_t index, SweepWorker& worker) {
  uint64_t generation = 0;
  while (const Pass* pass = next_pass(generation)) {
    const uint64_t not_tried = worker.run_pass(*pass, *share_);
    const std::lock_guard lock(mutex_);
    members_[index].not_tried = not_tried;
    members_[index].books = worker.books();
    members_[index].packets = worker.packets();
    members_[index].notes = worker.notes();
    if (--busy_ == 0) shared_.findings.wake();
  }
}

/// Waits for a pass that this thread has not served; nullptr at the end.
const Pass* ProbingCrew::next_pass(uint64_t& generation) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ended_ || generation_ != generation; });
  if (ended_) return nullptr;
  generation = generation_;
  return pass_;
}

void ProbingCrew::begin(const Pass& pass) {
  {
    const std::lock_guard lock(mutex_);
    pass_ = &pass;
    const auto threads = static_cast<uint32_t>(members_.size());
    share_ = std::make_unique<PassShare>(shared_.ledger.steps(), threads);
    busy_ = static_cast<uint32_t>(members_.size());
    ++generation_;
  }
  changed_.notify_all();
}

bool ProbingCrew::working() const {
  const std::lock_guard lock(mutex_);
  return busy_ > 0;
}

uint64_t ProbingCrew::not_tried() const {
  const std::lock_guard lock(mutex_);
  uint64_t sum = 0;
  for (const Member& member : members_) sum += member.not_tried;
  return sum;
}

ProbeBooks ProbingCrew::books() const {
  const std::lock_guard lock(mutex_);
  ProbeBooks sum;
  for (const Member& member : members_) sum += member.books;
  return sum;
}

std::vector<std::string> ProbingCrew::notes() const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> all;
  for (const Member& member : members_) all.insert(member.notes.begin(), member.notes.end());
  return {all.begin(), all.end()};
}

std::optional<PacketBooks> ProbingCrew::packets() const {
  const std::lock_guard lock(mutex_);
  if (remembers_) return std::nullopt;
  PacketBooks sum;
  for (const Member& member : members_) sum += member.packets;
  return sum;
}

}  // namespace sonde
