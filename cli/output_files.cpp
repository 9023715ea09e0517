#include "cli/output_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

namespace sonde {
namespace {

/// What stands behind a path ("-": standard output); nullopt when nothing does.
std::optional<struct stat> facts_of(const std::string& path) {
  struct stat facts {};
  const int error = path == "-" ? fstat(STDOUT_FILENO, &facts) : stat(path.c_str(), &facts);
  return error == 0 ? std::optional(facts) : std::nullopt;
}

/// The path without links and detours, as far as it exists.
std::filesystem::path true_path(const std::string& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  const std::filesystem::path straight = std::filesystem::weakly_canonical(whole, error);
  return error ? whole.lexically_normal() : straight;
}

bool same_file(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto first = facts_of(a), second = facts_of(b);
  if (first && second) {
    return !S_ISCHR(first->st_mode) && first->st_dev == second->st_dev && first->st_ino == second->st_ino;
  }
  return a != "-" && b != "-" && true_path(a) == true_path(b);
}

Result<void> check_journal_is_no_output(const std::string& option, const std::string& journal,
                                        const std::vector<OutputSpec>& outputs) {
  if (journal.empty()) return {};
  for (const OutputSpec& spec : outputs) {
    if (same_file(spec.path, journal)) {
      return usage_error(option + " " + journal + " and -o " + spec.path +
                         " are the same file: the journal needs one of its own");
    }
  }
  return {};
}

}  // namespace

Result<void> check_distinct_files(const ScanOutput& output) {
  const std::vector<OutputSpec>& outputs = output.outputs;
  for (auto spec = outputs.begin(); spec != outputs.end(); ++spec) {
    const auto before = std::find_if(
        outputs.begin(), spec, [&](const OutputSpec& other) { return same_file(other.path, spec->path); });
    if (before == spec) continue;
    const std::string also = before->path == spec->path ? "" : " (as " + before->path + " before)";
    return usage_error("-o " + spec->path + " is given twice" + also +
                       ": two outputs would write over one another");
  }
  if (Result<void> apart = check_journal_is_no_output("--journal", output.journal, outputs); !apart)
    return apart;
  return check_journal_is_no_output("--resume", output.resume, outputs);
}

Result<void> check_journal_is_new(const std::string& path) {
  if (path.empty() || !facts_of(path)) return {};
  return usage_error("journal " + path + " is there already: continue it with --resume " + path +
                     ", or remove it to start anew");
}

Result<std::vector<std::string>> check_resumed_outputs(const ScanOutput& first, const ScanOutput& now) {
  std::vector<std::string> notes;
  for (const OutputSpec& spec : now.outputs) {
    const bool there = facts_of(spec.path).has_value();
    if (!now.outputs_named) {
      if (there) continue;
      return usage_error("output " + spec.path +
                         " of the interrupted sweep is missing here: put it back (or go to the directory of "
                         "the first run), or name a new one with -o, which will hold only the rest");
    }
    const bool continues = there && std::ranges::any_of(first.outputs, [&](const OutputSpec& old) {
                             return same_file(old.path, spec.path);
                           });
    if (!continues)
      notes.push_back("output " + spec.path +
                      " holds only the rest of the sweep: what came before the interruption is in the "
                      "outputs of the earlier run");
  }
  return notes;
}

}  // namespace sonde
