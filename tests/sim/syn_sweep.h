#pragma once

#include <gtest/gtest.h>

#include "engine/probe/syn_prober.h"
#include "tests/sim/sim_port.h"
#include "tests/sim/sim_sweep.h"

namespace sonde {

using std::chrono::milliseconds;

inline const SynScope kScope{{11, 22}, 40000, 40063};

/// A sweep by raw SYNs over a simulated network of packets, one worker.
struct SynSweep : SimSweep {
  explicit SynSweep(const std::string& text = "10.0.0.0/23", const std::string& ports = "22,80,443")
      : SimSweep(targets_of(text, ports)) {
    hop.kind = RouteKind::unicast;
    hop.interface_index = 1;
    hop.source = *IpAddress::parse("10.255.0.1");
    options.retries = 2;
    network.answer = [](const Endpoint&) { return SimAnswer::open(); };  // of connects, where there are some
  }

  SummaryRecord run_syn(Journal* journal = nullptr) {
    factory_override = [this](uint32_t) -> Result<std::unique_ptr<Prober>> {
      SynProber::Parts parts{
          .port = std::make_unique<SimPacketPort>(packets, clock),
          .next_hop = [this](const IpAddress& to, uint32_t) -> const NextHop& {
            return next_hop ? next_hop(to) : hop;
          },
          .why_no_hop = {},
          .resolver = resolver,
          .connects = std::make_unique<ConnectProber>(std::make_unique<SimTcpDriver>(network, clock, 64),
                                                      ConnectProberOptions{}, clock.now()),
          .clock = clock};
      return std::make_unique<SynProber>(std::move(parts), syn);
    };
    return run(journal);
  }

  /// Packets go to this neighbour, whose link address is to be found out.
  void through_neighbour(const std::string& address) {
    hop.needs_station = true;
    hop.neighbour = *IpAddress::parse(address);
    hop.own_address = hop.source;
    hop.own_station.size = 6;
  }

  NextHop hop;
  std::function<const NextHop&(const IpAddress&)> next_hop;
  NeighbourResolver resolver;
  SimPacketNetwork packets;
  SynProberOptions syn{.scope = kScope, .timeout = milliseconds(500)};
};

inline Outcome true_outcome(const Endpoint& endpoint) {
  switch ((endpoint.address.v4_number() * 31 + endpoint.port) % 6) {
    case 0: return {State::open, Reason::syn_ack};
    case 1: return {State::closed, Reason::reset};
    case 2: return {State::filtered, Reason::no_response};
    case 3: return {State::filtered, Reason::admin_prohibited};
    case 4: return {State::filtered, Reason::host_unreach};
    default: return {State::filtered, Reason::port_unreach};
  }
}

inline std::vector<SimPacket> mixed_reply(const SimSyn& syn) {
  switch (true_outcome(syn.to).reason) {
    case Reason::syn_ack: return {syn.syn_ack()};
    case Reason::reset: return {syn.reset()};
    case Reason::admin_prohibited: return {syn.rejected(3, 13)};
    case Reason::host_unreach: return {syn.rejected(3, 1)};
    case Reason::port_unreach: return {syn.rejected(3, 3)};
    default: return {};
  }
}

inline void expect_truth(const SynSweep& sim) {
  const auto found = sim.found();
  ASSERT_EQ(found.size(), sim.targets.size());
  for (const auto& [endpoint, record] : found)
    EXPECT_EQ(record.outcome, true_outcome(endpoint)) << endpoint.to_string();
}

inline void expect_sound(const SummaryRecord& summary) {
  EXPECT_TRUE(summary.books.balanced())
      << summary.books.sent << " " << summary.books.answered << " " << summary.books.unanswered;
  EXPECT_TRUE(summary.packets->balanced());
  EXPECT_EQ(summary.packets->sent, summary.books.sent - summary.books.local_failed);
}

/// The one endpoint's record, after packets were answered as told.
inline EndpointRecord record_after(SimReply reply, SummaryRecord* summary = nullptr) {
  SynSweep sim("10.0.0.2", "443");
  sim.packets.reply = std::move(reply);
  const SummaryRecord done = sim.run_syn();
  EXPECT_TRUE(done.books.balanced());
  if (summary != nullptr) *summary = done;
  return sim.found().at({*IpAddress::parse("10.0.0.2"), 443});
}

}  // namespace sonde
