#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "net/base/clock.h"

namespace sonde {

/// A queue from many threads to one, with a limit: who would exceed it waits.
/// Items travel in batches, so that the lock is taken once a turn and not once
/// an item. All calls are safe from any thread.
template <typename T>
class BoundedQueue {
 public:
  /// `most` items; one batch may exceed it, so that none is ever stuck.
  explicit BoundedQueue(size_t most) : most_(most) {}

  /// Appends the batch and leaves it empty. Waits while the queue is full.
  void push(std::vector<T>& batch) {
    if (batch.empty()) return;
    std::unique_lock lock(mutex_);
    has_room_.wait(lock, [&] { return items_.size() < most_; });
    for (T& item : batch) items_.push_back(std::move(item));
    batch.clear();
    lock.unlock();
    has_items_.notify_one();
  }

  /// Takes everything that is there into `taken` (which is emptied first);
  /// waits for the first item, or for wake(), at most `longest`.
  void take_all(std::vector<T>& taken, Nanos longest) {
    taken.clear();
    std::unique_lock lock(mutex_);
    has_items_.wait_for(lock, longest, [&] { return !items_.empty() || woken_; });
    woken_ = false;
    taken.swap(items_);
    lock.unlock();
    has_room_.notify_all();
  }

  /// Ends a take_all() that waits.
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    has_items_.notify_one();
  }

 private:
  const size_t most_;
  std::mutex mutex_;
  std::condition_variable has_items_;
  std::condition_variable has_room_;
  std::vector<T> items_;
  bool woken_ = false;
};

}  // namespace sonde
