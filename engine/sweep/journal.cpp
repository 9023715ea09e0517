#include "engine/sweep/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "engine/sweep/ledger.h"
#include "net/base/check.h"

namespace sonde {
namespace {

constexpr char kMagic[8] = {'S', 'O', 'N', 'D', 'E', 'J', '0', '1'};
constexpr uint64_t kPage = 4096;

// The file: this header, the state, the pending steps, those carried over from
// earlier interruptions, the texts, the ledger; each part begins on a page.
// Numbers in the machine's own byte order: a journal is resumed where it was made.
struct FileHeader {
  char magic[8];
  uint64_t digest;
  uint64_t seed;
  uint64_t steps;
  uint64_t slice_steps;
  uint32_t shard_index;
  uint32_t shard_count;
  uint64_t args_bytes;  // each argument ends in NUL
  uint64_t ports_bytes;
  uint64_t targets_bytes;
};

constexpr uint64_t kStateAt = kPage;
constexpr uint64_t kPendingAt = 2 * kPage;
constexpr uint64_t kCarriedAt = kPendingAt + Journal::kMostPending * sizeof(uint64_t);
constexpr uint64_t kTextAt = kCarriedAt + Journal::kMostCarried * sizeof(uint64_t);
constexpr uint64_t kMostText = uint64_t{1} << 36;

constexpr uint64_t whole_pages(uint64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

std::string join_args(const std::vector<std::string>& args) {
  std::string joined;
  for (const std::string& arg : args) joined.append(arg).push_back('\0');
  return joined;
}

std::vector<std::string> split_args(std::string_view joined) {
  std::vector<std::string> args;
  while (!joined.empty()) {
    const size_t end = std::min(joined.find('\0'), joined.size());
    args.emplace_back(joined.substr(0, end));
    joined.remove_prefix(std::min(end + 1, joined.size()));
  }
  return args;
}

tl::unexpected<Error> file_error(const std::string& path, const std::string& what) {
  return io_error("journal " + path + ": " + what + ": " + std::strerror(errno));
}

/// Stores to the mapping must not be moved across one another by the compiler;
/// the kernel sees them in program order, since a killed process's stores are
/// all there.
void in_order() { std::atomic_signal_fence(std::memory_order_seq_cst); }

}  // namespace

struct Journal::Layout {
  explicit Layout(const FileHeader& header)
      : args_bytes(header.args_bytes),
        ports_bytes(header.ports_bytes),
        targets_bytes(header.targets_bytes),
        ledger_at(whole_pages(kTextAt + args_bytes + ports_bytes + targets_bytes)),
        ledger_words(Ledger::words_for(std::min(header.steps, header.slice_steps))),
        file_bytes(ledger_at + whole_pages(ledger_words * sizeof(uint64_t))) {}
  uint64_t args_bytes, ports_bytes, targets_bytes, ledger_at, ledger_words, file_bytes;
};

namespace {

FileHeader header_of(const JournalPlan& plan, const std::string& args) {
  FileHeader header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.digest = plan.digest;
  header.seed = plan.seed;
  header.steps = plan.steps;
  header.slice_steps = plan.slice_steps;
  header.shard_index = plan.shard_index;
  header.shard_count = plan.shard_count;
  header.args_bytes = args.size();
  header.ports_bytes = plan.ports.size();
  header.targets_bytes = plan.targets.size();
  return header;
}

Result<void> check_header(const FileHeader& header, uint64_t file_bytes) {
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) {
    return usage_error(std::memcmp(header.magic, kMagic, 6) == 0 ? "was written by another version of sonde"
                                                                 : "is not a journal of sonde");
  }
  const bool sane = header.steps > 0 && header.slice_steps > 0 && header.shard_index >= 1 &&
                    header.shard_index <= header.shard_count && header.args_bytes <= kMostText &&
                    header.ports_bytes <= kMostText && header.targets_bytes <= kMostText &&
                    header.steps <= uint64_t{1} << 63;
  if (!sane) return usage_error("is damaged: its header makes no sense");
  const uint64_t text = header.args_bytes + header.ports_bytes + header.targets_bytes;
  const uint64_t ledger = Ledger::words_for(std::min(header.steps, header.slice_steps)) * sizeof(uint64_t);
  if (file_bytes != whole_pages(kTextAt + text) + whole_pages(ledger)) {
    return usage_error("is damaged: it has " + std::to_string(file_bytes) +
                       " bytes, which is not what its header says");
  }
  return {};
}

}  // namespace

Result<JournalPlan> parse_journal_plan(std::span<const std::byte> head, uint64_t file_bytes) {
  FileHeader header;
  if (head.size() < sizeof header || file_bytes < head.size())
    return usage_error("is not a journal of sonde: it is too short");
  std::memcpy(&header, head.data(), sizeof header);
  if (const Result<void> sound = check_header(header, file_bytes); !sound)
    return tl::unexpected(sound.error());
  const uint64_t text_bytes = header.args_bytes + header.ports_bytes + header.targets_bytes;
  if (head.size() < kTextAt + text_bytes) return usage_error("is damaged: its texts are cut short");
  const std::string_view text(reinterpret_cast<const char*>(head.data()) + kTextAt, text_bytes);
  JournalPlan plan;
  plan.args = split_args(text.substr(0, header.args_bytes));
  plan.ports = text.substr(header.args_bytes, header.ports_bytes);
  plan.targets = text.substr(header.args_bytes + header.ports_bytes);
  plan.digest = header.digest;
  plan.seed = header.seed;
  plan.shard_index = header.shard_index;
  plan.shard_count = header.shard_count;
  plan.steps = header.steps;
  plan.slice_steps = header.slice_steps;
  return plan;
}

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

void Journal::adopt(const Layout& layout) {
  state_ = reinterpret_cast<JournalState*>(memory_ + kStateAt);
  pending_ = {reinterpret_cast<uint64_t*>(memory_ + kPendingAt), kMostPending};
  carried_ = {reinterpret_cast<uint64_t*>(memory_ + kCarriedAt), kMostCarried};
  ledger_words_ = {reinterpret_cast<uint64_t*>(memory_ + layout.ledger_at), layout.ledger_words};
}

Result<std::unique_ptr<Journal>> Journal::in_memory(JournalPlan plan) {
  std::unique_ptr<Journal> journal(new Journal);
  journal->plan_ = std::move(plan);
  FileHeader header = header_of(journal->plan_, "");
  header.ports_bytes = header.targets_bytes = 0;  // nobody reads them back
  const Layout layout(header);
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

Result<std::unique_ptr<Journal>> Journal::create(const std::string& path, JournalPlan plan) {
  if (access(path.c_str(), F_OK) == 0) return exists_error(path);
  const std::string draft = path + ".new";
  const Result<int> descriptor = open_draft(path, draft);
  if (!descriptor) return tl::unexpected(descriptor.error());
  std::unique_ptr<Journal> journal(new Journal);
  journal->descriptor_ = *descriptor;
  journal->plan_ = std::move(plan);
  const std::string args = join_args(journal->plan_.args);
  const FileHeader header = header_of(journal->plan_, args);
  const Layout layout(header);
  const auto give_up = [&draft](tl::unexpected<Error> error) {
    unlink(draft.c_str());
    return error;
  };
  if (!reserve(*descriptor, layout.file_bytes))
    return give_up(file_error(path, "has no room for " + std::to_string(layout.file_bytes) + " bytes"));
  if (const Result<void> mapped = journal->map(layout.file_bytes, path); !mapped)
    return give_up(tl::unexpected(mapped.error()));
  const std::string text = args + journal->plan_.ports + journal->plan_.targets;
  std::memcpy(journal->memory_ + kTextAt, text.data(), text.size());
  std::memcpy(journal->memory_, &header, sizeof header);
  journal->adopt(layout);
  journal->set_phase(JournalPhase::probing);
  if (!give_name(draft, path))
    return give_up(errno == EEXIST ? exists_error(path) : file_error(path, "cannot be named"));
  return journal;
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path) {
  std::unique_ptr<Journal> journal(new Journal);
  journal->descriptor_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (journal->descriptor_ < 0)
    return usage_error("journal " + path + " cannot be opened: " + std::strerror(errno));
  if (flock(journal->descriptor_, LOCK_EX | LOCK_NB) != 0) {
    return usage_error("journal " + path + " is in use by another sonde: wait for it, or end it");
  }
  struct stat facts {};
  if (fstat(journal->descriptor_, &facts) != 0) return file_error(path, "cannot be examined");
  const auto bytes = static_cast<uint64_t>(facts.st_size);
  if (bytes < kTextAt) return usage_error("journal " + path + " is not a journal of sonde: it is too short");
  if (const Result<void> mapped = journal->map(bytes, path); !mapped) return tl::unexpected(mapped.error());
  Result<JournalPlan> plan = parse_journal_plan({journal->memory_, bytes}, bytes);
  if (!plan) return usage_error("journal " + path + " " + plan.error().text);
  journal->plan_ = std::move(*plan);
  FileHeader header;
  std::memcpy(&header, journal->memory_, sizeof header);
  journal->adopt(Layout(header));
  const JournalState& state = *journal->state_;
  const uint64_t slices = (journal->plan_.steps - 1) / journal->plan_.slice_steps + 1;
  if (journal->slice() >= slices || state.pending > kMostPending || state.carried > kMostCarried ||
      state.pass >= kMostPasses || state.passes > kMostPasses) {
    return usage_error("journal " + path + " is damaged: its state makes no sense");
  }
  journal->carry_pending();
  return journal;
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

void Journal::sync() {
  if (descriptor_ >= 0) msync(memory_, bytes_, MS_SYNC);
}

}  // namespace sonde
