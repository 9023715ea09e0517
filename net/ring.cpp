#include "net/ring.h"

#include <liburing.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/base/check.h"

namespace sonde {
namespace {

// liburing 2.3 knows the opcodes of Linux 6.1; this one came with Linux 6.8.
constexpr uint8_t kOpFixedFdInstall = 54;
constexpr uint32_t kSubmissionEntries = 4096;
constexpr uint32_t kMostCompletionEntries = 65536;

const sockaddr kNoAddress{AF_UNSPEC, {}};

std::string explain_setup(int error) {
  const std::string reason = std::strerror(error);
  if (error == EPERM)
    return "io_uring is not permitted here (" + reason +
           "): a container's seccomp profile or sysctl kernel.io_uring_disabled forbids it";
  if (error == ENOSYS) return "this kernel has no io_uring";
  if (error == EINVAL) return "this kernel's io_uring is too old: Linux 6.0 is needed";
  if (error == ENOMEM) return "no memory for an io_uring (" + reason + "): free memory, or raise `ulimit -l`";
  return "io_uring cannot be set up: " + reason;
}

std::string explain_table(int error, uint32_t files) {
  const std::string reason = std::strerror(error);
  if (error == EMFILE) {
    return "a table of " + std::to_string(files) +
           " direct descriptors is over the descriptor limit: raise `ulimit -n`, or lower --concurrency";
  }
  return "the table of direct descriptors is refused: " + reason;
}

}  // namespace

struct Ring::State {
  io_uring ring{};
  bool can_install = false;
  ~State() { io_uring_queue_exit(&ring); }
};

Ring::Ring(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ring::Ring(Ring&&) noexcept = default;
Ring& Ring::operator=(Ring&&) noexcept = default;
Ring::~Ring() = default;

Result<Ring> Ring::create(uint32_t files) {
  io_uring_params params{};
  // Completions are reaped by this thread alone, so the kernel need not
  // interrupt it to post them. CLAMP: never fail for the queue's size.
  params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN;
  params.cq_entries = std::clamp(files * 2, kSubmissionEntries * 2, kMostCompletionEntries);
  io_uring ring{};
  if (const int error = io_uring_queue_init_params(kSubmissionEntries, &ring, &params); error < 0) {
    return impossible_error(explain_setup(-error));
  }
  auto state = std::make_unique<State>();
  state->ring = ring;
  if (const int error = io_uring_register_files_sparse(&state->ring, files); error < 0) {
    return impossible_error(explain_table(-error, files));
  }
  if (io_uring_probe* probe = io_uring_get_probe_ring(&state->ring)) {
    state->can_install = probe->last_op >= kOpFixedFdInstall;
    io_uring_free_probe(probe);
  }
  return Ring(std::move(state));
}

int Ring::set_file(uint32_t file, int descriptor) {
  const int result = io_uring_register_files_update(&state_->ring, file, &descriptor, 1);
  return result < 0 ? -result : 0;
}

int Ring::clear_file(uint32_t file) { return set_file(file, -1); }

io_uring_sqe* Ring::next_entry() {
  io_uring_sqe* entry = io_uring_get_sqe(&state_->ring);
  while (entry == nullptr) {
    // EBUSY or EAGAIN here mean that completions wait to be reaped: the kernel
    // keeps them, and takes submissions again as soon as it has room.
    io_uring_submit_and_get_events(&state_->ring);
    entry = io_uring_get_sqe(&state_->ring);
  }
  return entry;
}

namespace {
void finish_entry(io_uring_sqe* entry, uint64_t tag, unsigned flags) {
  entry->flags |= static_cast<uint8_t>(flags);
  entry->user_data = tag;
}
}  // namespace

void Ring::connect(uint32_t file, const sockaddr* address, socklen_t size, uint64_t tag) {
  io_uring_sqe* entry = next_entry();
  io_uring_prep_connect(entry, static_cast<int>(file), address, size);
  finish_entry(entry, tag, IOSQE_FIXED_FILE);
}

void Ring::disconnect(uint32_t file, uint64_t tag) {
  io_uring_sqe* entry = next_entry();
  io_uring_prep_connect(entry, static_cast<int>(file), &kNoAddress, sizeof kNoAddress);
  finish_entry(entry, tag, IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS);
}

void Ring::receive_message(uint32_t file, msghdr* message, int flags, uint64_t tag) {
  io_uring_sqe* entry = next_entry();
  io_uring_prep_recvmsg(entry, static_cast<int>(file), message, static_cast<unsigned>(flags));
  finish_entry(entry, tag, IOSQE_FIXED_FILE);
}

void Ring::receive(uint32_t file, std::span<std::byte> buffer, uint64_t tag) {
  io_uring_sqe* entry = next_entry();
  io_uring_prep_recv(entry, static_cast<int>(file), buffer.data(), buffer.size(), 0);
  finish_entry(entry, tag, IOSQE_FIXED_FILE);
}

void Ring::send(uint32_t file, std::span<const std::byte> bytes, uint64_t tag) {
  io_uring_sqe* entry = next_entry();
  io_uring_prep_send(entry, static_cast<int>(file), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  finish_entry(entry, tag, IOSQE_FIXED_FILE);
}

void Ring::install_descriptor(uint32_t file, uint64_t tag) {
  io_uring_sqe* entry = next_entry();
  io_uring_prep_rw(kOpFixedFdInstall, entry, static_cast<int>(file), nullptr, 0, 0);
  finish_entry(entry, tag, IOSQE_FIXED_FILE);
}

bool Ring::can_install_descriptor() const { return state_->can_install; }

void Ring::cancel(uint64_t target, uint64_t tag) {
  io_uring_sqe* entry = next_entry();
  io_uring_prep_cancel64(entry, target, 0);
  finish_entry(entry, tag, IOSQE_CQE_SKIP_SUCCESS);
}

void Ring::submit() { io_uring_submit(&state_->ring); }

void Ring::submit_and_wait(uint32_t enough, Nanos longest) {
  if (longest <= Nanos::zero()) {
    io_uring_submit_and_get_events(&state_->ring);
    return;
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(longest);
  __kernel_timespec timeout{seconds.count(), (longest - seconds).count()};
  io_uring_cqe* first = nullptr;
  // ETIME and EINTR are not errors of this call: the caller looks at what is there.
  io_uring_submit_and_wait_timeout(&state_->ring, &first, enough, &timeout, nullptr);
}

void Ring::collect(std::vector<Completion>& completions) {
  io_uring_cqe* entry = nullptr;
  unsigned head = 0;
  unsigned count = 0;
  io_uring_for_each_cqe(&state_->ring, head, entry) {
    completions.push_back({entry->user_data, entry->res});
    ++count;
  }
  io_uring_cq_advance(&state_->ring, count);
}

}  // namespace sonde
