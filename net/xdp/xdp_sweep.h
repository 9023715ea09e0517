#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "net/base/clock.h"
#include "net/base/result.h"
#include "net/xdp/xdp_tables.h"

namespace sonde {

struct XdpObject;

/// How a program stands on an interface.
enum class XdpMode : uint8_t {
  native,   ///< in the driver, before there is a socket buffer
  generic,  ///< behind it: on every driver, and slower
};

/// The books of a sweep, of all cores.
struct XdpCounters {
  uint64_t built = 0;       ///< SYNs handed to a device
  uint64_t refused = 0;     ///< of the built: the device had no room, and they went again
  uint64_t skipped = 0;     ///< steps passed over because they were answered
  uint64_t unresolved = 0;  ///< steps passed over because their neighbour's station is unknown
  uint64_t failed = 0;      ///< steps that could not be built
  uint64_t waits = 0;       ///< frames given back because it was too early, or user space had to catch up
  uint64_t received = 0;    ///< answers to our ports, proved or not
  uint64_t syn_ack = 0, reset = 0, rejected = 0;  ///< proved ones
  uint64_t duplicate = 0;                         ///< of the proved: the ledger said as much already
  uint64_t outside = 0;                           ///< of the proved: to no probe of this slice
  uint64_t ring_full = 0;   ///< of the proved: not entered for want of room, so that a later pass asks again
  uint64_t invalid = 0;     ///< not proved; the host gets them
  uint64_t reset_sent = 0;  ///< RSTs in answer to SYN-ACKs
  uint64_t resets_refused = 0;  ///< RSTs that the device had no room for, and that went again
  uint64_t revised = 0;     ///< of the proved: the step had a lower mark, of which no event told

  /// SYNs taken by the devices.
  uint64_t sent() const { return built - refused; }
};

/// A device that takes no frames.
struct XdpRefusal {
  uint32_t interface_index = 0;
  int error = 0;  ///< the errno that its driver says; 0: it has no room
  Instant since;  ///< when it last took one, or began to be given frames again after a pause
  Instant last;   ///< when it refused last
  friend bool operator==(const XdpRefusal&, const XdpRefusal&) = default;
};

/// Cause and remedy.
Error explain_refusal(const XdpRefusal& refusal);

/// Which of the two programs.
enum class XdpProgram : uint8_t { generate, receive };

/// What one program made of one frame.
struct XdpTrial {
  uint32_t action = 0;  ///< enum xdp_action of <linux/bpf.h>
  std::vector<std::byte> frame;
};

/// The in-kernel sweep. `generate`, run with live frames, writes SYNs and hands
/// them to the devices; what these refuse goes again until they take it. `receive`, attached to the interfaces, judges the
/// answers, enters them in the ledger, resets what is open, and tells of what is
/// wanted by events. Everything is gone when the process is, however it ends.
///
/// Once open() and attach() are through, no capability is needed (Linux 5.19).
/// Linux 5.18 is the first with live frames.
///
/// Threads: run() on as many threads as there are cores to use, each pinned to
/// its own; take_events() on one thread; the rest from any, except where stated.
class XdpSweep {
 public:
  /// Loads the programs and fills their tables. Errors say what is missing:
  /// rights, kernel, memory.
  static Result<std::unique_ptr<XdpSweep>> open(const XdpTables& tables);
  ~XdpSweep();

  /// Begins to receive on these interfaces. Error: another program stands
  /// there (which one), or the driver has no native mode.
  Result<void> attach(std::span<const uint32_t> interfaces, XdpMode mode);

  /// The ledger of the slice, two bits a step, for Ledger (engine/sweep/ledger.h):
  /// as many words as the slice needs. The memory is the programs' own.
  std::span<uint64_t> ledger();

  /// From now on the slice of the shard's steps [first, first + steps), none of
  /// them answered. Answers that come in meanwhile are not entered. Not while
  /// run() runs. Precondition: steps ≤ most_steps of the tables.
  void set_slice(uint64_t first, uint64_t steps);
  /// No answer is entered any more, and none is being entered when it returns:
  /// ledger, events and counters of proved answers stand still, but for `outside`.
  void close_slice();
  /// Answers are entered again, in the ledger as it is.
  void reopen_slice();
  /// The rate of `runners` runners together; 0: flat out. In force at once.
  void set_rate(double per_second, uint32_t runners);
  /// Which marks that are new bring an event: bit SONDE_OPEN and so on. At first: all.
  void set_wanted(uint32_t marks);
  /// Another number makes the same step another flow, from another source port.
  void set_attempt(uint32_t attempt);
  /// Nothing is sent any more. run() comes to its end when its turns are used
  /// up, some 55 ms for each million that is left (a signal is quicker).
  void stop();

  /// Sends: the steps [begin, end) of the slice, or as many of them as `frames`
  /// turns allow (a turn sends a probe, skips up to 2,048 answered steps, or
  /// waits up to a microsecond for its time). Returns the next step: end when
  /// done. Begins anew with the pace unless it goes on where the last call on
  /// this core stopped. Each call costs some 26 ms beside what it sends.
  /// Frames that a device refuses go again beyond the turns, until it takes them or stop().
  /// Precondition: the thread is pinned to the core; its number is the runner's.
  /// A signal to the thread ends it early, which is no error.
  Result<uint64_t> run(uint32_t core, uint64_t begin, uint64_t end, uint32_t frames);
  /// Whether RSTs that a device refused wait for a run().
  bool resets_wait() const;
  /// Cores that there may be: run()'s first argument is below.
  uint32_t cores() const;

  using OnEvent = std::function<void(const sonde_event&)>;
  /// Takes what has been told, up to 65,536 events; waits for the first of
  /// them, looking every millisecond. How many there were.
  Result<size_t> take_events(const OnEvent& on_event, Nanos longest_wait);

  XdpCounters counters() const;
  /// The device that has refused everything for longest, if one refuses now.
  std::optional<XdpRefusal> longest_refusal() const;
  /// The station of an on-link target. Error: more than most_neighbours.
  Result<void> set_neighbour(uint32_t interface_index, const IpAddress& address, const LinkAddress& station);

  /// What a program does with one frame that came in by an interface of this
  /// namespace; nothing is sent. `generate` takes its core's next step of
  /// [begin, end) of prepare(). For tests and self-tests.
  Result<XdpTrial> trial(XdpProgram program, std::span<const std::byte> frame, uint32_t interface_index = 0);
  /// Sets a core's steps without sending.
  void prepare(uint32_t core, uint64_t begin, uint64_t end);

 private:
  explicit XdpSweep(std::unique_ptr<XdpObject> object);
  Result<void> try_live_frames();
  bool has_refused(uint32_t core) const;
  void forget_resets();

  std::unique_ptr<XdpObject> object_;
  uint64_t slice_steps_ = 0;
};

}  // namespace sonde
