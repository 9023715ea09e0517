#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/probe/record.h"

namespace sonde {

/// One line of a table: a record, reduced to what is shown of it, with all
/// text made harmless to a terminal. At most some 600 bytes.
struct TableRow {
  Endpoint endpoint;
  std::string name;
  std::string sni;         ///< empty when it is the name
  size_t target_hash = 0;  ///< of name and server name as they are: when cut, two may look alike
  Outcome outcome;
  std::string rtt;      ///< "0.183 ms", empty when there is none
  std::string service;  ///< ASCII
  std::string info;     ///< what else is known: ICMP sender, errno, TTL, the banner's first line
};
TableRow table_row(const EndpointRecord& record);

/// The order of a table: by host, port and name. Rows of one target are
/// equivalent, whatever else they tell.
struct TableOrder {
  bool operator()(const TableRow& a, const TableRow& b) const;
};

/// Appends one more fact to an info text, after "; ". An empty one is left out.
void append_fact(std::string& info, std::string_view fact);

}  // namespace sonde
