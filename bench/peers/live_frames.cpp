// Sends one frame as often as it is told, as fast as live frames allow: the limit
// that the in-kernel sweep is held against.
//
//   live_frames INTERFACE STATION SOURCE ADDRESS PORT COUNT    prints {"seconds": S}
//
// The frame is a SYN; to compare what is alike, send it where nobody answers.

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <netinet/ether.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "live_frames.skel.h"
#include "net/packet/syn_packet.h"

namespace sonde {
namespace {

constexpr int kFramesPerRun = 1 << 20;  // one run takes some 26 ms to set up

using Skeleton = std::unique_ptr<live_frames_bpf, decltype(&live_frames_bpf__destroy)>;
using Frame = std::vector<std::byte>;

struct Order {
  unsigned interface = 0;
  ether_addr station{};
  IpAddress source;
  Endpoint to;
  long count = 0;
};

std::optional<Order> read_order(std::span<char*> words) {
  if (words.size() != 6) return std::nullopt;
  const ether_addr* const station = ether_aton(words[1]);
  const auto source = IpAddress::parse(words[2]), address = IpAddress::parse(words[3]);
  if (station == nullptr || !source || !address || !source->is_v4() || !address->is_v4()) return std::nullopt;
  const auto port = static_cast<uint16_t>(std::strtoul(words[4], nullptr, 10));
  return Order{if_nametoindex(words[0]), *station, *source, {*address, port}, std::strtol(words[5], nullptr, 10)};
}

Skeleton load(unsigned interface) {
  Skeleton skeleton(live_frames_bpf__open(), live_frames_bpf__destroy);
  if (!skeleton) return skeleton;
  skeleton->rodata->interface = interface;
  if (live_frames_bpf__load(skeleton.get()) != 0) skeleton.reset();
  return skeleton;
}

Frame frame_of(const Order& order) {
  Frame frame(ETH_HLEN + kLargestSyn);
  ether_header link{};
  std::memcpy(link.ether_dhost, &order.station, sizeof order.station);
  link.ether_type = htons(ETHERTYPE_IP);
  std::memcpy(frame.data(), &link, sizeof link);
  const size_t size = SynBuilder(order.source, {}).build(order.to, 50000, 1, std::span(frame).subspan(ETH_HLEN));
  frame.resize(ETH_HLEN + size);
  return frame;
}

bool send(int program, const Frame& frame, long count) {
  for (; count > 0; count -= kFramesPerRun) {
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = frame.data();
    options.data_size_in = static_cast<uint32_t>(frame.size());
    options.repeat = static_cast<int>(std::min<long>(count, kFramesPerRun));
    options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    if (bpf_prog_test_run_opts(program, &options) != 0) return false;
  }
  return true;
}

int fail(const char* what) {
  std::fprintf(stderr, "live_frames: %s: %s\n", what, std::strerror(errno));
  return 1;
}

}  // namespace
}  // namespace sonde

int main(int argc, char** argv) {
  using namespace sonde;
  const auto order = read_order(std::span(argv, static_cast<size_t>(argc)).subspan(1));
  if (!order || order->count <= 0) {
    std::fputs("usage: live_frames INTERFACE STATION SOURCE ADDRESS PORT COUNT\n", stderr);
    return 2;
  }
  if (order->interface == 0) return fail(argv[1]);
  const Skeleton skeleton = load(order->interface);
  if (!skeleton) return fail("loading the program");
  const auto began = std::chrono::steady_clock::now();
  if (!send(bpf_program__fd(skeleton->progs.send_again), frame_of(*order), order->count)) return fail("sending");
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  std::printf("{\"seconds\": %.6f}\n", taken.count());
}
