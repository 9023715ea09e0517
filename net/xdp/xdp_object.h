#pragma once

/// The private parts of XdpSweep: only net/xdp/*.cpp include this, and with it libbpf.

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/base/result.h"
#include "net/xdp/sweep_layout.h"
#include "net/xdp/xdp_sweep.h"
#include "sweep.skel.h"

namespace sonde {

/// Options of a call of libbpf: all zero, but for their own size.
template <typename Options>
Options bpf_options() {
  Options options{};
  options.sz = sizeof options;
  return options;
}

/// The memory of an array map, shared with the programs.
class MappedArray {
 public:
  MappedArray() = default;
  MappedArray(const MappedArray&) = delete;
  MappedArray& operator=(const MappedArray&) = delete;
  ~MappedArray();

  Result<void> map(const bpf_map* map);
  /// Precondition: mapped, and the map's values are Entries.
  template <typename Entry>
  std::span<Entry> entries() const {
    return {static_cast<Entry*>(memory_), count_};
  }

 private:
  void* memory_ = nullptr;
  size_t size_ = 0;
  size_t count_ = 0;
};

/// A descriptor of ours; closing a link's detaches its program.
class XdpDescriptor {
 public:
  explicit XdpDescriptor(int descriptor) : descriptor_(descriptor) {}
  XdpDescriptor(XdpDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  XdpDescriptor& operator=(XdpDescriptor&&) = delete;
  ~XdpDescriptor();
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

struct XdpObject {
  struct Destroy {
    void operator()(sweep_bpf* loaded) const { sweep_bpf__destroy(loaded); }
    void operator()(ring_buffer* buffer) const { ring_buffer__free(buffer); }
  };

  std::unique_ptr<sweep_bpf, Destroy> skeleton;
  MappedArray ledger, runners, receivers, flights;
  std::unique_ptr<ring_buffer, Destroy> ring;
  const XdpSweep::OnEvent* on_event = nullptr;  ///< while take_events() runs
  size_t taken = 0;
  std::vector<XdpDescriptor> links;

  sonde_geometry& geometry() const { return skeleton->bss->geometry; }
  sonde_control& control() const { return skeleton->bss->control; }
};

/// Loads and fills (xdp_object.cpp).
Result<std::unique_ptr<XdpObject>> load_xdp_object(const XdpTables& tables);

/// Attaches `receive`, by a link that ends with its descriptor (xdp_attach.cpp).
Result<XdpDescriptor> attach_xdp(int program, uint32_t interface_index, XdpMode mode);

}  // namespace sonde
