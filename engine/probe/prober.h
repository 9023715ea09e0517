#pragma once

#include <cstdint>
#include <span>
#include <string_view>

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
/// Every started probe gives exactly one observation.
class Prober {
 public:
  virtual ~Prober() = default;

  /// How it probes, for people: "connect (io_uring)".
  virtual std::string_view name() const = 0;
  /// The most probes that can ever be under way.
  virtual uint32_t capacity() const = 0;
  /// How many are under way.
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
  /// Ends all probes under way without an observation: the run is interrupted.
  /// Returns how many there were.
  virtual uint32_t abandon() = 0;
};

}  // namespace sonde
