#include "net/address.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace sonde {
namespace {

constexpr size_t kLongestText = INET6_ADDRSTRLEN;

U128 load_big_endian(const unsigned char (&bytes)[16]) {
  U128 number = 0;
  for (unsigned char byte : bytes) number = (number << 8) | byte;
  return number;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, kLongestText + 1> terminated{};
  if (text.empty() || text.size() > kLongestText) return std::nullopt;
  std::memcpy(terminated.data(), text.data(), text.size());
  if (std::memchr(terminated.data(), 0, text.size()) != nullptr) return std::nullopt;
  in_addr v4_bytes{};
  if (inet_pton(AF_INET, terminated.data(), &v4_bytes) == 1) return v4(ntohl(v4_bytes.s_addr));
  in6_addr v6_bytes{};
  if (inet_pton(AF_INET6, terminated.data(), &v6_bytes) == 1)
    return from_number(load_big_endian(v6_bytes.s6_addr));
  return std::nullopt;
}

std::string IpAddress::to_string() const {
  std::array<char, kLongestText + 1> text{};
  if (is_v4()) {
    const in_addr bytes{htonl(v4_number())};
    inet_ntop(AF_INET, &bytes, text.data(), text.size());
  } else {
    in6_addr bytes{};
    for (int i = 0; i < 16; ++i) bytes.s6_addr[i] = static_cast<unsigned char>(number_ >> (8 * (15 - i)));
    inet_ntop(AF_INET6, &bytes, text.data(), text.size());
  }
  return text.data();
}

std::string Endpoint::to_string() const {
  const std::string host = address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
  return host + ":" + std::to_string(port);
}

}  // namespace sonde
