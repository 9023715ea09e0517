#include "net/neighbour_resolver.h"

#include "net/base/check.h"

namespace sonde {
namespace {

// How many failures one call takes note of: other threads wait for the lock meanwhile.
constexpr size_t kMostFailuresAtOnce = 1024;

constexpr Nanos wait_after(size_t questions) {
  return NeighbourResolver::kFirstWait * (int64_t{1} << (questions - 1));
}

}  // namespace

// The finalizer of SplitMix64 over the parts: neighbours differ in few bits.
size_t NeighbourResolver::Hash::operator()(const Neighbour& neighbour) const noexcept {
  const U128 number = neighbour.address.number();
  const uint64_t network = static_cast<uint64_t>(number >> 64) ^ neighbour.interface_index;
  uint64_t mixed = static_cast<uint64_t>(number) + network * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

NeighbourResolver::NeighbourResolver(size_t most_neighbours) : most_(most_neighbours) { CHECK(most_ > 0); }

NeighbourResolver::Status NeighbourResolver::status_of(const Entry& entry) {
  if (entry.place == kFailed) return Status::failed;
  return entry.station.size > 0 ? Status::resolved : Status::asking;
}

NeighbourResolver::Answer NeighbourResolver::look_up(const Neighbour& neighbour, const Asker& asker,
                                                     Instant now) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(neighbour);
  if (found == known_.end()) return enter(neighbour, asker, now);
  Entry& entry = found->second;
  if (!is_asked(entry) && entry.until <= now) {
    entry.asker = asker;
    move(entry, 0, now);
  }
  return {status_of(entry), entry.station};
}

std::optional<NeighbourResolver::Answer> NeighbourResolver::known(const Neighbour& neighbour) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(neighbour);
  if (found == known_.end()) return std::nullopt;
  return Answer{status_of(found->second), found->second.station};
}

NeighbourResolver::Answer NeighbourResolver::enter(const Neighbour& neighbour, const Asker& asker,
                                                   Instant now) {
  if (!make_room()) {
    turned_away_.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  Node& node = *known_.try_emplace(neighbour).first;
  node.second.asker = asker;
  node.second.until = now;
  node.second.at = places_[0].insert(places_[0].end(), &node);
  return {};
}

bool NeighbourResolver::make_room() {
  if (known_.size() < most_) return true;
  Queue& forgotten = places_[kFailed].empty() ? places_[kResolved] : places_[kFailed];
  if (forgotten.empty()) return false;
  known_.erase(forgotten.front()->first);
  forgotten.pop_front();
  return true;
}

void NeighbourResolver::move(Entry& entry, size_t place, Instant until) {
  Queue& to = places_[place];
  to.splice(to.end(), places_[entry.place], entry.at);
  entry.place = static_cast<uint8_t>(place);
  entry.until = until;
}

void NeighbourResolver::take(const Neighbour& neighbour, const LinkAddress& station, Instant now) {
  if (station.size == 0) return;
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(neighbour);
  if (found == known_.end()) return;
  Entry& entry = found->second;
  const bool is_news = status_of(entry) != Status::resolved;
  entry.station = station;
  move(entry, kResolved, now + kStationHold);
  if (is_news) generation_.fetch_add(1, std::memory_order_release);
}

size_t NeighbourResolver::earliest() const {
  size_t earliest = kPlaces;
  for (size_t place = 0; place <= kQuestions; ++place) {
    if (places_[place].empty()) continue;
    if (earliest == kPlaces || due_at(place) < due_at(earliest)) earliest = place;
  }
  return earliest;
}

void NeighbourResolver::due_questions(Instant now, size_t most, std::vector<Question>& due) {
  const std::lock_guard lock(mutex_);
  size_t questions = 0, failures = 0;
  for (size_t place = earliest(); place != kPlaces && due_at(place) <= now; place = earliest()) {
    auto& [neighbour, entry] = *places_[place].front();
    if (place == kQuestions) {
      if (failures++ == kMostFailuresAtOnce) return;
      fail(entry, now);
    } else {
      if (questions++ == most) return;
      due.push_back({neighbour, entry.asker});
      move(entry, place + 1, now + wait_after(place + 1));
    }
  }
}

// Who is looked up meanwhile stands behind it in the queue: a short delay.
void NeighbourResolver::not_sent(const Neighbour& neighbour, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(neighbour);
  if (found != known_.end() && is_asked(found->second)) move(found->second, 0, now + kUnsentPause);
}

void NeighbourResolver::fail(Entry& entry, Instant now) {
  entry.station = {};
  move(entry, kFailed, now + kFailureHold);
  generation_.fetch_add(1, std::memory_order_release);
}

Instant NeighbourResolver::next_event() const {
  const std::lock_guard lock(mutex_);
  const size_t place = earliest();
  return place == kPlaces ? Instant::max() : due_at(place);
}

}  // namespace sonde
