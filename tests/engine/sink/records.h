#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "engine/probe/record.h"

namespace sonde {

// Records to write, for the tests of this folder.

/// 2026-01-02T03:04:05.678901Z and 234 ns.
WallTime a_moment();

/// An open SSH port of 10.0.0.5 with RTT, banner and service.
EndpointRecord an_open_ssh();

/// A port of `address` in the given state, with the barest facts.
EndpointRecord a_record(const std::string& address, uint16_t port, State state);

/// An open port of 10.0.0.5 with what the packets of the SYN engine show.
EndpointRecord a_seen_https();

/// 65,321 endpoints, all of them accounted for.
SummaryRecord a_summary();

/// The same, of the SYN engine, with every fact that a summary can have.
SummaryRecord a_full_summary();

/// Hosts 10.1.0.0, 10.1.0.1, …, each with so many ports that a proxy answered for.
std::vector<ProxyRecord> proxies_of(size_t count, uint64_t ports);

/// Bytes that break careless formats: quotes, line ends, NUL, escapes, broken
/// and four-byte UTF-8, separators, formulas. Never more than 512.
std::string nasty_text(std::mt19937_64& random);

/// A record with any facts, nasty texts among them. The same seed gives the
/// same records.
std::vector<EndpointRecord> random_records(uint64_t seed, size_t count);

/// A summary with any facts.
SummaryRecord random_summary(uint64_t seed);

}  // namespace sonde
