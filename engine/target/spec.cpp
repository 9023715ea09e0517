#include "engine/target/spec.h"

#include <net/if.h>

#include <algorithm>
#include <charconv>

#include "engine/target/fault.h"
#include "engine/target/host_name.h"
#include "engine/target/range_text.h"

namespace sonde {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\v\f";
constexpr std::string_view kExpectedPort = "expected a port from 1 to 65535";

/// A target's text, taken apart: HOST, %ZONE and :PORT, each with its offset.
struct Parts {
  std::string_view host;
  size_t host_offset = 0;
  std::optional<std::string_view> port;
  size_t port_offset = 0;
};

Parsed<Parts> split_brackets(std::string_view text) {
  const size_t close = text.find(']');
  if (close == std::string_view::npos) return found_fault(0, text, "expected a ] that closes the [");
  Parts parts{text.substr(1, close - 1), 1, std::nullopt, 0};
  if (parts.host.find(':') == std::string_view::npos)
    return found_fault(1, parts.host, "expected an IPv6 address, prefix or range in brackets");
  const std::string_view rest = text.substr(close + 1);
  if (rest.empty()) return parts;
  if (rest.front() != ':')
    return found_fault(close + 1, rest,
                       "expected :PORT after the ] (a prefix length stands inside the brackets)");
  parts.port = rest.substr(1);
  parts.port_offset = close + 2;
  return parts;
}

Parsed<Parts> split_port(std::string_view text) {
  if (text.starts_with('[')) return split_brackets(text);
  const size_t colon = text.find(':');
  const bool is_v6 = colon != text.rfind(':');  // a bare IPv6 address has no port
  if (colon == std::string_view::npos || is_v6) return Parts{text, 0, std::nullopt, 0};
  return Parts{text.substr(0, colon), 0, text.substr(colon + 1), colon + 1};
}

Parsed<uint16_t> parse_port(std::string_view text, size_t offset) {
  uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc{} || end != text.data() + text.size() || port == 0)
    return found_fault(offset, text, kExpectedPort);
  return port;
}

Parsed<uint32_t> parse_zone(std::string_view zone, size_t offset, const ZoneLookup& zone_index) {
  if (zone.find('/') != std::string_view::npos)
    return found_fault(offset, zone, "expected one address with a zone, not a prefix");
  uint32_t index = 0;
  const auto [end, failure] = std::from_chars(zone.data(), zone.data() + zone.size(), index);
  const bool is_number = failure == std::errc{} && end == zone.data() + zone.size();
  if (!is_number) index = zone.empty() ? 0 : zone_index(std::string(zone));
  if (index == 0)
    return found_fault(offset, zone, "expected the name or index of a network interface of this machine");
  return index;
}

Parsed<void> read_zoned(std::string_view host, size_t percent, const ZoneLookup& zone_index,
                        TargetSpec& spec) {
  const auto address = IpAddress::parse(host.substr(0, percent));
  if (!address || !address->is_link_local_v6())
    return found_fault(0, host.substr(0, percent),
                       "expected one link-local IPv6 address (fe80::/10) before the zone");
  const auto scope = parse_zone(host.substr(percent + 1), percent + 1, zone_index);
  if (!scope) return tl::unexpected(scope.error());
  spec.ranges.push_back({*address, *address});
  spec.scope = *scope;
  return {};
}

Parsed<void> read_host(std::string_view host, const ZoneLookup& zone_index, TargetSpec& spec) {
  if (host.empty()) return found_fault(0, host, "expected an address or a host name");
  if (const size_t percent = host.find('%'); percent != std::string_view::npos)
    return read_zoned(host, percent, zone_index, spec);
  if (looks_like_addresses(host)) {
    auto ranges = parse_ranges(host);
    if (!ranges) return tl::unexpected(std::move(ranges.error()));
    spec.ranges = std::move(*ranges);
    return {};
  }
  auto name = parse_host_name(host);
  if (!name) return tl::unexpected(std::move(name.error()));
  spec.name = std::move(*name);
  return {};
}

