#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/sweep/worker.h"
#include "net/base/result.h"

namespace sonde {

/// Makes the prober of one worker; called in that worker's own thread, to which
/// the prober then belongs.
using ProberFactory = std::function<Result<std::unique_ptr<Prober>>(uint32_t worker)>;

/// The threads of a sweep. They wait between passes, keep their probers
/// through all of them, and end with the crew. Used from one thread.
class Crew {
 public:
  /// Starts `threads` threads and waits until each has its prober. The error is
  /// that of the first factory call that failed.
  static Result<std::unique_ptr<Crew>> start(uint32_t threads, const ProberFactory& factory,
                                             SweepWorker::Shared shared);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// Lets all workers begin a pass. The pass must live until working() is false.
  void begin(const Pass& pass);
  /// True while a worker has not finished the pass.
  bool working() const;
  /// How many endpoints could not be tried in the pass, all workers together. Precondition: !working().
  uint64_t not_tried() const;
  /// The books of all workers. Precondition: !working().
  ProbeBooks books() const;
  /// The packets of all workers, where their probers see packets. Precondition: !working().
  std::optional<PacketBooks> packets() const;
  /// Whether the probers know what became of each probe.
  bool remembers() const { return remembers_; }
  /// How the first worker's prober calls itself.
  const std::string& prober_name() const { return prober_name_; }
  /// How many probes all workers together can have under way.
  uint64_t capacity() const { return capacity_; }

 private:
  struct Member {
    std::thread thread;
    uint64_t not_tried = 0;
    ProbeBooks books;
    PacketBooks packets;
  };

  Crew(uint32_t threads, SweepWorker::Shared shared) : shared_(shared), members_(threads) {}
  void live(uint32_t index, const ProberFactory& factory);
  void serve(uint32_t index, SweepWorker& worker);
  const Pass* next_pass(uint64_t& generation);

  SweepWorker::Shared shared_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Member> members_;
  uint32_t ready_ = 0;
  uint32_t busy_ = 0;
  uint64_t generation_ = 0;  // counts the passes that were begun
  const Pass* pass_ = nullptr;
  bool ended_ = false;
  std::optional<Error> error_;
  std::string prober_name_;
  uint64_t capacity_ = 0;
  bool remembers_ = true;
};

}  // namespace sonde
