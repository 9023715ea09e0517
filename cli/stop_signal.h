#pragma once

#include <atomic>
#include <csignal>
#include <thread>

namespace sonde {

/// SIGINT, SIGTERM and SIGHUP as a question instead of an interruption. Made
/// before any other thread is started, so that all of them inherit the blocked
/// signals, and before anything that may block, such as opening an output. A
/// thread of its own waits for the signals: it sees them also while the others
/// are held up by an output that takes nothing.
///
/// The first signal is the question, and says so on standard error. The second
/// one ends the process at once with exit code 130, which loses nothing: journal
/// and outputs are consistent at every moment. Signals within a quarter of a
/// second of the first one belong to it: timeout(1) and closing terminals send
/// it twice.
///
/// One object a process. The signals stay blocked when it is gone: what comes
/// while the process ends must not change its exit code.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// True from the first signal on. Never blocks; any thread.
  bool asked() const { return asked_.load(std::memory_order_relaxed); }

 private:
  void watch();

  sigset_t awaited_{};
  std::atomic<bool> asked_ = false;
  std::thread watcher_;  // last: it uses the others
};

}  // namespace sonde
