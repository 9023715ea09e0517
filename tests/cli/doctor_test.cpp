#include "cli/doctor.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "tests/net/dropped_rights.h"
#include "tests/net/own_namespace.h"

namespace sonde {
namespace {

using testing::AllOf;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

tl::unexpected<Error> denied(const char* text) { return impossible_error(text); }

TableRoute route(const char* first, uint8_t length, const char* gateway) {
  TableRoute entry;
  entry.prefix = {ip(first), length};
  entry.table = 254;
  entry.route.kind = RouteKind::unicast;
  entry.route.interface_name = "eth0";
  entry.route.gateway = IpAddress::parse(gateway);
  return entry;
}

Interface ethernet(const char* name, const char* address) {
  Interface link;
  link.index = 2;
  link.name = name;
  link.type = LinkType::ethernet;
  link.up = link.carrier = link.broadcast = true;
  link.mtu = 1500;
  link.addresses = {{ip(address), 24, {}, false, false}};
  return link;
}

Limits roomy_limits() {
  Limits limits;
  limits.descriptors = {20000, 20000};
  limits.locked_memory = {8 << 20, 8 << 20};
  limits.source_ports = PortRange{32768, 60999};
  limits.tcp_syn_retries = 6;
  limits.memory_available_bytes = uint64_t{3} << 30;
  limits.cpus = 2;
  return limits;
}

// A machine on which all is well.
DoctorFacts healthy() {
  KernelFeatures kernel;
  kernel.release = "6.18.44";
  kernel.uring.single_issuer = kernel.uring.connect = kernel.uring.socket = kernel.uring.install_descriptor =
      true;
  kernel.ipv6 = true;
  Privileges privileges;
  privileges.held[static_cast<size_t>(Capability::net_raw)] = {true, true};
  for (const Capability capability : {Capability::net_admin, Capability::bpf, Capability::perfmon})
    privileges.held[static_cast<size_t>(capability)] = {false, true};
  return {"0.1.0",
          kernel,
          privileges,
          roomy_limits(),
          std::vector<Interface>{ethernet("eth0", "192.0.2.2")},
          std::vector<TableRoute>{route("0.0.0.0", 0, "192.0.2.1"), route("192.0.2.0", 24, "")},
          std::vector<FirewallChain>{}};
}

// A machine on which little works.
DoctorFacts ailing() {
  DoctorFacts facts = healthy();
  facts.kernel.uring.setup_errno = EPERM;
  facts.kernel.raw_socket_errno = EPERM;
  facts.kernel.ipv6 = false;
  facts.privileges = denied("cannot read the capabilities");
  facts.limits.descriptors = {40, 40};
  facts.interfaces = denied("cannot list the interfaces");
  facts.routes = denied("cannot list the routing tables");
  facts.firewall = denied("the rules of nftables cannot be seen without CAP_NET_ADMIN");
  return facts;
}

TEST(Doctor, AHealthyMachineReadsAsOneReport) {
  EXPECT_EQ(render_doctor(healthy()), R"(sonde 0.1.0: a sweep is possible on this machine. Nothing was sent.

System
  kernel              Linux 6.18.44
  processors          2 processors usable by this process
  memory              3 GiB available
  io_uring            permitted, with the kernel's round-trip times
  raw sockets         permitted
  IPv6                yes

Engines
  syn                 available: half-open, by packets of its own
  xdp                 available: half-open, in the kernel, from Linux 5.19; the fastest, and only by --engine xdp
  connect (io_uring)  available: full handshakes; needs no rights
  connect (epoll)     available: works everywhere; needs no rights

Rights
  user                not root
  CAP_NET_RAW         yes
  CAP_NET_ADMIN       permitted, not in force
  CAP_BPF             permitted, not in force
  CAP_PERFMON         permitted, not in force
  CAP_SYS_RESOURCE    no

Limits
  descriptors         20,000 a process: 20,000 connects in flight a thread with io_uring's direct descriptors
  locked memory       8 MiB
  source ports        32768-60999: 28,232 connects at a time to one address and port; different endpoints share them
  SYN retries         6 by the kernel, unless the time-out comes first
  connection tracking not loaded here

Interfaces
  eth0                up, ethernet, mtu 1500, 192.0.2.2/24

Routes
  default             eth0 via 192.0.2.1
  192.0.2.0/24        eth0

Firewall of this machine (nftables)
  no chains of nftables on the way of our packets

Findings
  none
)");
}

TEST(Doctor, ExitCodesFollowThePossibilityOfASweep) {
  EXPECT_EQ(doctor_exit_code(healthy()), 0);
  DoctorFacts without_ring = healthy();
  without_ring.kernel.uring.setup_errno = ENOSYS;
  EXPECT_EQ(doctor_exit_code(without_ring), 0) << "epoll is left";
  EXPECT_EQ(doctor_exit_code(ailing()), 4);
}

TEST(Doctor, WhatCouldNotBeFoundOutIsToldInItsPlace) {
  const std::string report = render_doctor(ailing());
  for (const char* text :
       {"a sweep is not possible", "raw sockets         no (Operation not permitted)",
        "Rights\n  cannot read the capabilities\n", "Interfaces\n  cannot list the interfaces\n",
        "Routes\n  cannot list the routing tables\n", "cannot be seen without CAP_NET_ADMIN\n",
        "connect (epoll)     not available: too few descriptors",
        "  problem: a process may hold only 40 descriptors\n"})
    EXPECT_THAT(report, HasSubstr(text));
}

TEST(Doctor, LongListsAreCutAndSaySo) {
  DoctorFacts facts = healthy();
  facts.routes->resize(100, route("10.0.0.0", 8, "192.0.2.1"));
  EXPECT_THAT(render_doctor(facts), HasSubstr("  … and 76 more\n"));
}

TEST(DoctorDiagnoses, AHealthyMachineHasNone) { EXPECT_THAT(diagnose(healthy()), IsEmpty()); }

TEST(DoctorDiagnoses, EveryIllHasItsCauseAndItsRemedy) {
  struct Row {
    const char* what;
    void (*change)(DoctorFacts&);
    Severity severity;
    const char* cause;
    const char* remedy;
  };
  const Row rows[] = {
      {"no io_uring", [](DoctorFacts& f) { f.kernel.uring.setup_errno = ENOSYS; }, Severity::warning,
       "connects run on epoll", "CONFIG_IO_URING"},
      {"io_uring switched off",
       [](DoctorFacts& f) {
         f.kernel.uring.setup_errno = EPERM;
         f.kernel.uring.disabled = 2;
       },
       Severity::warning, "connects run on epoll", "sysctl kernel.io_uring_disabled=0"},
      {"older io_uring", [](DoctorFacts& f) { f.kernel.uring.install_descriptor = false; }, Severity::note,
       "application's clock", "Linux 6.8"},
      {"hardly any descriptors",
       [](DoctorFacts& f) {
         f.limits.descriptors = {20, 20};
       },
       Severity::problem, "only 20 descriptors", "LimitNOFILE"},
      {"few descriptors",
       [](DoctorFacts& f) {
         f.limits.descriptors = {1024, 1024};
       },
       Severity::warning, "only 1,024 descriptors", "ulimit -Hn"},
      {"few ports",
       [](DoctorFacts& f) {
         f.limits.source_ports = PortRange{40000, 40099};
       },
       Severity::warning, "only 100 source ports", "sysctl net.ipv4.ip_local_port_range"},
      {"little memory", [](DoctorFacts& f) { f.limits.memory_available_bytes = 10 << 20; }, Severity::warning,
       "only 10 MiB", "container"},
      {"conntrack in use",
       [](DoctorFacts& f) {
         f.limits.conntrack = ConntrackTable{144, 262144};
       },
       Severity::warning, "one of 262,000 free entries", "notrack"},
      {"conntrack unused",
       [](DoctorFacts& f) {
         f.limits.conntrack = ConntrackTable{0, 262144};
       },
       Severity::note, "connection tracking is loaded", "notrack"},
      {"no carrier",
       [](DoctorFacts& f) {
         f.interfaces->push_back(ethernet("eth1", "10.0.0.1")), f.interfaces->back().carrier = false;
       },
       Severity::warning, "eth1 is up but has no carrier", "cable"},
      {"duplicate address",
       [](DoctorFacts& f) {
         f.interfaces->push_back(ethernet("eth1", "2001:db8::1")),
             f.interfaces->back().addresses[0].tentative = true;
       },
       Severity::note, "2001:db8::1 of eth1 is not in use", "other owner"},
      {"nothing but loopback", [](DoctorFacts& f) { f.interfaces->clear(); }, Severity::warning,
       "only this machine itself", "ip address add"},
      {"netlink denied", [](DoctorFacts& f) { f.routes = denied("cannot open a netlink socket"); },
       Severity::warning, "cannot open a netlink socket", "allow netlink"},
      {"no default route", [](DoctorFacts& f) { f.routes->erase(f.routes->begin()); }, Severity::note,
       "no default route", "ip route add"},
      {"firewall hidden", [](DoctorFacts& f) { f.firewall = denied("needs CAP_NET_ADMIN"); }, Severity::note,
       "is unknown", "CAP_NET_ADMIN"},
      {"firewall drops",
       [](DoctorFacts& f) {
         f.firewall->push_back({"inet", "guard", "out", "output", "filter", true});
       },
       Severity::warning, "chain inet guard out (output, policy drop)", "nft list chain inet guard out"},
      {"firewall accepts",
       [](DoctorFacts& f) {
         f.firewall->push_back({"ip", "filter", "INPUT", "input", "filter", false});
       },
       Severity::note, "chain ip filter INPUT (input, policy accept)", "nft list chain"},
      {"no IPv6", [](DoctorFacts& f) { f.kernel.ipv6 = false; }, Severity::note, "IPv6 is not to be had",
       "ipv6.disable"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    DoctorFacts facts = healthy();
    row.change(facts);
    EXPECT_THAT(diagnose(facts),
                testing::ElementsAre(AllOf(Field(&Diagnosis::severity, row.severity),
                                           Field(&Diagnosis::cause, HasSubstr(row.cause)),
                                           Field(&Diagnosis::remedy, HasSubstr(row.remedy)))));
  }
}

TEST(DoctorDiagnoses, AddressTranslationIsNoFilter) {
  DoctorFacts facts = healthy();
  facts.firewall->push_back({"ip", "nat", "post", "postrouting", "nat", false});
  EXPECT_THAT(diagnose(facts), IsEmpty());
}

TEST(DoctorDiagnoses, TheWorstComesFirst) {
  DoctorFacts facts = healthy();
  facts.kernel.ipv6 = false;
  facts.limits.source_ports = PortRange{40000, 40099};
  facts.limits.descriptors = {20, 20};
  const auto diagnoses = diagnose(facts);
  ASSERT_EQ(diagnoses.size(), 3U);
  EXPECT_EQ(diagnoses[0].severity, Severity::problem);
  EXPECT_EQ(diagnoses[1].severity, Severity::warning);
  EXPECT_EQ(diagnoses[2].severity, Severity::note);
}

TEST(DoctorJson, TellsTheSameAsTheReport) {
  DoctorFacts facts = healthy();
  facts.limits.conntrack = ConntrackTable{1, 100};
  facts.firewall->push_back({"inet", "guard", "out", "output", "filter", true});
  const auto json = nlohmann::json::parse(render_doctor_json(facts));
  EXPECT_EQ(json["type"], "doctor");
  EXPECT_EQ(json["version"], "0.1.0");
  EXPECT_EQ(json["sweep_possible"], true);
  EXPECT_EQ(json["kernel"]["io_uring"]["usable"], true);
  EXPECT_EQ(json["engines"][0]["name"], "syn");
  EXPECT_EQ(json["engines"][2]["name"], "connect (io_uring)");
  EXPECT_EQ(json["rights"]["CAP_NET_ADMIN"]["effective"], false);
  EXPECT_EQ(json["rights"]["CAP_NET_ADMIN"]["permitted"], true);
  EXPECT_EQ(json["limits"]["descriptors"]["hard"], 20000);
  EXPECT_EQ(json["limits"]["source_ports"]["last"], 60999);
  EXPECT_EQ(json["limits"]["conntrack"]["used"], 1);
  EXPECT_FALSE(json["limits"].contains("somaxconn")) << "what is unknown is absent";
  EXPECT_EQ(json["interfaces"]["list"][0]["addresses"][0]["addr"], "192.0.2.2");
  EXPECT_EQ(json["routes"]["list"][0]["gateway"], "192.0.2.1");
  EXPECT_EQ(json["firewall"]["chains"][0]["policy"], "drop");
  EXPECT_EQ(json["findings"].size(), diagnose(facts).size());
}

TEST(DoctorJson, FailuresAreObjectsWithAnError) {
  const auto json = nlohmann::json::parse(render_doctor_json(ailing()));
  for (const char* part : {"rights", "interfaces", "routes", "firewall"})
    EXPECT_TRUE(json[part].contains("error")) << part;
  EXPECT_EQ(json["sweep_possible"], false);
}

TEST(DoctorJson, StaysValidWhateverAnInterfaceIsCalled) {
  DoctorFacts facts = healthy();
  (*facts.interfaces)[0].name = "\xff\x01\"";
  EXPECT_TRUE(nlohmann::json::accept(render_doctor_json(facts)));
}

TEST(DoctorJson, ALongTableIsCutAndSaysHowMuch) {
  DoctorFacts facts = healthy();
  facts.routes->resize(1500, route("10.0.0.0", 8, "192.0.2.1"));
  const auto json = nlohmann::json::parse(render_doctor_json(facts));
  EXPECT_EQ(json["routes"]["list"].size(), 1000U);
  EXPECT_EQ(json["routes"]["left_out"], 500);
}

using DoctorOnThisMachine = OwnNamespace;

TEST_F(DoctorOnThisMachine, FactsAreThoseOfTheNetworkNamespace) {
  make_pair();
  ASSERT_TRUE(run("ip address add 10.0.1.1/24 dev left && ip route add 10.9.0.0/16 via 10.0.1.2"));
  const std::string report = render_doctor(gather_doctor_facts("9.9"));
  for (const char* text : {"sonde 9.9:", "\n  left ", "10.0.1.1/24",
                           "\n  10.9.0.0/16         left via 10.0.1.2\n", "no default route"})
    EXPECT_THAT(report, HasSubstr(text));
}

TEST_F(DoctorOnThisMachine, WithoutRightsItStillTellsAllItCan) {
  with_capabilities(0, 0, [] {
    const DoctorFacts facts = gather_doctor_facts("9.9");
    EXPECT_TRUE(facts.interfaces && facts.routes && facts.privileges);
    EXPECT_EQ(doctor_exit_code(facts), 0);
    EXPECT_THAT(render_doctor(facts), HasSubstr("nftables cannot be seen without CAP_NET_ADMIN"));
  });
}

}  // namespace
}  // namespace sonde
