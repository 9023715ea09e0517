#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/sweep/crew.h"

namespace sonde {

/// Makes the prober of one worker; called in that worker's own thread, to which
/// the prober then belongs.
using ProberFactory = std::function<Result<std::unique_ptr<Prober>>(uint32_t worker)>;

/// A crew of threads, each with a prober of its own, which it keeps through all
/// passes. They wait between passes, and end with the crew.
class ProbingCrew final : public Crew {
 public:
  /// Starts `threads` threads and waits until each has its prober. The error is
  /// that of the first factory call that failed.
  static Result<std::unique_ptr<Crew>> start(uint32_t threads, const ProberFactory& factory,
                                             SweepWorker::Shared shared);
  ~ProbingCrew() override;
  ProbingCrew(const ProbingCrew&) = delete;
  ProbingCrew& operator=(const ProbingCrew&) = delete;

  std::string_view engine() const override { return prober_name_; }
  bool remembers() const override { return remembers_; }
  void begin(const Pass& pass) override;
  bool working() const override;
  uint64_t dealt() const override { return share_ ? share_->blocks.dealt() : 0; }
  uint64_t not_tried() const override;
  ProbeBooks books() const override;
  std::vector<std::string> notes() const override;
  std::optional<PacketBooks> packets() const override;

 private:
  struct Member {
    std::thread thread;
    uint64_t not_tried = 0;
    ProbeBooks books;
    PacketBooks packets;
    std::vector<std::string> notes;
  };

  ProbingCrew(uint32_t threads, SweepWorker::Shared shared) : shared_(shared), members_(threads) {}
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
  std::unique_ptr<PassShare> share_;
  bool ended_ = false;
  std::optional<Error> error_;
  std::string prober_name_;
  bool remembers_ = true;
};

}  // namespace sonde
