#include "cli/scan_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <iostream>

#include "cli/output_files.h"
#include "cli/values.h"

namespace sonde {
namespace {

constexpr const char* kDescription =
    "Sweeps targets and tells of every endpoint whether it is open, closed or filtered,\n"
    "and why. Half-open by packets of its own where CAP_NET_RAW permits it, otherwise by\n"
    "full TCP connects, which need no privilege.\n\n"
    "A TARGET is an address, a CIDR, a range (10.0.0.1-10.0.0.9), an octet range\n"
    "(10.0.0-3.1-254), a host name (all its addresses), or an exact HOST:PORT; IPv6 too.\n"
    "It may be followed by label=TEXT and sni=NAME.";

constexpr const char* kExamples =
    "Examples:\n"
    "  sonde scan 10.1.0.0/16 -p 22,80,443\n"
    "  sonde scan -iL fleet.txt --top-ports 100 -o sweep.jsonl -o sweep.csv\n"
    "  sonde scan db1.example:5432 '[2001:db8::7]:6379 label=cache' --banner\n"
    "  sonde scan 10.0.0.0/8 -p https --rate 50k --shard 2/8 --seed 7 -o a.jsonl\n"
    "  sonde scan -iL fleet.txt -p 22 --journal a.journal -o a.jsonl\n"
    "  sonde scan --resume a.journal\n\n"
    "Exit codes: 0 done and complete, 2 usage, 3 done but degraded, 4 not possible here,\n"
    "130 interrupted.";

// With a goal, passes end by themselves when it is reached: this bounds a hopeless case.
constexpr uint32_t kRetriesForCompleteness = 20;

/// Texts of options whose values are read after CLI11 has split the words.
struct Words {
  std::string rate, host_rate, timeout, retry_wait, completeness, shard, show, source_ports, engine = "auto",
                                                                                             io = "auto";
  std::vector<std::string> sources, paths, formats;
};

using Apply = Result<void> (*)(const std::string& text, ScanOptions& options);

struct ValueOption {
  const char* name;
  std::string Words::*word;
  Apply apply;
};

template <typename T>
Result<void> assign(Result<T> parsed, auto& into) {
  if (!parsed) return tl::unexpected(parsed.error());
  into = *parsed;
  return {};
}

Result<void> apply_engine(const std::string& text, ScanOptions& options) {
  if (text == "auto")
    options.conduct.engine = EngineKind::automatic;
  else if (text == "connect")
    options.conduct.engine = EngineKind::connect;
  else if (text == "syn")
    options.conduct.engine = EngineKind::syn;
  else if (text == "xdp")
    options.conduct.engine = EngineKind::xdp;
  else
    return usage_error("'" + text + "' is no engine: expected auto, syn, xdp or connect");
  return {};
}

Result<void> apply_io(const std::string& text, ScanOptions& options) {
  if (text == "auto")
    options.conduct.io = IoChoice::automatic;
  else if (text == "io_uring")
    options.conduct.io = IoChoice::io_uring;
  else if (text == "epoll")
    options.conduct.io = IoChoice::epoll;
  else
    return usage_error("'" + text + "' is not known: expected auto, io_uring or epoll");
  return {};
}

const std::array kValueOptions = {
    ValueOption{"--rate", &Words::rate,
                [](const std::string& t, ScanOptions& o) { return assign(parse_rate(t), o.conduct.rate); }},
    ValueOption{
        "--host-rate", &Words::host_rate,
        [](const std::string& t, ScanOptions& o) { return assign(parse_rate(t), o.conduct.host_rate); }},
    ValueOption{
        "--timeout", &Words::timeout,
        [](const std::string& t, ScanOptions& o) { return assign(parse_duration(t), o.conduct.timeout); }},
    ValueOption{
        "--retry-wait", &Words::retry_wait,
        [](const std::string& t, ScanOptions& o) { return assign(parse_duration(t), o.conduct.retry_wait); }},
    ValueOption{
        "--completeness", &Words::completeness,
        [](const std::string& t, ScanOptions& o) { return assign(parse_share(t), o.conduct.completeness); }},
    ValueOption{
        "--shard", &Words::shard,
        [](const std::string& t, ScanOptions& o) { return assign(Shard::parse(t), o.subject.shard); }},
    ValueOption{
        "--show", &Words::show,
        [](const std::string& t, ScanOptions& o) { return assign(ShowFilter::parse(t), o.output.show); }},
    ValueOption{"--source-port", &Words::source_ports,
                [](const std::string& t, ScanOptions& o) { return parse_source_ports(t, o.conduct.source); }},
    ValueOption{"--engine", &Words::engine, apply_engine},
    ValueOption{"--io", &Words::io, apply_io},
};

/// Takes one value each time it is given; CLI11 would take every word that follows.
void repeatable(CLI::Option* option) {
  option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(false);
}

void declare_subject(CLI::App& app, ScanSubject& subject, Words& words) {
  app.add_option("TARGET", subject.targets, "what to sweep");
  repeatable(app.add_option("--input-list,--iL", subject.target_files,
                            "file of targets, also written -iL; - is standard input")
                 ->type_name("FILE"));
  app.add_option("-p,--ports", subject.ports, "22,80,8000-8100, service names, or - for all")
      ->type_name("PORTS");
  app.add_option("--top-ports", subject.top_ports, "the N most usual ports of infrastructure")
      ->type_name("N")
      ->check(CLI::Range(1, 65535));
  repeatable(app.add_option("--exclude", subject.excludes, "never probe these")->type_name("TARGET"));
  repeatable(app.add_option("--exclude-file", subject.exclude_files, "never probe what stands in this file")
                 ->type_name("FILE"));
  app.add_flag("--allow-public", subject.allow_public,
               "probe addresses of the public Internet too: only your own, or with permission");
  app.add_option("--seed", subject.seed,
                 "order of the sweep; the same seed gives the same order (below 2^53)")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{0}, (uint64_t{1} << 53) - 1));
  app.add_option("--shard", words.shard, "the I-th of N equal parts, for several machines; needs --seed")
      ->type_name("I/N");
}

