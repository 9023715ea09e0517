#include "cli/stop_signal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

namespace sonde {
namespace {

void wait_until_asked(const StopSignal& stop) {
  while (!stop.asked()) std::this_thread::yield();
}

TEST(StopSignal, TheFirstSignalIsAQuestion) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const StopSignal stop;
    EXPECT_FALSE(stop.asked());
    kill(getpid(), signal);
    wait_until_asked(stop);
  }
}

// The main thread does nothing but repeat the signal, as if it were held up:
// nobody polls asked().
TEST(StopSignalDeathTest, OneMoreEndsAtOnceAlsoWhenNobodyAsks) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const auto insist = [] {
    const StopSignal stop;
    while (true) {
      kill(getpid(), SIGINT);
      std::this_thread::yield();
    }
  };
  EXPECT_EXIT(insist(), testing::ExitedWithCode(130), "sonde: stopping; once more ends at once");
}

}  // namespace
}  // namespace sonde
