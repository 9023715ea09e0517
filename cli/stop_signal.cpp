#include "cli/stop_signal.h"

#include <ctime>
#include <initializer_list>

namespace sonde {

StopSignal::StopSignal() {
  sigemptyset(&signals_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

StopSignal::~StopSignal() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool StopSignal::asked() {
  const timespec at_once{};
  if (sigtimedwait(&signals_, nullptr, &at_once) > 0) asked_ = true;
  return asked_;
}

}  // namespace sonde
