#pragma once

#include <functional>
#include <span>

#include "net/neighbour_resolver.h"
#include "net/packet/packet_port.h"

namespace sonde {

/// A neighbour to be asked for, and who asks.
using NeighbourQuery = NeighbourResolver::Question;

/// Hands one question to its device.
SendResult send_question(PacketPort& port, const NeighbourQuery& query);

/// What is to be heard of a survey: the station, nullptr when nobody answered.
using OnNeighbour = std::function<void(const NeighbourQuery&, const LinkAddress* station)>;

/// Asks for many neighbours, some thousands at a time, and tells of each one
/// once, in their order. Blocks until each has answered or failed, or `stop`
/// says so (then the others are not told of). Answers come in at `port`, which
/// lets through ARP replies and neighbour advertisements; whatever else does is
/// thrown away. At most `questions_per_second` leave. Returns how many did.
/// Error: the device refuses the questions for long.
Result<uint64_t> survey_neighbours(PacketPort& port, std::span<const NeighbourQuery> queries,
                                   double questions_per_second, const Clock& clock,
                                   const std::function<bool()>& stop, const OnNeighbour& on_neighbour);

}  // namespace sonde
