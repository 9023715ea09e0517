#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/address.h"
#include "net/base/clock.h"
#include "net/packet/link_address.h"

namespace sonde {

/// A neighbour on one link.
struct Neighbour {
  uint32_t interface_index = 0;
  IpAddress address;
  friend auto operator<=>(const Neighbour&, const Neighbour&) = default;
};

/// Finds out the link addresses of neighbours: decides when to ask and what to
/// make of the answers; sending and receiving is the caller's. Thread-safe: the
/// answer to one thread's question may come in at another's port. The threads'
/// instants may differ a little, as those of a clock sampled before a lock do.
///
/// A neighbour is asked up to kQuestions times, at growing distance, about 3 s
/// in all, as the kernel does. What stays unanswered has failed, and is asked
/// anew when it is looked up again kFailureHold later. A late answer still counts.
/// A station that was heard of longer than kStationHold ago is asked for again
/// when it is looked up (a gateway may have been replaced), and counts until all
/// questions have gone unanswered.
///
/// Remembers kMostNeighbours, some 200 bytes each. When there are more, failed
/// ones are forgotten first and then those that answered longest ago; never
/// those that are being asked.
class NeighbourResolver {
 public:
  static constexpr size_t kQuestions = 4;
  /// The wait after the first question; it doubles with every further one:
  /// 200, 400, 800 and 1,600 ms from the sending of a question, 3 s in all.
  static constexpr Nanos kFirstWait = std::chrono::milliseconds(200);
  static constexpr Nanos kFailureHold = std::chrono::seconds(1);
  static constexpr Nanos kUnsentPause = std::chrono::milliseconds(20);
  static constexpr Nanos kStationHold = std::chrono::seconds(60);
  static constexpr size_t kMostNeighbours = size_t{1} << 20;

  /// `most_neighbours`, at least 1: how many are remembered.
  explicit NeighbourResolver(size_t most_neighbours = kMostNeighbours);

  enum class Status : uint8_t { asking, resolved, failed };
  struct Answer {
    Status status = Status::asking;
    LinkAddress station;  ///< when resolved
  };

  /// Whom the answer goes to: our addresses on the neighbour's link, the first
  /// one of the neighbour's family (NextHop::own_address and own_station).
  struct Asker {
    IpAddress address;
    LinkAddress station;
    friend auto operator<=>(const Asker&, const Asker&) = default;
  };
  /// A question to be sent. It may have been raised by another thread.
  struct Question {
    Neighbour neighbour;
    Asker asker;
    friend auto operator<=>(const Question&, const Question&) = default;
  };

  /// What is known; asking begins with the first look-up, by its asker. When as
  /// many as can be remembered are being asked, `asking` without being so: look
  /// up again when generation() has grown.
  Answer look_up(const Neighbour& neighbour, const Asker& asker, Instant now);
  /// What is known, without beginning to ask; nullopt when nothing is, because
  /// nobody has asked, there was no room, or it was forgotten.
  std::optional<Answer> known(const Neighbour& neighbour) const;
  /// Takes in an answer; one that nobody asked for changes nothing, nor does
  /// one without a station. Of several, the latest counts.
  void take(const Neighbour& neighbour, const LinkAddress& station, Instant now);
  /// The questions that are due, longest due first, at most `most`, appended to
  /// `due`. The caller sends them; nobody else is handed the same ones. Also
  /// where time passes: who has not answered the last question fails here.
  void due_questions(Instant now, size_t most, std::vector<Question>& due);
  /// A question that due_questions() handed out could not be sent: asking begins
  /// anew after kUnsentPause, since nobody can have heard of it.
  void not_sent(const Neighbour& neighbour, Instant now);
  /// When due_questions() will have something, or a neighbour fails; Instant::max() when never.
  Instant next_event() const;
  /// Grows whenever a neighbour was resolved or failed: a cheap look for whoever waits.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  /// How many look-ups found no room: the limit was hit, and slowed down the caller.
  uint64_t turned_away() const { return turned_away_.load(std::memory_order_relaxed); }

 private:
  struct Entry;
  using Node = std::pair<const Neighbour, Entry>;  // in known_, where it stays in its place
  using Queue = std::list<Node*>;
  struct Entry {
    Asker asker;
    LinkAddress station;  // size 0: never answered
    uint8_t place = 0;    // the queue in which the entry stands …
    Instant until;        // … until then
    Queue::iterator at;
  };
  struct Hash {
    size_t operator()(const Neighbour& neighbour) const noexcept;
  };

  // An entry is in one of these queues. Everyone in a queue came to it with the
  // same wait ahead, so that the first is due first and was heard of longest
  // ago. Queues 0 … kQuestions: asked so many times.
  static constexpr size_t kResolved = kQuestions + 1;
  static constexpr size_t kFailed = kQuestions + 2;
  static constexpr size_t kPlaces = kQuestions + 3;

  static bool is_asked(const Entry& entry) { return entry.place <= kQuestions; }
  static Status status_of(const Entry& entry);
  Answer enter(const Neighbour& neighbour, const Asker& asker, Instant now);
  bool make_room();
  void move(Entry& entry, size_t place, Instant until);
  void fail(Entry& entry, Instant now);
  // The queue of the asked whose first entry is due first; kPlaces when nobody is asked.
  size_t earliest() const;
  Instant due_at(size_t place) const { return places_[place].front()->second.until; }

  const size_t most_;
  mutable std::mutex mutex_;  // guards what follows, but for the counters
  std::array<Queue, kPlaces> places_;
  std::unordered_map<Neighbour, Entry, Hash> known_;
  std::atomic<uint64_t> generation_{0};
  std::atomic<uint64_t> turned_away_{0};
};

}  // namespace sonde
