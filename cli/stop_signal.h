#pragma once

#include <csignal>

namespace sonde {

/// SIGINT, SIGTERM and SIGHUP as a question instead of an interruption. Made
/// before any thread is started, so that all of them inherit the blocked
/// signals. One object a process.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// True from the first signal on. Never blocks.
  bool asked();

 private:
  sigset_t signals_{};
  sigset_t before_{};
  bool asked_ = false;
};

}  // namespace sonde
