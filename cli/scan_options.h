#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/sink/format.h"
#include "engine/target/cursor.h"
#include "net/base/clock.h"
#include "net/base/result.h"
#include "net/tcp_socket.h"

namespace sonde {

/// Which system interface the connect engine uses.
enum class IoChoice : uint8_t { automatic, io_uring, epoll };

/// How probes are made.
enum class EngineKind : uint8_t {
  automatic,  ///< syn where it is permitted, otherwise connect
  connect,    ///< full handshakes by the kernel
  syn,        ///< half-open, by packets of our own
  xdp,        ///< half-open, in the kernel
};

/// What to sweep: fixed for the whole life of a sweep, also when it is resumed.
struct ScanSubject {
  std::vector<std::string> targets;
  std::vector<std::string> target_files;
  std::vector<std::string> excludes;
  std::vector<std::string> exclude_files;
  std::string ports;
  uint64_t top_ports = 0;
  bool allow_public = false;
  std::optional<uint64_t> seed;
  Shard shard;
};

/// How to sweep: may be changed when a sweep is resumed.
struct ScanConduct {
  double rate = 10000;
  double host_rate = 0;
  uint32_t concurrency = 0;  ///< 0: the default
  uint32_t threads = 0;      ///< 0: by processors
  Nanos timeout = std::chrono::seconds(1);
  uint32_t retries = 2;
  Nanos retry_wait = std::chrono::milliseconds(250);
  std::optional<double> completeness;
  bool banner = false;
  bool polite = false;
  EngineKind engine = EngineKind::automatic;
  IoChoice io = IoChoice::automatic;
  std::string capture;            ///< file for the packets of the SYN engine; empty: none
  uint64_t ring_bytes = 4 << 20;  ///< receive ring of each SYN thread
  bool xdp_generic = false;       ///< attach behind the driver
  SourceOptions source;
};

/// What to do with it.
struct ScanOutput {
  std::vector<OutputSpec> outputs;
  bool outputs_named = false;  ///< by the words just read, not by those of the sweep that is resumed
  ShowFilter show;
  std::string journal;
  std::string resume;
  bool plan = false;
  bool quiet = false;
};

struct ScanOptions {
  ScanSubject subject;
  ScanConduct conduct;
  ScanOutput output;
};

/// Reads the words after `sonde scan`. With `base`, the options of the sweep
/// that is being resumed, words that are given replace what stands there; those
/// of the ScanSubject are refused then. nullopt in the result: --help was asked
/// for and printed. Errors are usage errors.
Result<std::optional<ScanOptions>> parse_scan_options(std::span<const std::string> args,
                                                      const ScanOptions* base = nullptr);

}  // namespace sonde
