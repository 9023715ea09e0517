#include "engine/probe/send_window.h"

namespace sonde {

void SendWindow::add(uint32_t probes, Instant now) {
  advance(now);
  sent_[newest_] += probes;
  count_ += probes;
}

void SendWindow::advance(Instant now) {
  while (now - newest_began_ >= slice_) {
    if (count_ == 0) {  // nothing to move: no need to step through a long pause
      newest_began_ = now;
      return;
    }
    newest_began_ += slice_;
    newest_ = (newest_ + 1) % kRing;
    count_ -= sent_[newest_];
    sent_[newest_] = 0;
  }
}

void SendWindow::clear() {
  sent_.fill(0);
  count_ = 0;
}

}  // namespace sonde
