#include "engine/sweep/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "engine/sweep/journal_format.h"
#include "net/base/check.h"

namespace sonde {
namespace {

/// Before the sweep has begun: nothing is lost yet.
tl::unexpected<Error> file_error(const std::string& path, const std::string& what) {
  return usage_error("journal " + path + ": " + what + ": " + std::strerror(errno) +
                     ": name a file in a directory that you may write to, with room for it");
}

/// Stores to the mapping must not be moved across one another by the compiler;
/// the kernel sees them in program order, since a killed process's stores are
/// all there.
void in_order() { std::atomic_signal_fence(std::memory_order_seq_cst); }

}  // namespace

/// One page. A kill may come between any two stores: marks[0] and marks[1] are
/// written in turn, and `in_force` says which one counts.
struct Journal::OutputSlot {
  uint64_t in_force;  // 0: not begun yet; otherwise 1 + the place in marks
  OutputMark marks[2];
  char path[kPage - sizeof(uint64_t) - 2 * sizeof(OutputMark)];  // ends in NUL; empty: a free slot
};

Result<void> Journal::map(size_t bytes, const std::string& path) {
  const int flags = descriptor_ >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, descriptor_, 0);
  if (memory == MAP_FAILED) {
    if (descriptor_ >= 0) return file_error(path, "cannot be mapped");
    return impossible_error("no memory for a ledger of " + std::to_string(bytes) +
                            " bytes: divide the sweep with --shard");
  }
  memory_ = static_cast<std::byte*>(memory);
  bytes_ = bytes;
  return {};
}

void Journal::adopt(const JournalLayout& layout) {
  state_ = reinterpret_cast<JournalState*>(memory_ + kStateAt);
  pending_ = {reinterpret_cast<uint64_t*>(memory_ + kPendingAt), kMostPending};
  carried_ = {reinterpret_cast<uint64_t*>(memory_ + kCarriedAt), kMostCarried};
  outputs_ = {reinterpret_cast<OutputSlot*>(memory_ + kOutputsAt), kMostOutputs};
  ledger_words_ = {reinterpret_cast<uint64_t*>(memory_ + layout.ledger_at), layout.ledger_words};
}

Result<std::unique_ptr<Journal>> Journal::in_memory(JournalPlan plan) {
  std::unique_ptr<Journal> journal(new Journal);
  journal->plan_ = std::move(plan);
  JournalHeader header = header_of(journal->plan_);
  header.args_bytes = header.ports_bytes = header.shortfall_bytes = header.targets_bytes =
      0;  // nobody reads them back
  const JournalLayout layout(header);
  if (const Result<void> mapped = journal->map(layout.file_bytes, ""); !mapped)
    return tl::unexpected(mapped.error());
  journal->adopt(layout);
  journal->set_phase(JournalPhase::probing);
  return journal;
}

namespace {

tl::unexpected<Error> exists_error(const std::string& path) {
  return usage_error("journal " + path + " is there already: continue it with --resume " + path +
                     ", or remove it to start anew");
}

/// True when `draft` still is the name of the open file.
bool is_named(int descriptor, const std::string& draft) {
  struct stat by_descriptor {
  }, by_name{};
  return fstat(descriptor, &by_descriptor) == 0 && stat(draft.c_str(), &by_name) == 0 &&
         by_descriptor.st_dev == by_name.st_dev && by_descriptor.st_ino == by_name.st_ino;
}

/// False for what a process left that was killed between naming and clean-up:
/// a journal that has both names.
bool has_one_name(int descriptor) {
  struct stat facts {};
  return fstat(descriptor, &facts) == 0 && facts.st_nlink == 1;
}

/// Opens and locks the file in which the journal `path` is made, empty. It is
/// emptied only under the lock: before, it may be another process's.
Result<int> open_draft(const std::string& path, const std::string& draft) {
  constexpr int kMostAttempts = 10;  // each time, another process was in the middle of the same
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    const int descriptor = ::open(draft.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) return file_error(path, "cannot be made");
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      close(descriptor);
      break;
    }
    const bool named = is_named(descriptor, draft);
    if (named && has_one_name(descriptor) && ftruncate(descriptor, 0) == 0) return descriptor;
    if (named) unlink(draft.c_str());
    close(descriptor);
  }
  return usage_error("journal " + path + " is being made by another process (" + draft +
                     " is locked): name another one");
}

/// Gives the finished file its name, unless there is one of that name.
bool give_name(const std::string& draft, const std::string& path) {
  if (link(draft.c_str(), path.c_str()) == 0) return unlink(draft.c_str()) == 0;
  const bool no_links = errno == EPERM || errno == EOPNOTSUPP;  // FAT and the like
  return no_links && renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0;
}

