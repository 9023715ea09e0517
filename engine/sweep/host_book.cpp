#include "engine/sweep/host_book.h"

#include <algorithm>

namespace sonde {
namespace {

bool is_proxy_like(const Observation& seen) {
  return seen.outcome.state == State::open && seen.segment->window == 0 && seen.segment->options.empty();
}

}  // namespace

std::optional<uint8_t> HostBook::note(const Observation& seen) {
  if (!seen.segment) return std::nullopt;
  const Key key{seen.endpoint.address, seen.endpoint.scope};
  if (hosts_.size() >= kMostHosts && !hosts_.contains(key)) {
    full_ = true;
    return std::nullopt;
  }
  Host& host = hosts_[key];
  if (is_proxy_like(seen))
    ++host.proxy_like;
  else
    host.other = true;
  const uint8_t ttl = seen.segment->ttl;
  if (!host.ttl) host.ttl = ttl;
  return *host.ttl == ttl ? std::nullopt : host.ttl;
}

std::vector<ProxyRecord> HostBook::proxies() const {
  std::vector<ProxyRecord> found;
  for (const auto& [key, host] : hosts_) {
    if (!host.other && host.proxy_like >= kFewestProxyPorts)
      found.push_back({key.address, key.scope, host.proxy_like});
  }
  std::ranges::sort(found, {}, &ProxyRecord::address);
  return found;
}

}  // namespace sonde
