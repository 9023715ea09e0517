#include "engine/probe/syn_batch.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/base/check.h"

namespace sonde {

uint32_t timestamp_of(WallTime time) {
  return static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count());
}

SynBatch::SynBatch(PacketPort& port, const Clock& clock, const SynScope& scope, OnFailure on_failure)
    : port_(port),
      clock_(clock),
      scope_(scope),
      on_failure_(std::move(on_failure)),
      frames_(kCapacity),
      packets_(kCapacity),
      next_port_(scope.first_port) {}

void SynBatch::add(const Probe& probe, const NextHop& hop, const LinkAddress& station, Instant now) {
  CHECK(size_ < kCapacity);
  if (size_ == 0) timestamp_ = timestamp_of(clock_.system_time());
  Frame& frame = frames_[size_];
  frame.probe = probe;
  const size_t length =
      builder_for(hop.source).build(probe.endpoint, next_source_port(), timestamp_, frame.bytes);
  packets_[size_] = {.interface_index = hop.interface_index,
                     .ether_type = probe.endpoint.address.is_v4() ? kEtherTypeIpv4 : kEtherTypeIpv6,
                     .to = station,
                     .bytes = std::span(frame.bytes).first(length)};
  ++size_;
  if (size_ % kAtOnce == 0) flush(now);
}

void SynBatch::flush(Instant now) {
  while (size_ > 0) {
    const SendResult result = port_.send(std::span(packets_).first(size_));
    drop_front(result.taken);
    if (result.taken > 0) busy_since_.reset();
    if (size_ == 0) return;
    const bool busy = result.error == ENOBUFS || result.error == EAGAIN || result.error == 0;
    if (busy) {
      if (!busy_since_) busy_since_ = now;
      if (now - *busy_since_ < kLongestBusy) return;
    }
    on_failure_(frames_.front().probe, result.error == 0 ? ENOBUFS : result.error);
    drop_front(1);
  }
}

/// Frames are few and small: moving those that stay keeps everything in one piece.
void SynBatch::drop_front(size_t count) {
  if (count == 0) return;
  std::copy(frames_.begin() + static_cast<ptrdiff_t>(count), frames_.begin() + static_cast<ptrdiff_t>(size_),
            frames_.begin());
  std::copy(packets_.begin() + static_cast<ptrdiff_t>(count),
            packets_.begin() + static_cast<ptrdiff_t>(size_), packets_.begin());
  size_ -= count;
  for (size_t i = 0; i < size_; ++i)
    packets_[i].bytes = std::span(frames_[i].bytes).first(packets_[i].bytes.size());
}

uint32_t SynBatch::clear() { return static_cast<uint32_t>(std::exchange(size_, 0)); }

const SynBuilder& SynBatch::builder_for(const IpAddress& source) {
  const auto known = std::ranges::find(builders_, source, &SynBuilder::source);
  if (known != builders_.end()) return *known;
  return builders_.emplace_back(source, scope_.key);
}

uint16_t SynBatch::next_source_port() {
  const uint16_t port = next_port_;
  next_port_ = port == scope_.last_port ? scope_.first_port : static_cast<uint16_t>(port + 1);
  return port;
}

}  // namespace sonde
