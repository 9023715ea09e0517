// Takes the printing out of zmap's dry run, so that what is left can be timed:
// loaded into zmap by LD_PRELOAD, it puts its own function in the place of the
// one that prints a packet, and removes the lock around it, which is there for
// the printing only. Permutation, cookie, packet and sending loop stay zmap's.
//   DRYRUN_PROBES=N        of zmap's -n; after so many packets, one JSON object goes to stdout:
//                          "probes", and "ns_per_probe" in CPU time of the sending thread
//   DRYRUN_PROVE=1         instead of the time: "valid", the packets whose checksums are right;
//                          "different", how many addresses they ask; "first" and "last" of these
// zmap is told to send with one thread. Exit code 3 of zmap: it is built otherwise than expected.
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <span>
#include <vector>

namespace {

constexpr size_t kEthernetSize = 14, kIpSize = 20, kTcpSize = 20;  // of zmap's SYN
constexpr size_t kModuleWords = 32;                                // more than a module's description has

using LockFunction = int (*)(pthread_mutex_t*);

/// The preloaded library has no caller that could carry its state: here it is.
/// What is not said otherwise is the sending thread's, once zmap sends.
struct State {
  uint64_t wanted = 0;
  uint64_t printed = 0;
  bool prove = false;
  timespec began{};
  uint64_t valid = 0;
  std::vector<uint32_t> asked;
  std::atomic<pthread_mutex_t*> lock_of_printing{nullptr};  // all threads look at it
};
State* state = nullptr;
thread_local pthread_mutex_t* last_locked = nullptr;

timespec cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now;
}

double nanoseconds(const timespec& from, const timespec& to) {
  return static_cast<double>(to.tv_sec - from.tv_sec) * 1e9 + static_cast<double>(to.tv_nsec - from.tv_nsec);
}

uint32_t sum_of(std::span<const uint8_t> bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) sum += static_cast<uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  return sum;
}

/// Whether a sum that contains its checksum is right (RFC 1071).
bool is_right(uint32_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff;
}

void prove(const uint8_t* packet) {
  const std::span ip(packet + kEthernetSize, kIpSize), tcp(ip.data() + kIpSize, kTcpSize);
  const uint32_t pseudo_header = sum_of(ip.subspan(12, 8)) + IPPROTO_TCP + kTcpSize;
  state->valid += is_right(sum_of(ip)) && is_right(sum_of(tcp) + pseudo_header);
  uint32_t to = 0;
  std::memcpy(&to, ip.data() + 16, sizeof to);
  state->asked.push_back(ntohl(to));
}

void tell_proof() {
  auto& asked = state->asked;
  std::sort(asked.begin(), asked.end());
  const uint32_t first = asked.front(), last = asked.back();
  asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
  std::printf("{\"probes\": %llu, \"valid\": %llu, \"different\": %zu, \"first\": %u, \"last\": %u}\n",
              static_cast<unsigned long long>(state->printed), static_cast<unsigned long long>(state->valid),
              asked.size(), first, last);
}

void tell_time() {
  const timespec now = cpu_time();
  std::printf("{\"probes\": %llu, \"ns_per_probe\": %.3f}\n", static_cast<unsigned long long>(state->printed),
              nanoseconds(state->began, now) / static_cast<double>(state->printed - 1));
}

/// What zmap calls, with its lock held, in place of printing. The first call
/// starts the clock: the first probe is not in the time.
void print_nothing(std::FILE* /*to*/, void* packet) {
  if (++state->printed == 1) {
    state->lock_of_printing.store(last_locked, std::memory_order_relaxed);
    state->began = cpu_time();
  }
  if (state->prove) prove(static_cast<const uint8_t*>(packet));
  if (state->printed == state->wanted) state->prove ? tell_proof() : tell_time();
}

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "zmap_dryrun: %s\n", why);
  _exit(3);
}

bool is_of_printing(const pthread_mutex_t* mutex) {
  return state && mutex == state->lock_of_printing.load(std::memory_order_relaxed);
}

/// The C library's own function behind one of ours.
LockFunction real(const char* name) { return reinterpret_cast<LockFunction>(dlsym(RTLD_NEXT, name)); }

/// Debian's zmap exports its functions and its modules' descriptions.
void replace_printing() {
  auto* const module = static_cast<void**>(dlsym(RTLD_DEFAULT, "module_tcp_synscan"));
  void* const printing = dlsym(RTLD_DEFAULT, "synscan_print_packet");
  if (!module || !printing) give_up("this zmap does not export its SYN module");
  void** const place = std::find(module, module + kModuleWords, printing);
  if (place == module + kModuleWords)
    give_up("this zmap's SYN module does not print by synscan_print_packet");
  *place = reinterpret_cast<void*>(&print_nothing);
}

__attribute__((constructor)) void begin() {
  const char* const probes = std::getenv("DRYRUN_PROBES");
  if (!probes) give_up("DRYRUN_PROBES is not set");
  state = new State;
  state->wanted = std::strtoull(probes, nullptr, 10);
  state->prove = std::getenv("DRYRUN_PROVE") != nullptr;
  if (state->wanted < 2) give_up("DRYRUN_PROBES must be 2 or more");
  replace_printing();
}

}  // namespace

// In place of the C library's: all locks but that of the printing go there.

extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static const LockFunction lock = real("pthread_mutex_lock");
  if (is_of_printing(mutex)) return 0;
  last_locked = mutex;
  return lock(mutex);
}

extern "C" int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  static const LockFunction unlock = real("pthread_mutex_unlock");
  if (is_of_printing(mutex)) return 0;
  return unlock(mutex);
}
