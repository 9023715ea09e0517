#pragma once

#include <span>

#include "engine/probe/record.h"
#include "engine/sink/output_mark.h"
#include "net/base/result.h"

namespace sonde {

/// Where the records of a sweep go. Used from one thread at a time; it need
/// not be the thread that made it. A Sink that is destroyed without finish()
/// closes its file as it stands: what write() took is in it, the closing part
/// is not.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  /// Changes the output for the first time: empties it, or cuts off what a
  /// crash left incomplete. Once, before write(), and only when everything
  /// else that the sweep needs is open. `noter` is told after each write how
  /// far the file has come; of what is no regular file, never. The errors are
  /// usage errors: nothing has been swept yet.
  virtual Result<void> begin([[maybe_unused]] OutputNoter noter) { return {}; }

  /// Takes a batch, of any size, also none. After it returned without an
  /// error, the batch has been handed to the kernel with one write() (one for
  /// each MiB of a very large batch), and even a kill -9 loses nothing of it.
  /// The exception is the table, which is sorted, and so is written as a whole
  /// by finish().
  /// A failure is an ErrorKind::io that names the file, the cause and the
  /// remedy. The first lines of the batch may be in the file then, the others
  /// are not; a line that did not fit whole is cut off again, so the file
  /// stays valid, and write() and finish() may still be called.
  virtual Result<void> write(std::span<const EndpointRecord> batch) = 0;

  /// Writes the closing part (a summary line, a table with its footer) and
  /// closes the output. Called once, last; after an interruption as well, with
  /// what is known by then. The errors are those of write().
  virtual Result<void> finish(const SummaryRecord& summary) = 0;
};

}  // namespace sonde