void declare_conduct(CLI::App& app, ScanConduct& conduct, Words& words) {
  app.add_option("--engine", words.engine,
                 "auto (syn where permitted), syn (half-open), xdp (in the kernel, from --rate 50k) or "
                 "connect [auto]")
      ->type_name("ENGINE");
  app.add_option("--io", words.io, "of the connect engine: auto, io_uring or epoll")->type_name("IO");
  app.add_option("--capture", conduct.capture, "of the syn engine: write its packets to this pcap file")
      ->type_name("FILE");
  app.add_flag(
      "--xdp-generic", conduct.xdp_generic,
      "of the xdp engine: attach behind the driver, where that has no native mode or would reset its link");
  app.add_option("--ring-bytes", conduct.ring_bytes,
                 "of the syn engine: receive ring of each thread [4194304]")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{1} << 13, uint64_t{1} << 30));
  app.add_option("--rate", words.rate, "probes a second [10k]; 0 is without limit")->type_name("RATE");
  app.add_option("--host-rate", words.host_rate, "probes a second to one address [no limit]")
      ->type_name("RATE");
  app.add_option("--concurrency", conduct.concurrency, "connects in flight, all threads [16384]")
      ->type_name("N")
      ->check(CLI::Range(1, 4'000'000));
  app.add_option("--threads", conduct.threads, "threads, each with a ring of its own [one a processor]")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
  app.add_option("--timeout", words.timeout,
                 "how long an attempt may take [1s]; with --banner the first bytes again")
      ->type_name("TIME");
  app.add_option("--retries", conduct.retries,
                 "further attempts at what is silent [2], or up to 20 with --completeness")
      ->type_name("N")
      ->check(CLI::Range(0, 100));
  app.add_option("--retry-wait", words.retry_wait, "pause before the first retry [250ms], doubled up to 5s")
      ->type_name("TIME");
  app.add_option("--completeness", words.completeness,
                 "retry until this share is found, with 95 % confidence; degraded if it is not reached")
      ->type_name("SHARE");
  app.add_flag("--banner", conduct.banner,
               "read the first bytes of open endpoints; known services are asked one line");
  app.add_flag("--polite", conduct.polite, "close connections with FIN instead of RST");
  app.add_option("--interface", conduct.source.interface, "leave by this interface")->type_name("NAME");
  repeatable(
      app.add_option("--source", words.sources, "leave from this address; once for IPv4, once for IPv6")
          ->type_name("ADDRESS"));
  app.add_option("--source-port", words.source_ports, "use these source ports")->type_name("PORT[-PORT]");
}