/// Blocks are reserved now: a full disk is an error here, not a SIGBUS in the middle of the sweep.
bool reserve(int descriptor, uint64_t bytes) {
  errno = posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
  return errno == 0;
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::create(const std::string& path, JournalPlan plan,
                                                 std::span<const std::string> outputs) {
  if (access(path.c_str(), F_OK) == 0) return exists_error(path);
  const std::string draft = path + ".new";
  const Result<int> descriptor = open_draft(path, draft);
  if (!descriptor) return tl::unexpected(descriptor.error());
  std::unique_ptr<Journal> journal(new Journal);
  journal->descriptor_ = *descriptor;
  journal->plan_ = std::move(plan);
  JournalHeader header = header_of(journal->plan_);
  const JournalLayout layout(header);
  const auto give_up = [&draft](tl::unexpected<Error> error) {
    unlink(draft.c_str());
    return error;
  };
  if (!reserve(*descriptor, layout.file_bytes))
    return give_up(file_error(path, "has no room for " + std::to_string(layout.file_bytes) + " bytes"));
  if (const Result<void> mapped = journal->map(layout.file_bytes, path); !mapped)
    return give_up(tl::unexpected(mapped.error()));
  const std::string text = text_of(journal->plan_);
  std::memcpy(journal->memory_ + kTextAt, text.data(), text.size());
  std::memcpy(journal->memory_, &header, sizeof header);
  header.checksum = checksum_of_plan(journal->memory_, header);
  std::memcpy(journal->memory_, &header, sizeof header);
  journal->adopt(layout);
  for (const std::string& output : outputs) {
    if (const Result<size_t> added = journal->add_output(output); !added)
      return give_up(tl::unexpected(added.error()));
  }
  journal->set_phase(JournalPhase::probing);
  if (!give_name(draft, path))
    return give_up(errno == EEXIST ? exists_error(path) : file_error(path, "cannot be named"));
  return journal;
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path) {
  std::unique_ptr<Journal> journal(new Journal);
  journal->descriptor_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (journal->descriptor_ < 0)
    return usage_error("journal " + path + " cannot be opened: " + std::strerror(errno) +
                       ": --resume takes the file that --journal made");
  if (flock(journal->descriptor_, LOCK_EX | LOCK_NB) != 0) {
    return usage_error("journal " + path + " is in use by another sonde: wait for it, or end it");
  }
  struct stat facts {};
  if (fstat(journal->descriptor_, &facts) != 0) return file_error(path, "cannot be examined");
  const auto bytes = static_cast<uint64_t>(facts.st_size);
  if (bytes == 0) return usage_error("journal " + path + " is not a journal of sonde: it is empty");
  if (const Result<void> mapped = journal->map(bytes, path); !mapped) return tl::unexpected(mapped.error());
  Result<JournalPlan> plan = parse_journal_plan({journal->memory_, bytes}, bytes);
  if (!plan) return usage_error("journal " + path + " " + plan.error().text);
  journal->plan_ = std::move(*plan);
  JournalHeader header;
  std::memcpy(&header, journal->memory_, sizeof header);
  journal->adopt(JournalLayout(header));
  if (!journal->state_makes_sense())
    return usage_error("journal " + path + " " + damaged_journal("its state makes no sense").text);
  journal->carry_pending();
  return journal;
}

/// What changes has no checksum, since it changes at any moment: its ranges are looked at instead.
bool Journal::state_makes_sense() const {
  // A kill may come between a count and the mark that it is about, once in each interruption.
  constexpr uint64_t kMiscounted = 1 << 20;
  const JournalState& state = *state_;
  const uint64_t slices = (plan_.steps - 1) / plan_.slice_steps + 1;
  const uint64_t slice_steps = std::min(plan_.steps, plan_.slice_steps);
  const auto fits = [this](const JournalTotals& totals) {
    return totals.open <= plan_.steps && totals.closed <= plan_.steps && totals.filtered <= plan_.steps &&
           totals.errors <= plan_.steps;
  };
  const auto is_path = [](const OutputSlot& slot) {
    return slot.in_force <= 2 && std::memchr(slot.path, 0, sizeof slot.path) != nullptr;
  };
  return slice() < slices && state.listed <= slice_steps && state.listing_to <= slice_steps &&
         state.pending <= kMostPending && state.carried <= kMostCarried && state.pass < kMostPasses &&
         state.passes <= kMostPasses && state.slice_errors <= slice_steps + kMiscounted &&
         fits(state.totals[0]) && fits(state.totals[1]) && std::ranges::all_of(outputs_, is_path) &&
         std::ranges::all_of(state.found, [&](uint64_t found) { return found <= plan_.steps + kMiscounted; });
}

Journal::~Journal() {
  if (memory_ != nullptr) munmap(memory_, bytes_);
  if (descriptor_ >= 0) close(descriptor_);
}

bool Journal::still_open(uint64_t step) const {
  const uint64_t begin = slice() * plan_.slice_steps;
  if (phase() == JournalPhase::done || phase() == JournalPhase::clearing || step < begin ||
      step >= plan_.steps || step - begin >= plan_.slice_steps)
    return false;
  const uint64_t steps = std::min(plan_.slice_steps, plan_.steps - begin);
  return Ledger(ledger_words_, steps).at(step - begin) == Mark::unanswered;
}

/// Moves what was pending to what is carried over, so that another
/// interruption does not forget it. In an order that loses nothing when it is
/// interrupted itself: a step may stand there twice for a moment.
void Journal::carry_pending() {
  const auto remember = [this](uint64_t step) {
    if (still_open(step)) may_repeat_.push_back(step);
  };
  std::for_each_n(carried_.begin(), state_->carried, remember);
  std::for_each_n(pending_.begin(), state_->pending, remember);
  std::sort(may_repeat_.begin(), may_repeat_.end());
  may_repeat_.erase(std::unique(may_repeat_.begin(), may_repeat_.end()), may_repeat_.end());
  // More interruptions than that, each in the middle of a batch, are not believable.
  if (may_repeat_.size() > kMostCarried) may_repeat_.resize(kMostCarried);
  const uint64_t before = state_->carried;
  const uint64_t fresh = std::min<uint64_t>(state_->pending, kMostCarried - before);
  std::copy_n(pending_.begin(), fresh, carried_.begin() + static_cast<std::ptrdiff_t>(before));
  in_order();
  state_->carried = before + fresh;
  end_batch();
  // All settled: forgotten in one store. (Moving entries in place could lose one to a kill.)
  if (may_repeat_.empty()) state_->carried = 0;
  in_order();
}

void Journal::set_place(uint64_t slice, JournalPhase phase) {
  in_order();
  state_->place = slice * 4 + static_cast<uint64_t>(phase);
  in_order();
}

void Journal::finish_slice(const JournalTotals& counts) {
  const JournalTotals& before = totals();
  state_->totals[(totals_index() + 1) % 2] = {before.open + counts.open, before.closed + counts.closed,
                                              before.filtered + counts.filtered,
                                              before.errors + counts.errors};
  const bool last = (slice() + 1) * plan_.slice_steps >= plan_.steps;
  last ? set_place(slice(), JournalPhase::done) : set_place(slice() + 1, JournalPhase::clearing);
}

void Journal::begin_batch(std::span<const uint64_t> steps) {
  CHECK(steps.size() <= kMostPending);
  std::copy(steps.begin(), steps.end(), pending_.begin());
  in_order();
  state_->pending = steps.size();
  in_order();
}

void Journal::end_batch() {
  in_order();
  state_->pending = 0;
  in_order();
}

std::vector<JournalOutput> Journal::outputs() const {
  std::vector<JournalOutput> remembered;
  for (const OutputSlot& slot : outputs_) {
    if (slot.path[0] == 0) break;
    remembered.push_back({slot.path, {}});
    if (slot.in_force > 0) remembered.back().mark = slot.marks[slot.in_force - 1];
  }
  return remembered;
}

Result<size_t> Journal::add_output(const std::string& path) {
  static_assert(sizeof(OutputSlot) == kPage && sizeof OutputSlot::path > kLongestOutputPath);
  if (path.empty() || path.size() > kLongestOutputPath) {
    return usage_error("-o: a path of " + std::to_string(path.size()) + " bytes, of which a journal keeps " +
                       std::to_string(kLongestOutputPath) + ": name a shorter one");
  }
  const auto free = std::ranges::find_if(outputs_, [](const OutputSlot& slot) { return slot.path[0] == 0; });
  if (free == outputs_.end()) {
    return usage_error("a journal remembers at most " + std::to_string(kMostOutputs) +
                       " output files, those of earlier runs included: give fewer -o");
  }
  free->in_force = 0;
  std::copy(path.begin() + 1, path.end(), free->path + 1);
  free->path[path.size()] = 0;
  in_order();
  free->path[0] = path[0];
  return static_cast<size_t>(free - outputs_.begin());
}

void Journal::note_output(size_t place, const OutputMark& mark) {
  OutputSlot& slot = outputs_[place];
  const uint64_t next = slot.in_force == 1 ? 2 : 1;
  slot.marks[next - 1] = mark;
  in_order();
  slot.in_force = next;
  in_order();
}

void Journal::sync() {
  if (descriptor_ >= 0) msync(memory_, bytes_, MS_SYNC);
}

}  // namespace sonde