Parsed<TargetSpec> parse_target(std::string_view text, const ZoneLookup& zone_index) {
  const auto parts = split_port(text);
  if (!parts) return tl::unexpected(parts.error());
  TargetSpec spec;
  if (auto read = read_host(parts->host, zone_index, spec); !read) {
    read.error().offset += parts->host_offset;
    return tl::unexpected(std::move(read.error()));
  }
  if (parts->port) {
    const auto port = parse_port(*parts->port, parts->port_offset);
    if (!port) return tl::unexpected(port.error());
    spec.port = *port;
  }
  return spec;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

Parsed<void> set_label(std::string_view text, size_t offset, TargetSpec& spec) {
  if (text.empty() || text.size() > kLongestLabelText || std::any_of(text.begin(), text.end(), is_control))
    return found_fault(offset, text,
                       "expected a label of 1 to " + std::to_string(kLongestLabelText) +
                           " bytes, none of them a control character");
  spec.label = text;
  return {};
}

Parsed<void> set_sni(std::string_view text, size_t offset, TargetSpec& spec) {
  auto name = parse_host_name(text);
  if (!name) return found_fault(offset, text, "expected a host name as TLS server name");
  if (name->ends_with('.')) name->pop_back();  // RFC 6066 §3
  spec.sni = std::move(*name);
  return {};
}

/// An attribute of the last target of `specs`, which are those of this line.
Parsed<void> read_attribute(std::string_view token, size_t equals, size_t first_of_line,
                            std::vector<TargetSpec>& specs) {
  const std::string_view key = token.substr(0, equals);
  if (key != "label" && key != "sni") return found_fault(0, token, "expected label=TEXT or sni=NAME");
  if (specs.size() == first_of_line) return found_fault(0, token, "expected a target before it");
  const std::string_view value = token.substr(equals + 1);
  return key == "label" ? set_label(value, equals + 1, specs.back())
                        : set_sni(value, equals + 1, specs.back());
}

Parsed<void> read_token(std::string_view token, size_t first_of_line, const ZoneLookup& zone_index,
                        std::vector<TargetSpec>& specs) {
  if (const size_t equals = token.find('='); equals != std::string_view::npos)
    return read_attribute(token, equals, first_of_line, specs);
  auto spec = parse_target(token, zone_index);
  if (!spec) {
    if (token.find(',') != std::string_view::npos)
      spec.error().text += "; targets are separated by spaces, not by commas";
    return tl::unexpected(std::move(spec.error()));
  }
  specs.push_back(std::move(*spec));
  return {};
}

}  // namespace

uint32_t system_zone_index(const std::string& zone) { return if_nametoindex(zone.c_str()); }

std::string LineOrigin::prefix(size_t column) const {
  const std::string place = std::to_string(column) + ": ";
  if (file.empty()) return "argument " + quoted_part(text) + ":" + place;
  return std::string(file) + ":" + std::to_string(line) + ":" + place;
}

Result<void> parse_target_line(std::string_view line, const LineOrigin& origin, const ZoneLookup& zone_index,
                               std::vector<TargetSpec>& specs) {
  if (line.size() > kLongestTargetLine)
    return usage_error(origin.prefix(kLongestTargetLine + 1) + "found a line of " +
                       std::to_string(line.size()) + " bytes, expected at most " +
                       std::to_string(kLongestTargetLine));
  const size_t first_of_line = specs.size();
  size_t intervals = 0;
  for (size_t start = 0; (start = line.find_first_not_of(kWhiteSpace, start)) != std::string_view::npos;) {
    if (line[start] == '#') break;
    const size_t end = std::min(line.find_first_of(kWhiteSpace, start), line.size());
    const size_t known = specs.size();
    const auto read = read_token(line.substr(start, end - start), first_of_line, zone_index, specs);
    if (!read) return usage_error(origin.prefix(start + read.error().offset + 1) + read.error().text);
    if (specs.size() > known) {
      specs.back().column = start + 1;
      intervals += specs.back().ranges.size();
    }
    if (intervals > kMostIntervalsOfLine)
      return usage_error(origin.prefix(start + 1) + "found octet ranges of more than " +
                         std::to_string(kMostIntervalsOfLine) +
                         " separate runs of addresses in one line, expected fewer: write several lines");
    start = end;
  }
  return {};
}

}  // namespace sonde