void declare_output(CLI::App& app, ScanOutput& output, Words& words) {
  repeatable(app.add_option("-o,--output", words.paths,
                            "write here; repeatable; - is standard output. What is in the file is "
                            "overwritten (with --resume, "
                            "it is continued)")
                 ->type_name("FILE"));
  repeatable(app.add_option("--format", words.formats,
                            "table, jsonl or csv, one for each -o in order; by suffix when not given")
                 ->type_name("FORMAT"));
  app.add_option("--show", words.show,
                 "states to tell of: open,closed,filtered or all [open]; errors always are")
      ->type_name("STATES");
  app.add_option("--journal", output.journal, "keep a journal here, so that the sweep can be resumed")
      ->type_name("FILE");
  app.add_option("--resume", output.resume, "go on with the sweep of this journal")->type_name("FILE");
  app.add_flag("--plan", output.plan, "print what would be done, and send nothing");
  app.add_flag("-q,--quiet", output.quiet,
               "on standard error nothing but errors and warnings; outputs stay as they are");
}

Result<void> apply_sources(const std::vector<std::string>& words, SourceOptions& source) {
  for (const std::string& word : words) {
    const std::optional<IpAddress> address = IpAddress::parse(word);
    if (!address) return usage_error("--source: '" + word + "' is not an address");
    std::optional<IpAddress>& place = address->is_v4() ? source.source_v4 : source.source_v6;
    place = address;
  }
  return {};
}

/// The i-th --format belongs to the i-th -o; without -o, to standard output.
Result<void> apply_outputs(const Words& words, ScanOutput& output) {
  output.outputs_named = !words.paths.empty() || !words.formats.empty() || output.outputs.empty();
  if (!output.outputs_named) return {};  // as in the resumed sweep
  std::vector<std::string> paths = words.paths;
  if (paths.empty()) paths.emplace_back("-");
  if (words.formats.size() > paths.size())
    return usage_error("--format: more formats than outputs; each -o FILE has at most one");
  output.outputs.clear();
  for (size_t i = 0; i < paths.size(); ++i) {
    OutputSpec spec;
    spec.path = paths[i];
    if (i < words.formats.size()) {
      const Result<OutputFormat> format = parse_format(words.formats[i]);
      if (!format) return usage_error("--format: " + format.error().text);
      spec.format = *format;
    }
    output.outputs.push_back(spec);
  }
  return {};
}

Result<void> apply_words(const CLI::App& app, const Words& words, ScanOptions& options) {
  if (app.count("--ports") > 0 && options.subject.ports.empty())
    return usage_error("-p: the list is empty: expected for example 22,80,8000-8100, or - for all ports");
  for (const ValueOption& option : kValueOptions) {
    if (app.count(option.name) == 0) continue;
    const Result<void> applied = option.apply(words.*option.word, options);
    if (!applied)
      return tl::unexpected(
          Error{applied.error().kind, std::string(option.name) + ": " + applied.error().text});
  }
  if (Result<void> applied = apply_sources(words.sources, options.conduct.source); !applied) return applied;
  if (app.count("--completeness") > 0 && app.count("--retries") == 0)
    options.conduct.retries = kRetriesForCompleteness;
  return apply_outputs(words, options.output);
}

Result<void> refuse_subject(const CLI::App& app) {
  for (const char* name : {"TARGET", "--input-list", "--ports", "--top-ports", "--exclude", "--exclude-file",
                           "--allow-public", "--seed", "--shard", "--journal"}) {
    if (app.count(name) > 0)
      return usage_error(std::string(name) +
                         " cannot be given with --resume: the journal says what is swept");
  }
  return {};
}

