#pragma once

#include <cstdint>
#include <vector>

namespace sonde {

/// The ports that a fleet's owner most likely cares about, most important
/// first; more than 1,000, each once. The order is ours: services of ordinary
/// infrastructure by the authors' judgement (remote access and web, then
/// databases, caches, queues, mail, directories, orchestration, monitoring,
/// storage, Windows, network devices, development), and after them every other
/// system port (1–1023, RFC 6335 §6) in ascending order. It was not measured,
/// and not taken from nmap-services, whose frequencies are under nmap's licence.
std::vector<uint16_t> top_ports_order();

}  // namespace sonde
