/// fleet_services FILE: serves the services that FILE lists (service.h says
/// how) until SIGTERM. Prints "ready" once all listeners are open.

#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/lab/fleet_server.h"

namespace {

int fail(const std::string& text) {
  std::fprintf(stderr, "fleet_services: %s\n", text.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return fail("expected one argument, a file of services");
  std::ifstream file(argv[1]);
  if (!file) return fail(std::string(argv[1]) + ": cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  auto services = sonde::parse_services(text.str());
  if (!services) return fail(services.error().text);
  auto server = sonde::FleetServer::open(std::move(*services));
  if (!server) return fail(server.error().text);
  std::puts("ready");
  std::fflush(stdout);
  server->serve();
  return 0;
}
