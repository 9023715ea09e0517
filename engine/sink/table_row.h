#pragma once

#include <string>
#include <string_view>

#include "engine/probe/record.h"

namespace sonde {

/// One line of a table: a record, reduced to what is shown of it, with all
/// text made harmless to a terminal. At most some 600 bytes.
struct TableRow {
  Endpoint endpoint;
  std::string name;
  Outcome outcome;
  std::string rtt;      ///< "0.183 ms", empty when there is none
  std::string service;  ///< ASCII
  std::string info;     ///< what else is known: ICMP sender, errno, server name, the banner's first line
};
TableRow table_row(const EndpointRecord& record);

/// Appends one more fact to an info text, after "; ". An empty one is left out.
void append_fact(std::string& info, std::string_view fact);

}  // namespace sonde
