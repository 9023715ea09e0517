#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "engine/sweep/crew.h"
#include "net/neighbour_survey.h"
#include "net/xdp/xdp_sweep.h"

namespace sonde {

/// What an XDP crew works with: opened while there are rights.
struct XdpCrewParts {
  std::unique_ptr<XdpSweep> sweep;      ///< attached
  std::unique_ptr<PacketPort> port;     ///< for questions to neighbours
  std::vector<NeighbourQuery> on_link;  ///< targets that are their own neighbours, each once
  std::vector<uint32_t> interfaces;     ///< that probes leave by
  std::vector<uint32_t> cores;          ///< one thread is pinned to each, and sends
  Nanos answer_wait;                    ///< how long answers are waited for
  uint32_t wanted = 0;                  ///< bit m: answers of mark m are handed over
};

/// Passes in the kernel: the programs walk, send, judge and mark; this takes
/// what they tell, finds out stations beforehand, and keeps the rate. One thread
/// a pass, which starts those that send.
class XdpCrew final : public Crew {
 public:
  /// In so many passes a host that answers no ARP is asked for, before that is its verdict.
  static constexpr uint32_t kNeighbourPasses = 3;

  XdpCrew(XdpCrewParts parts, SweepWorker::Shared shared);
  ~XdpCrew() override;
  XdpCrew(const XdpCrew&) = delete;
  XdpCrew& operator=(const XdpCrew&) = delete;

  std::string_view engine() const override { return "xdp"; }
  bool remembers() const override { return false; }
  void begin(const Pass& pass) override;
  bool working() const override { return working_.load(std::memory_order_acquire); }
  uint64_t dealt() const override { return blocks_ ? blocks_->dealt() : 0; }
  uint64_t not_tried() const override { return not_tried_; }
  QuietMarks quiet_marks() override;
  std::optional<Error> failure() const override { return failure_; }
  ProbeBooks books() const override;
  std::vector<std::string> notes() const override { return {}; }
  std::optional<PacketBooks> packets() const override;

 private:
  void run(const Pass& pass);
  void close();
  void wait_until(Instant begin);
  void enter_slice(const Pass& pass);
  void resolve();
  void send_all();
  void send_on(std::span<const uint32_t> cores, const std::function<void(uint32_t)>& send);
  void send_blocks(uint32_t core);
  void send_resets();
  uint32_t turns_for(uint64_t steps) const;
  void watch_until(Instant end);
  void take_events(Nanos longest);
  void take(const sonde_event& event);
  void hand_over(Observation seen, uint64_t step, bool shared);
  void report_unresolved();
  void report_unresolved(const Endpoint& endpoint);
  void follow_orders();
  void publish();
  void check_devices();
  void fail(const Error& error);
  bool is_stopped() const { return shared_.progress.stop.load(std::memory_order_relaxed); }

  XdpCrewParts parts_;
  SweepWorker::Shared shared_;
  const Pass* pass_ = nullptr;
  std::optional<uint64_t> slice_;  // the first step of the slice that the programs have
  std::unique_ptr<PassBlocks> blocks_;
  std::vector<NeighbourQuery> unresolved_;  // of the slice
  uint32_t surveys_ = 0;                    // of them that were made in it
  double rate_ = -1;
  std::vector<Finding> outgoing_;
  ProbeBooks seen_;  // what user space counts
  uint64_t unresolved_attempts_ = 0;
  uint64_t questions_ = 0;
  XdpCounters published_;
  uint64_t published_sent_ = 0;
  uint64_t not_tried_ = 0;
  std::atomic<uint32_t> sending_{0};
  std::mutex failure_mutex_;
  std::optional<Error> failure_;
  std::atomic<bool> working_{false};
  std::thread thread_;
};

}  // namespace sonde
