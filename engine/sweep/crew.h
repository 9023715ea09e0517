#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sweep/worker.h"
#include "net/base/result.h"

namespace sonde {

/// Answers that no output shows need not be handed over one by one: marks in a
/// ledger of the slice tell of them.
struct QuietMarks {
  std::span<const uint64_t> words;  ///< as in Ledger; empty: all were handed over
  uint32_t told = 0;                ///< bit m: marks m were handed over all the same
};

/// Carries out the passes of a sweep and hands its findings to a queue; how, is
/// its own affair. Used from one thread, the one that reports.
class Crew {
 public:
  virtual ~Crew() = default;

  /// How it probes, for people: "connect (io_uring)", "syn".
  virtual std::string_view engine() const = 0;
  /// Whether it knows what became of each probe; otherwise its books leave open
  /// which were not answered.
  virtual bool remembers() const = 0;
  /// Begins a pass. It must live until working() is false.
  virtual void begin(const Pass& pass) = 0;
  /// True while the pass is not over. When it is, the findings are woken.
  virtual bool working() const = 0;
  /// How many steps of the pass have been taken on.
  virtual uint64_t dealt() const = 0;
  /// How many endpoints could not be tried in the pass. Precondition: !working().
  virtual uint64_t not_tried() const = 0;
  /// What a crew has counted and not handed over. Precondition: !working().
  virtual QuietMarks quiet_marks() { return {}; }
  /// Why it cannot go on; the sweep then ends like one that was interrupted. Precondition: !working().
  virtual std::optional<Error> failure() const { return std::nullopt; }
  /// The books of all passes so far. Precondition: !working().
  virtual ProbeBooks books() const = 0;
  /// What was met on the way and could not be told of an endpoint, each once. Precondition: !working().
  virtual std::vector<std::string> notes() const = 0;
  /// The packets of all passes so far, where packets are seen. Precondition: !working().
  virtual std::optional<PacketBooks> packets() const = 0;
};

/// Makes the crew of a sweep, in the reporting thread. What is shared outlives it.
using CrewFactory = std::function<Result<std::unique_ptr<Crew>>(SweepWorker::Shared shared)>;

}  // namespace sonde
