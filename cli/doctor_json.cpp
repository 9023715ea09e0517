#include <nlohmann/json.hpp>

#include "cli/doctor.h"

namespace sonde {
namespace {

// Keeps the order of the report.
using Json = nlohmann::ordered_json;

// A router's table would make a document of gigabytes.
constexpr size_t kMostRoutesShown = 1000;

template <typename T>
void put(Json& object, const char* name, const std::optional<T>& value) {
  if (value) object[name] = *value;
}

void put_text(Json& object, const char* name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

// No limit is an absent field, not a number that only looks like one.
void put_limit(Json& object, const char* name, uint64_t limit) {
  if (limit != kNoLimit) object[name] = limit;
}

Json kernel_json(const KernelFeatures& kernel) {
  Json object{{"release", kernel.release}, {"ipv6", kernel.ipv6}};
  object["raw_socket"] = kernel.raw_socket_errno == 0;
  object["packet_socket"] = kernel.packet_socket_errno == 0;
  object["btf"] = kernel.types_errno == 0;
  const UringSupport& uring = kernel.uring;
  Json ring{{"permitted", uring.permitted()}, {"usable", uring.can_connect()}};
  if (!uring.permitted()) ring["errno"] = uring.setup_errno;
  put(ring, "io_uring_disabled", uring.disabled);
  ring["single_issuer"] = uring.single_issuer;
  ring["connect"] = uring.connect;
  ring["socket"] = uring.socket;
  ring["uring_cmd"] = uring.socket_options;
  ring["fixed_fd_install"] = uring.install_descriptor;
  object["io_uring"] = std::move(ring);
  return object;
}

Json engines_json(const DoctorFacts& facts) {
  Json list = Json::array();
  for (const EngineAvailability& engine : judge_engines(facts))
    list.push_back({{"name", engine.name}, {"available", engine.available}, {"why", engine.why}});
  return list;
}

Json rights_json(const Result<Privileges>& privileges) {
  if (!privileges) return {{"error", privileges.error().text}};
  Json object{{"root", privileges->root}};
  for (Capability capability : kCapabilities) {
    const HeldCapability& held = privileges->of(capability);
    object[std::string(to_string(capability))] = {{"effective", held.effective},
                                                  {"permitted", held.permitted}};
  }
  return object;
}

Json resource_json(const ResourceLimit& limit) {
  Json object = Json::object();
  put_limit(object, "soft", limit.soft);
  put_limit(object, "hard", limit.hard);
  return object;
}

Json limits_json(const Limits& limits) {
  Json object{{"descriptors", resource_json(limits.descriptors)},
              {"locked_memory_bytes", resource_json(limits.locked_memory)}};
  put(object, "system_files", limits.system_files);
  if (limits.source_ports)
    object["source_ports"] = {{"first", limits.source_ports->first}, {"last", limits.source_ports->last}};
  put(object, "tcp_max_orphans", limits.tcp_max_orphans);
  put(object, "tcp_max_tw_buckets", limits.tcp_max_tw_buckets);
  put(object, "tcp_syn_retries", limits.tcp_syn_retries);
  put(object, "somaxconn", limits.somaxconn);
  put(object, "icmp_ratelimit_ms", limits.icmp_ratelimit_ms);
  put(object, "icmp_msgs_per_sec", limits.icmp_msgs_per_sec);
  if (limits.conntrack)
    object["conntrack"] = {{"used", limits.conntrack->used}, {"most", limits.conntrack->most}};
  put(object, "memory_available_bytes", limits.memory_available_bytes);
  object["cpus"] = limits.cpus;
  return object;
}

Json link_json(const Interface& link) {
  Json object{{"index", link.index}, {"name", link.name}, {"type", to_string(link.type)}};
  put_text(object, "kind", link.kind);
  object["up"] = link.up;
  object["carrier"] = link.carrier;
  object["mtu"] = link.mtu;
  put_text(object, "hardware_address", link.hardware_address);
  object["addresses"] = Json::array();
  for (const InterfaceAddress& address : link.addresses) {
    Json entry{{"addr", address.address.to_string()}, {"prefix_length", address.prefix_length}};
    if (address.broadcast) entry["broadcast"] = address.broadcast->to_string();
    if (address.deprecated) entry["deprecated"] = true;
    if (address.tentative) entry["tentative"] = true;
    object["addresses"].push_back(std::move(entry));
  }
  return object;
}

Json interfaces_json(const Result<std::vector<Interface>>& interfaces) {
  if (!interfaces) return {{"error", interfaces.error().text}};
  Json list = Json::array();
  for (const Interface& link : *interfaces) list.push_back(link_json(link));
  return {{"list", std::move(list)}};
}

Json route_json(const TableRoute& entry) {
  Json object{{"prefix", entry.prefix.first.to_string() + "/" + std::to_string(entry.prefix.length)},
              {"type", to_string(entry.route.kind)},
              {"table", entry.table}};
  put_text(object, "interface", entry.route.interface_name);
  if (entry.route.gateway) object["gateway"] = entry.route.gateway->to_string();
  if (entry.route.source) object["source"] = entry.route.source->to_string();
  if (entry.route.mtu != 0) object["mtu"] = entry.route.mtu;
  if (entry.multipath) object["multipath"] = true;
  return object;
}

Json routes_json(const Result<std::vector<TableRoute>>& routes) {
  if (!routes) return {{"error", routes.error().text}};
  Json list = Json::array();
  for (size_t i = 0; i < std::min(routes->size(), kMostRoutesShown); ++i)
    list.push_back(route_json((*routes)[i]));
  return {{"list", std::move(list)},
          {"left_out", routes->size() - std::min(routes->size(), kMostRoutesShown)}};
}

Json firewall_json(const Result<std::vector<FirewallChain>>& chains) {
  if (!chains) return {{"error", chains.error().text}};
  Json list = Json::array();
  for (const FirewallChain& chain : *chains)
    list.push_back({{"family", chain.family},
                    {"table", chain.table},
                    {"chain", chain.name},
                    {"hook", chain.hook},
                    {"type", chain.type},
                    {"policy", chain.drops_by_default ? "drop" : "accept"}});
  return {{"chains", std::move(list)}};
}

Json diagnoses_json(const DoctorFacts& facts) {
  Json list = Json::array();
  for (const Diagnosis& diagnosis : diagnose(facts))
    list.push_back({{"severity", to_string(diagnosis.severity)},
                    {"cause", diagnosis.cause},
                    {"remedy", diagnosis.remedy}});
  return list;
}

}  // namespace

std::string render_doctor_json(const DoctorFacts& facts) {
  const Json report{{"type", "doctor"},
                    {"version", facts.version},
                    {"sweep_possible", doctor_exit_code(facts) == 0},
                    {"kernel", kernel_json(facts.kernel)},
                    {"engines", engines_json(facts)},
                    {"rights", rights_json(facts.privileges)},
                    {"limits", limits_json(facts.limits)},
                    {"interfaces", interfaces_json(facts.interfaces)},
                    {"routes", routes_json(facts.routes)},
                    {"firewall", firewall_json(facts.firewall)},
                    {"findings", diagnoses_json(facts)}};
  // Names of interfaces and chains may be any bytes.
  return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sonde
