#include "cli/output_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

namespace sonde {
namespace {

std::optional<struct stat> facts_of_descriptor(int descriptor) {
  struct stat facts {};
  return fstat(descriptor, &facts) == 0 ? std::optional(facts) : std::nullopt;
}

/// What stands behind a path ("-": standard output); nullopt when nothing does.
std::optional<struct stat> facts_of(const std::string& path) {
  if (path == "-") return facts_of_descriptor(STDOUT_FILENO);
  struct stat facts {};
  return stat(path.c_str(), &facts) == 0 ? std::optional(facts) : std::nullopt;
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

/// A file of the sweep and the option that names it.
struct NamedFile {
  std::string option, path;
  std::string text() const { return option + " " + path; }
};

void add_file(std::vector<NamedFile>& files, const char* option, const std::string& path) {
  if (!path.empty()) files.push_back({option, path});
}

std::vector<NamedFile> files_written(const ScanOptions& options) {
  std::vector<NamedFile> files;
  for (const OutputSpec& spec : options.output.outputs) add_file(files, "-o", spec.path);
  // Of a resumed sweep, the first run's --journal is this one by an old name.
  const bool resumes = !options.output.resume.empty();
  add_file(files, resumes ? "--resume" : "--journal",
           resumes ? options.output.resume : options.output.journal);
  add_file(files, "--capture", options.conduct.capture);
  return files;
}

std::vector<NamedFile> files_read(const ScanSubject& subject) {
  std::vector<NamedFile> files;
  for (const std::string& path : subject.target_files) add_file(files, "-iL", path);
  for (const std::string& path : subject.exclude_files) add_file(files, "--exclude-file", path);
  return files;
}

/// Only of a regular file can content be lost.
bool would_destroy(const NamedFile& written, const NamedFile& read) {
  const auto target = facts_of(written.path);
  const auto source = read.path == "-" ? facts_of_descriptor(STDIN_FILENO) : facts_of(read.path);
  return target && source && S_ISREG(source->st_mode) && target->st_dev == source->st_dev &&
         target->st_ino == source->st_ino;
}

tl::unexpected<Error> same_file_error(const NamedFile& one, const NamedFile& other) {
  if (one.option == "-o" && other.option == "-o") {
    const std::string also = one.path == other.path ? "" : " (as " + one.path + " before)";
    return usage_error(other.text() + " is given twice" + also +
                       ": two outputs would write over one another; name another file");
  }
  return usage_error(one.text() + " and " + other.text() + " are the same file: each needs one of its own");
}

/// The remembered output that a path means; their number when there is none.
size_t place_of(const std::string& path, const std::vector<JournalOutput>& remembered) {
  const auto found = std::ranges::find_if(
      remembered, [&](const JournalOutput& output) { return same_file(output.path, path); });
  return static_cast<size_t>(found - remembered.begin());
}

bool is_among(const std::string& path, const ScanOutput& output) {
  return std::ranges::any_of(output.outputs,
                             [&](const OutputSpec& spec) { return same_file(spec.path, path); });
}

bool is_regular(const std::string& path) {
  const auto facts = facts_of(path);
  return path != "-" && facts && S_ISREG(facts->st_mode);
}

}  // namespace

Result<void> check_distinct_files(const ScanOptions& options) {
  const std::vector<NamedFile> written = files_written(options);
  for (auto file = written.begin(); file != written.end(); ++file) {
    const auto before = std::find_if(
        written.begin(), file, [&](const NamedFile& other) { return same_file(other.path, file->path); });
    if (before != file) return same_file_error(*before, *file);
    for (const NamedFile& read : files_read(options.subject)) {
      if (would_destroy(*file, read))
        return usage_error(file->text() + " is also read, by " + read.text() +
                           ": writing would destroy it; name another file");
    }
  }
  return {};
}

Result<void> check_new_files(const std::string& journal, const std::string& capture) {
  if (!journal.empty() && facts_of(journal)) {
    return usage_error("journal " + journal + " is there already: continue it with --resume " + journal +
                       ", or remove it to start anew");
  }
  if (!capture.empty() && facts_of(capture)) {
    return usage_error("--capture " + capture +
                       ": is there already, and a capture overwrites nothing: name another file");
  }
  return {};
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
    if (!there || !is_among(spec.path, first))
      notes.push_back("output " + spec.path +
                      " holds only the rest of the sweep: what came before the interruption is in the "
                      "outputs of the earlier run");
  }
  return notes;
}

void recall_outputs(const Journal& journal, const ScanOutput& first, ScanOutput& now) {
  const std::vector<JournalOutput> remembered = journal.outputs();
  for (OutputSpec& spec : now.outputs) {
    if (!is_regular(spec.path)) continue;
    const size_t place = place_of(spec.path, remembered);
    const std::optional<OutputMark> mark =
        place < remembered.size() ? remembered[place].mark : std::optional<OutputMark>();
    // The first run's are remembered before they are begun; another file is one to be continued.
    if (mark)
      spec.earlier = EarlierOutput{true, *mark};
    else if (place < remembered.size() && is_among(spec.path, first))
      spec.earlier = EarlierOutput{};
  }
}

std::vector<std::string> files_of(const ScanOutput& output) {
  std::vector<std::string> files;
  for (const OutputSpec& spec : output.outputs) {
    if (is_regular(spec.path)) files.push_back(spec.path);
  }
  return files;
}

Result<void> begin_outputs(const ScanOutput& output, std::span<const std::unique_ptr<Sink>> sinks,
                           Journal& journal) {
  std::vector<OutputNoter> noters(sinks.size());
  for (size_t i = 0; i < sinks.size(); ++i) {
    const std::string& path = output.outputs[i].path;
    if (!journal.has_file() || !is_regular(path)) continue;
    const std::vector<JournalOutput> remembered = journal.outputs();
    size_t place = place_of(path, remembered);
    if (place == remembered.size()) {
      const Result<size_t> added = journal.add_output(path);
      if (!added) return tl::unexpected(added.error());
      place = *added;
    }
    noters[i] = [&journal, place](const OutputMark& mark) { journal.note_output(place, mark); };
  }
  for (size_t i = 0; i < sinks.size(); ++i) {
    if (Result<void> begun = sinks[i]->begin(std::move(noters[i])); !begun) return begun;
  }
  return {};
}

}  // namespace sonde
