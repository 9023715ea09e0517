#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/scan_options.h"
#include "engine/sink/sink.h"
#include "engine/sweep/journal.h"
#include "net/base/result.h"

namespace sonde {

// What is settled about the files of a sweep before it begins. But for
// begin_outputs(), all of this asks the file system and changes nothing.

/// No two files that are written (outputs, journal, capture) may be one, and
/// none of them may be a file that is read (-iL, --exclude-file), whatever they
/// are called: links and ways through other directories are followed.
/// Character devices (/dev/null, a terminal) may be reached by several names.
Result<void> check_distinct_files(const ScanOptions& options);

/// A usage error when the journal or the capture is there already: neither is
/// ever overwritten. An empty path: it was not asked for.
Result<void> check_new_files(const std::string& journal, const std::string& capture);

/// What a resumed sweep continues, or begins. `first` is of the command line of
/// the first run, `now` the same with the words of this run on top.
/// A usage error when an output of the first run is missing, since a new file
/// would look complete without being so. Otherwise notes for the reader about
/// outputs of this run that hold only the rest of the sweep.
Result<std::vector<std::string>> check_resumed_outputs(const ScanOutput& first, const ScanOutput& now);

/// Puts what the journal knows of them (OutputSpec::earlier) to the outputs of
/// a resumed sweep, so that opening them can tell whether they are whole.
/// `first` as above.
void recall_outputs(const Journal& journal, const ScanOutput& first, ScanOutput& now);

/// The paths of those outputs that are regular files, which a journal remembers.
std::vector<std::string> files_of(const ScanOutput& output);

/// Begins all outputs, now that everything is open; from then on the journal
/// notes how far each file has been written. `sinks` are those of
/// `output.outputs`, in order; the journal must outlive their last write.
Result<void> begin_outputs(const ScanOutput& output, std::span<const std::unique_ptr<Sink>> sinks,
                           Journal& journal);

}  // namespace sonde
