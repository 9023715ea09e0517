#include "engine/probe/outcome.h"

#include "net/base/check.h"

namespace sonde {

std::string_view to_string(State state) {
  switch (state) {
    case State::open: return "open";
    case State::closed: return "closed";
    case State::filtered: return "filtered";
    case State::error: return "error";
  }
  check_failed("a state has a name", __FILE__, __LINE__);
}

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::syn_ack: return "syn-ack";
    case Reason::conn_refused: return "conn-refused";
    case Reason::reset: return "reset";
    case Reason::no_response: return "no-response";
    case Reason::net_unreach: return "net-unreach";
    case Reason::host_unreach: return "host-unreach";
    case Reason::proto_unreach: return "proto-unreach";
    case Reason::port_unreach: return "port-unreach";
    case Reason::admin_prohibited: return "admin-prohibited";
    case Reason::dest_unreach: return "dest-unreach";
    case Reason::time_exceeded: return "time-exceeded";
    case Reason::param_problem: return "param-problem";
    case Reason::local_no_descriptors: return "local-no-descriptors";
    case Reason::local_no_memory: return "local-no-memory";
    case Reason::local_no_ports: return "local-no-ports";
    case Reason::local_denied: return "local-denied";
    case Reason::local_no_route: return "local-no-route";
    case Reason::local_link_down: return "local-link-down";
    case Reason::local_no_gateway: return "local-no-gateway";
    case Reason::local_firewall: return "local-firewall";
    case Reason::local_failure: return "local-failure";
  }
  check_failed("a reason has a name", __FILE__, __LINE__);
}

std::string_view to_string(RttClock clock) { return clock == RttClock::kernel ? "kernel" : "app"; }

std::string_view to_string(AfterAccept after) {
  switch (after) {
    case AfterAccept::nothing: return "";
    case AfterAccept::reset: return "reset";
    case AfterAccept::closed: return "closed";
    case AfterAccept::hung_up: return "hung-up";
  }
  check_failed("an AfterAccept has a name", __FILE__, __LINE__);
}

}  // namespace sonde
