#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/probe/packet_books.h"
#include "engine/probe/probe.h"

namespace sonde {

/// Carries out probes, many at a time. One prober belongs to one thread; the
/// loop that owns it decides when anything happens:
///
///     prober.wait(now, longest);                // the only place where the thread sleeps
///     const Instant now = clock.now();
///     while (prober.room() > 0 && …) prober.start(next, now);
///     for (const Observation& seen : prober.collect(now)) …
///
/// A prober that remembers its probes gives exactly one observation for each. One
/// that does not (remembers() is false) gives an observation for every answer
/// that proves itself, as often as it comes, and for every probe that could not
/// be sent; silence is the absence of both.
class Prober {
 public:
  virtual ~Prober() = default;

  /// How it probes, for people: "connect (io_uring)".
  virtual std::string_view name() const = 0;
  /// Whether it knows what became of each probe; otherwise answers come with
  /// kStepByEndpoint, perhaps repeatedly, perhaps to another worker's probe.
  virtual bool remembers() const { return true; }
  /// The most probes that can ever be under way.
  virtual uint32_t capacity() const = 0;
  /// How many are under way; of a prober that does not remember, how many may
  /// still be answered.
  virtual uint32_t in_flight() const = 0;
  /// How many more can be started now.
  virtual uint32_t room() const = 0;
  /// Keeps at most so many under way from now on (at least 1, at most
  /// capacity()): how concurrency steps down when this machine runs short.
  virtual void limit(uint32_t most) = 0;
  /// Begins a probe. Precondition: room() > 0.
  virtual void start(const Probe& probe, Instant now) = 0;
  /// Sleeps until something happened or a deadline of a probe has come, at most
  /// `longest`.
  virtual void wait(Instant now, Nanos longest) = 0;
  /// What was seen since the last call, valid until the next one.
  virtual std::span<const Observation> collect(Instant now) = 0;
  /// Probes that were started and could not leave, since the link address of
  /// their next hop was not known: it is now. They are no longer under way, and
  /// to be started again in their turn, so that none goes faster than it may.
  /// Those since the last call; valid until the next one.
  virtual std::span<const Probe> returned() { return {}; }
  /// Looks further at an endpoint that was found open, and observes it again
  /// when that is done, with `followed` set. Returns false when this prober does
  /// not do so, or has done all it can: the observation stands as it is.
  virtual bool follow_up(const Observation&, Instant) { return false; }
  /// Whether something is under way that is certain to be observed yet, such as
  /// a follow-up; whatever else is under way may be forgotten.
  virtual bool owes() const { return in_flight() > 0; }
  /// What it met and could not tell by an observation, in sentences.
  virtual std::vector<std::string> notes() const { return {}; }
  /// The packets that it has seen, where it sees packets. From its own thread.
  virtual PacketBooks packets() { return {}; }
  /// Ends all probes under way: the run is interrupted. Returns what had been
  /// seen of some of them for sure, such as an open endpoint whose banner was
  /// waited for; valid until the next call. Of the others nothing is known.
  virtual std::span<const Observation> abandon() = 0;
};

}  // namespace sonde
