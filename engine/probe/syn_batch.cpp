#include "engine/probe/syn_batch.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/base/check.h"

namespace sonde {

uint32_t timestamp_of(Instant time) {
  return static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count());
}

SynBatch::SynBatch(PacketPort& port, const Clock& clock, const SynScope& scope, OnFailure on_failure)
    : port_(port),
      clock_(clock),
      scope_(scope),
      on_failure_(std::move(on_failure)),
      frames_(kCapacity),
      next_port_(scope.first_port) {}

void SynBatch::add(const Probe& probe, const NextHop& hop, const LinkAddress& station) {
  CHECK(size_ < kCapacity);
  if (!refused_.empty() && has_its_share(hop.interface_index))
    return on_failure_(probe, refused_.error_of(hop.interface_index), false);
  Frame& frame = frames_[size_++];
  frame.probe = probe;
  frame.builder = builder_for(hop.source);
  frame.source_port = next_source_port();
  frame.interface_index = hop.interface_index;
  frame.station = station;
}

uint32_t SynBatch::flush(Instant now) {
  uint32_t taken = 0;
  willing_ = size_;
  while (willing_ > 0) {
    // Built right before they leave, so that their timestamp is true.
    const uint32_t timestamp = timestamp_of(clock_.now());
    const size_t count = std::min(willing_, kAtOnce);
    build(std::span(frames_).first(count), timestamp);
    const SendResult result = port_.send(packets_);
    taken += static_cast<uint32_t>(result.taken);
    for (size_t i = 0; i < result.taken && !refused_.empty(); ++i)
      refused_.forget(packets_[i].interface_index);
    take_front(result.taken);
    if (result.taken < count) on_refusal(result.error, now);
  }
  due_at_ = size_ + kAtOnce;
  return taken;
}

/// Fills `packets_`, in the order of the frames. Those of one source are built
/// together, which is quicker.
void SynBatch::build(std::span<Frame> frames, uint32_t timestamp) {
  packets_.resize(frames.size());
  for (size_t number = 0; number < builders_.size(); ++number) {
    const SynBuilder& builder = builders_[number];
    const uint16_t ether_type = builder.source().is_v4() ? kEtherTypeIpv4 : kEtherTypeIpv6;
    orders_.clear();
    for (size_t i = 0; i < frames.size(); ++i) {
      Frame& frame = frames[i];
      if (frame.builder != number) continue;
      orders_.push_back({&frame.probe.endpoint, frame.source_port, frame.bytes.data()});
      packets_[i].interface_index = frame.interface_index;
      packets_[i].ether_type = ether_type;
      packets_[i].to = frame.station;
      packets_[i].bytes = std::span(frame.bytes).first(builder.packet_size());
    }
    builder.build(orders_, timestamp);
  }
}

/// Whether a device that refuses packets has enough of them already.
bool SynBatch::has_its_share(uint32_t interface_index) const {
  if (refused_.error_of(interface_index) == 0) return false;
  const auto waiting = std::span(frames_).first(size_);
  return std::ranges::count(waiting, interface_index, &Frame::interface_index) >=
         static_cast<ptrdiff_t>(kMostOfRefusing);
}

/// The first frame was refused. A device that is busy, or down, keeps its frames
/// for a while, out of the others' way; any other error is the frame's own.
void SynBatch::on_refusal(int error, Instant now) {
  if (error == 0 || error == EAGAIN) error = ENOBUFS;
  if (error != ENOBUFS && error != ENETDOWN) {
    on_failure_(frames_.front().probe, error, false);
    return take_front(1);
  }
  const uint32_t device = frames_.front().interface_index;
  if (refused_.note(device, error, now)) return fail_all_of(device, error);
  willing_ = set_aside(device);
}

/// Moves the frames of a device behind the others; returns how many others there are.
size_t SynBatch::set_aside(uint32_t interface_index) {
  const auto end = frames_.begin() + static_cast<ptrdiff_t>(willing_);
  const auto aside = std::stable_partition(
      frames_.begin(), end, [&](const Frame& frame) { return frame.interface_index != interface_index; });
  return static_cast<size_t>(aside - frames_.begin());
}

void SynBatch::fail_all_of(uint32_t interface_index, int error) {
  const size_t all = willing_;
  const size_t others = set_aside(interface_index);
  for (size_t i = others; i < all; ++i) on_failure_(frames_[i].probe, error, true);
  std::move(frames_.begin() + static_cast<ptrdiff_t>(all), frames_.begin() + static_cast<ptrdiff_t>(size_),
            frames_.begin() + static_cast<ptrdiff_t>(others));
  size_ -= all - others;
  willing_ = others;
}

/// Frames are few and small: moving those that stay keeps everything in one piece.
void SynBatch::take_front(size_t count) {
  std::move(frames_.begin() + static_cast<ptrdiff_t>(count), frames_.begin() + static_cast<ptrdiff_t>(size_),
            frames_.begin());
  size_ -= count;
  willing_ -= count;
}

uint32_t SynBatch::clear() {
  due_at_ = kAtOnce;
  return static_cast<uint32_t>(std::exchange(size_, 0));
}

size_t SynBatch::builder_for(const IpAddress& source) {
  size_t number = 0;
  while (number < builders_.size() && builders_[number].source() != source) ++number;
  if (number == builders_.size()) builders_.emplace_back(source, scope_.key);
  return number;
}

uint16_t SynBatch::next_source_port() {
  const uint16_t port = next_port_;
  next_port_ = port == scope_.last_port ? scope_.first_port : static_cast<uint16_t>(port + 1);
  return port;
}

}  // namespace sonde
