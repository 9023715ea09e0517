#pragma once

#include <string>
#include <vector>

#include "cli/scan_options.h"
#include "net/base/result.h"

namespace sonde {

// What is settled about outputs and journal before any of them is opened,
// since opening an output empties it. Asks the file system; changes nothing.

/// No two outputs, and no output and the journal, may be one file, whatever
/// they are called: links and ways through other directories are followed.
/// Character devices (/dev/null, a terminal) may be reached by several names.
Result<void> check_distinct_files(const ScanOutput& output);

/// A usage error when a journal of this name is there already: it is never
/// overwritten. Empty: no journal was asked for.
Result<void> check_journal_is_new(const std::string& path);

/// What a resumed sweep continues, or begins. `first` is of the command line of
/// the first run, `now` the same with the words of this run on top.
/// A usage error when an output of the first run is missing, since a new file
/// would look complete without being so. Otherwise notes for the reader about
/// outputs of this run that hold only the rest of the sweep.
Result<std::vector<std::string>> check_resumed_outputs(const ScanOutput& first, const ScanOutput& now);

}  // namespace sonde
