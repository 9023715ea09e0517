#include "cli/doctor.h"

#include <algorithm>
#include <cstring>

#include "cli/figures.h"
#include "net/uring_tcp_driver.h"

namespace sonde {
namespace {

// Long lists are cut: a router has thousands of routes and a host hundreds of
// virtual interfaces.
constexpr size_t kMostLines = 24;
// The routing table of addresses that are this machine itself, RT_TABLE_LOCAL.
constexpr uint32_t kLocalTable = 255;
constexpr uint32_t kMainTable = 254;

Result<std::vector<TableRoute>> list_routes() {
  auto table = RouteTable::open();
  if (!table) return tl::unexpected(table.error());
  auto routes = table->routes();
  if (!routes) return routes;
  std::erase_if(*routes, [](const TableRoute& entry) { return entry.table == kLocalTable; });
  return routes;
}

std::string section(const std::string& name, const std::string& lines) { return "\n" + name + "\n" + lines; }

std::string line(const std::string& name, const std::string& text) {
  std::string padded = name;
  padded.resize(std::max<size_t>(name.size() + 1, 20), ' ');
  return "  " + padded + text + "\n";
}

// Ready-made lines, cut at kMostLines; says so.
std::string cut(const std::vector<std::string>& lines) {
  std::string text;
  const size_t shown = std::min(lines.size(), kMostLines);
  for (size_t i = 0; i < shown; ++i) text += lines[i];
  if (lines.size() > shown) text += "  … and " + grouped(lines.size() - shown) + " more\n";
  return text;
}

std::string uring_text(const UringSupport& uring) {
  if (!uring.can_connect()) return explain_uring(uring);
  std::string text = "permitted";
  if (uring.install_descriptor) text += ", with the kernel's round-trip times";
  return text;
}

std::string permission(int error) {
  return error == 0 ? std::string("permitted") : std::string("no (") + std::strerror(error) + ")";
}

std::string system_lines(const DoctorFacts& facts) {
  const Limits& limits = facts.limits;
  std::string text = line("kernel", "Linux " + facts.kernel.release);
  text += line("processors", counted(limits.cpus, "processor", "processors") + " usable by this process");
  if (limits.memory_available_bytes)
    text += line("memory", in_bytes(*limits.memory_available_bytes) + " available");
  text += line("io_uring", uring_text(facts.kernel.uring));
  text += line("raw sockets", permission(facts.kernel.raw_socket_errno));
  text += line("IPv6", facts.kernel.ipv6 ? "yes" : "no");
  return text;
}

std::string engine_lines(const DoctorFacts& facts) {
  std::string text;
  for (const EngineAvailability& engine : judge_engines(facts))
    text += line(engine.name, (engine.available ? "available: " : "not available: ") + engine.why);
  return text;
}

std::string rights_lines(const DoctorFacts& facts) {
  if (!facts.privileges) return "  " + facts.privileges.error().text + "\n";
  std::string text = line("user", facts.privileges->root ? "root" : "not root");
  for (Capability capability : kCapabilities) {
    const HeldCapability& held = facts.privileges->of(capability);
    const char* state = held.effective ? "yes" : held.permitted ? "permitted, not in force" : "no";
    text += line(std::string(to_string(capability)), state);
  }
  return text;
}

std::string amount(uint64_t limit) { return limit == kNoLimit ? "no limit" : grouped(limit); }

std::string descriptor_text(const DoctorFacts& facts) {
  const ResourceLimit& limit = facts.limits.descriptors;
  std::string text = amount(limit.hard) + " a process";
  if (limit.soft < limit.hard) text += " (now " + grouped(limit.soft) + "; a sweep raises it by itself)";
  if (facts.kernel.uring.can_connect())
    return text + ": " + grouped(std::min<uint64_t>(limit.hard, kMostUringSlots)) +
           " connects in flight a thread with io_uring's direct descriptors";
  return text + ": that many connects in flight in all";
}

std::string port_text(const PortRange& ports) {
  return std::to_string(ports.first) + "-" + std::to_string(ports.last) + ": " + grouped(ports.count()) +
         " connects at a time to one address and port; different endpoints share them";
}

std::string conntrack_text(const std::optional<ConntrackTable>& table) {
  if (!table) return "not loaded here";
  return grouped(table->used) + " of " + grouped(table->most) + " entries used";
}

std::string limit_lines(const DoctorFacts& facts) {
  const Limits& limits = facts.limits;
  std::string text = line("descriptors", descriptor_text(facts));
  if (limits.system_files) text += line("open files", amount(*limits.system_files) + " on the whole machine");
  text += line("locked memory",
               limits.locked_memory.soft == kNoLimit ? "no limit" : in_bytes(limits.locked_memory.soft));
  if (limits.source_ports) text += line("source ports", port_text(*limits.source_ports));
  if (limits.tcp_syn_retries)
    text += line("SYN retries",
                 grouped(*limits.tcp_syn_retries) + " by the kernel, unless the time-out comes first");
  if (limits.tcp_max_orphans)
    text +=
        line("orphans", grouped(*limits.tcp_max_orphans) + " closed sockets that the kernel still winds up");
  text += line("connection tracking", conntrack_text(limits.conntrack));
  return text;
}

std::string link_line(const Interface& link) {
  std::string text = link.up ? (link.carrier ? "up" : "up without carrier") : "down";
  text += ", " + std::string(to_string(link.type)) + ", mtu " + std::to_string(link.mtu);
  for (const InterfaceAddress& address : link.addresses)
    text += ", " + address.address.to_string() + "/" + std::to_string(address.prefix_length);
  return line(link.name, text);
}

std::string interface_lines(const DoctorFacts& facts) {
  if (!facts.interfaces) return "  " + facts.interfaces.error().text + "\n";
  std::vector<std::string> lines;
  for (const Interface& link : *facts.interfaces) lines.push_back(link_line(link));
  return cut(lines);
}

std::string route_line(const TableRoute& entry) {
  const Route& route = entry.route;
  std::string text =
      route.kind == RouteKind::unicast ? route.interface_name : std::string(to_string(route.kind));
  if (route.gateway) text += " via " + route.gateway->to_string();
  if (route.source) text += " from " + route.source->to_string();
  if (entry.multipath) text += ", and other next hops";
  if (entry.table != kMainTable) text += ", table " + std::to_string(entry.table);
  return line(entry.prefix.to_string(), text);
}

std::string route_lines(const DoctorFacts& facts) {
  if (!facts.routes) return "  " + facts.routes.error().text + "\n";
  std::vector<std::string> lines;
  for (const TableRoute& entry : *facts.routes) lines.push_back(route_line(entry));
  return lines.empty() ? "  none\n" : cut(lines);
}

std::string firewall_lines(const DoctorFacts& facts) {
  if (!facts.firewall) return "  " + facts.firewall.error().text + "\n";
  std::vector<std::string> lines;
  for (const FirewallChain& chain : *facts.firewall)
    lines.push_back(line(chain.hook, chain.family + " " + chain.table + " " + chain.name + ", " + chain.type +
                                         ", policy " + (chain.drops_by_default ? "drop" : "accept")));
  return lines.empty() ? "  no chains of nftables on the way of our packets\n" : cut(lines);
}

std::string diagnosis_lines(const DoctorFacts& facts) {
  std::vector<std::string> lines;
  for (const Diagnosis& diagnosis : diagnose(facts))
    lines.push_back("  " + std::string(to_string(diagnosis.severity)) + ": " + diagnosis.cause + "\n    → " +
                    diagnosis.remedy + "\n");
  return lines.empty() ? "  none\n" : cut(lines);
}

}  // namespace

DoctorFacts gather_doctor_facts(std::string version) {
  return {std::move(version), probe_kernel_features(), read_privileges(),     read_limits(),
          list_interfaces(),  list_routes(),           list_firewall_chains()};
}

std::string render_doctor(const DoctorFacts& facts) {
  const bool possible = doctor_exit_code(facts) == 0;
  return "sonde " + facts.version + ": a sweep is " + (possible ? "possible" : "not possible") +
         " on this machine. Nothing was sent.\n" + section("System", system_lines(facts)) +
         section("Engines", engine_lines(facts)) + section("Rights", rights_lines(facts)) +
         section("Limits", limit_lines(facts)) + section("Interfaces", interface_lines(facts)) +
         section("Routes", route_lines(facts)) +
         section("Firewall of this machine (nftables)", firewall_lines(facts)) +
         section("Findings", diagnosis_lines(facts));
}

}  // namespace sonde