/// Options of one engine that the other could only ignore.
Result<void> check_engine(const ScanConduct& conduct) {
  if (conduct.engine == EngineKind::xdp &&
      (conduct.banner || conduct.host_rate > 0 || !conduct.capture.empty()))
    return usage_error(
        "--banner, --host-rate and --capture need packets in user space: leave them out, or use "
        "--engine syn");
  if (conduct.engine != EngineKind::xdp && conduct.xdp_generic)
    return usage_error("--xdp-generic belongs to the xdp engine: leave it out, or use --engine xdp");
  const bool for_connect = conduct.polite || conduct.concurrency > 0 || conduct.io != IoChoice::automatic;
  if ((conduct.engine == EngineKind::syn || conduct.engine == EngineKind::xdp) && for_connect)
    return usage_error(
        "--polite, --concurrency and --io belong to the connect engine: leave them out, or use --engine "
        "connect");
  if (!conduct.capture.empty() && (conduct.engine == EngineKind::connect || for_connect))
    return usage_error("--capture belongs to the syn engine: leave it out, or use --engine syn");
  return {};
}

Result<void> check_combination(const ScanOptions& options) {
  if (Result<void> sound = check_engine(options.conduct); !sound) return sound;
  if (!options.subject.ports.empty() && options.subject.top_ports > 0)
    return usage_error("-p and --top-ports exclude each other: leave one of them out");
  // Each process would draw a seed of its own: the parts of different orders leave endpoints out.
  if (!options.subject.shard.whole() && !options.subject.seed)
    return usage_error("--shard needs --seed N, the same on every machine");
  if (Result<void> distinct = check_distinct_files(options); !distinct) return distinct;
  const bool wants_journal = !options.output.journal.empty() || !options.output.resume.empty();
  const auto durable = [](const OutputSpec& spec) {
    const Result<OutputFormat> format =
        spec.format ? Result<OutputFormat>(*spec.format) : format_of_path(spec.path);
    return format && *format != OutputFormat::table;
  };
  if (wants_journal && !std::ranges::any_of(options.output.outputs, durable)) {
    return usage_error(
        "--journal needs an output that survives an interruption: a table is written only at the end; add -o "
        "FILE.jsonl or -o FILE.csv");
  }
  return {};
}

/// CLI11 knows one dash for one letter; -iL is how the option is called elsewhere.
std::vector<std::string> reversed_words(std::span<const std::string> args) {
  std::vector<std::string> words(args.rbegin(), args.rend());
  for (std::string& word : words) {
    if (word == "-iL") word = "--input-list";
    if (word == "-p-") word = "--ports=-";
  }
  return words;
}

}  // namespace

Result<std::optional<ScanOptions>> parse_scan_options(std::span<const std::string> args,
                                                      const ScanOptions* base) {
  ScanOptions options = base != nullptr ? *base : ScanOptions{};
  Words words;
  CLI::App app(kDescription, "sonde scan");
  app.footer(kExamples);
  declare_subject(app, options.subject, words);
  declare_conduct(app, options.conduct, words);
  declare_output(app, options.output, words);
  try {
    app.parse(reversed_words(args));
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    return usage_error(std::string(error.what()) + "; `sonde scan --help` lists the options");
  }
  if (base != nullptr) {
    if (Result<void> allowed = refuse_subject(app); !allowed) return tl::unexpected(allowed.error());
    if (app.count("--capture") == 0) options.conduct.capture.clear();  // that file is the earlier run's
  }
  if (Result<void> applied = apply_words(app, words, options); !applied)
    return tl::unexpected(applied.error());
  const bool resumes_first =
      base == nullptr && !options.output.resume.empty();  // parsed again, on the journal's options
  if (!resumes_first) {
    if (Result<void> sound = check_combination(options); !sound) return tl::unexpected(sound.error());
  }
  return options;
}

}  // namespace sonde
