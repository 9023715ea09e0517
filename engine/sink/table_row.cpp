#include "engine/sink/table_row.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <tuple>

#include "engine/sink/fields.h"
#include "engine/sink/utf8.h"

namespace sonde {
namespace {

constexpr size_t kLongestName = 100;
constexpr size_t kLongestService = 24;
constexpr size_t kLongestBannerShown = 100;

std::string milliseconds(Nanos duration) {
  const auto microseconds = static_cast<uint64_t>(std::max<int64_t>(duration.count(), 0)) / 1000;
  const std::string decimals = std::to_string(1000 + microseconds % 1000).substr(1);
  return std::to_string(microseconds / 1000) + "." + decimals + " ms";
}

std::string_view first_line(std::string_view banner) {
  banner.remove_prefix(std::min(banner.find_first_not_of("\r\n"), banner.size()));
  return banner.substr(0, banner.find_first_of("\r\n"));
}

std::string icmp_text(const IcmpEvidence& icmp) {
  std::string text = "icmp " + std::to_string(icmp.type) + "/" + std::to_string(icmp.code);
  if (icmp.sender != IpAddress()) text += " from " + icmp.sender.to_string();
  return text;
}

std::string ttl_text(const EndpointRecord& record) {
  if (!record.segment || !record.usual_ttl) return "";
  return "ttl " + std::to_string(record.segment->ttl) + " unlike the host's usual " +
         std::to_string(*record.usual_ttl);
}

std::string info_of(const EndpointRecord& record) {
  std::string info;
  if (record.icmp) append_fact(info, icmp_text(*record.icmp));
  if (record.neighbour_unresolved)
    append_fact(info,
                record.endpoint.address.is_v4() ? "no answer to ARP" : "no answer to neighbour discovery");
  if (record.local_errno != 0) {
    std::string name;
    append_errno_name(name, record.local_errno);
    append_fact(info, name);
  }
  if (record.after_accept != AfterAccept::nothing) {
    append_fact(info,
                std::string(record.after_accept == AfterAccept::hung_up ? "hung up"
                                                                        : to_string(record.after_accept)) +
                    " right after accepting");
  }
  if (record.follow_up)
    append_fact(info, "connect after the SYN-ACK: " + std::string(to_string(*record.follow_up)));
  append_fact(info, ttl_text(record));
  append_fact(info, printable_ascii(first_line(record.banner), kLongestBannerShown));
  return info;
}

}  // namespace

void append_fact(std::string& info, std::string_view fact) {
  if (fact.empty()) return;
  if (!info.empty()) info += "; ";
  info += fact;
}

TableRow table_row(const EndpointRecord& record) {
  const std::hash<std::string> hash;
  return {record.endpoint,
          printable_text(record.name, kLongestName),
          record.sni == record.name ? std::string() : printable_text(record.sni, kLongestName),
          hash(record.name) * 31 + hash(record.sni),
          record.outcome,
          record.rtt ? milliseconds(*record.rtt) : std::string(),
          printable_ascii(record.service, kLongestService),
          info_of(record)};
}

bool TableOrder::operator()(const TableRow& a, const TableRow& b) const {
  const auto key = [](const TableRow& row) {
    return std::tie(row.endpoint.address, row.endpoint.scope, row.endpoint.port, row.name, row.sni,
                    row.target_hash);
  };
  return key(a) < key(b);
}

}  // namespace sonde
