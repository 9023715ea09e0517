#include "cli/stop_signal.h"

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <initializer_list>
#include <string_view>

#include "cli/command.h"
#include "net/privilege.h"

namespace sonde {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kSameRequest = std::chrono::milliseconds(250);

/// Sent by the destructor to the watching thread alone.
int end_of_watch() { return SIGRTMIN; }

/// Not by stdio, whose lock the thread that is held up may hold; and not at all
/// when standard error itself is what takes nothing.
void tell_at_once(std::string_view text) {
  pollfd error_stream{STDERR_FILENO, POLLOUT, 0};
  if (poll(&error_stream, 1, 0) <= 0 || (error_stream.revents & POLLOUT) == 0) return;
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

/// As nohup(1) leaves it: a blocked signal would be queued all the same.
bool is_ignored(int signal) {
  struct sigaction now {};
  return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

StopSignal::StopSignal() {
  sigemptyset(&awaited_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (!is_ignored(signal)) sigaddset(&awaited_, signal);
  }
  sigaddset(&awaited_, end_of_watch());
  pthread_sigmask(SIG_BLOCK, &awaited_, nullptr);
  watcher_ = std::thread([this] { watch(); });
}

StopSignal::~StopSignal() {
  pthread_kill(watcher_.native_handle(), end_of_watch());
  watcher_.join();
}

void StopSignal::watch() {
  // Rights are a thread's own: those who read foreign bytes give theirs up, and
  // this one, which was there before, must not keep any. It needs none.
  [[maybe_unused]] const Result<void> without_rights = drop_capabilities();
  SteadyClock::time_point first;
  while (true) {
    const int signal = sigwaitinfo(&awaited_, nullptr);
    if (signal == end_of_watch()) return;
    if (signal < 0) continue;  // EINTR: a signal that is not ours
    if (!asked_) {
      first = SteadyClock::now();
      asked_ = true;
      // On a terminal the cursor stands behind the progress line.
      tell_at_once(isatty(STDERR_FILENO) != 0 ? "\nsonde: stopping; once more ends at once\n"
                                              : "sonde: stopping; once more ends at once\n");
    } else if (SteadyClock::now() - first > kSameRequest) {
      _exit(static_cast<int>(ExitCode::interrupted));
    }
  }
}

}  // namespace sonde
