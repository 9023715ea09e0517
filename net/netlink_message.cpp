#include <linux/netlink.h>

#include <algorithm>
#include <cstring>

#include "net/netlink.h"
#include "net/packet/wire.h"

namespace sonde {
namespace {

constexpr size_t kAttributeHeader = NLA_HDRLEN;

constexpr size_t aligned(size_t size) { return (size + NLA_ALIGNTO - 1) & ~size_t{NLA_ALIGNTO - 1}; }

template <typename T>
std::optional<T> load(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

}  // namespace

void NetlinkRequest::append(std::span<const std::byte> bytes) {
  body_.insert(body_.end(), bytes.begin(), bytes.end());
  body_.resize(aligned(body_.size()));
}

void NetlinkRequest::attribute(uint16_t type, std::span<const std::byte> payload) {
  const nlattr header{static_cast<uint16_t>(kAttributeHeader + payload.size()), type};
  append(std::as_bytes(std::span(&header, 1)));
  append(payload);
}

void NetlinkRequest::attribute(uint16_t type, uint32_t number) {
  attribute(type, std::as_bytes(std::span(&number, 1)));
}

void NetlinkRequest::attribute(uint16_t type, uint8_t number) {
  attribute(type, std::as_bytes(std::span(&number, 1)));
}

void NetlinkRequest::attribute(uint16_t type, const IpAddress& address) {
  std::byte bytes[16];
  store_address(bytes, 0, address);
  attribute(type, std::span<const std::byte>(bytes).first(address.is_v4() ? 4 : 16));
}

std::vector<std::byte> NetlinkRequest::finished(uint32_t sequence) const {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<uint32_t>(sizeof(header) + body_.size());
  header.nlmsg_type = type_;
  header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | (dump_ ? NLM_F_DUMP : 0));
  header.nlmsg_seq = sequence;
  std::vector<std::byte> message(header.nlmsg_len);
  std::memcpy(message.data(), &header, sizeof(header));
  std::copy(body_.begin(), body_.end(), message.begin() + sizeof(header));
  return message;
}

std::optional<std::span<const std::byte>> NetlinkAttributes::find(uint16_t type) const {
  std::span<const std::byte> rest = bytes_;
  while (const auto header = load<nlattr>(rest)) {
    if (header->nla_len < kAttributeHeader || header->nla_len > rest.size()) return std::nullopt;
    if ((header->nla_type & NLA_TYPE_MASK) == type)
      return rest.first(header->nla_len).subspan(kAttributeHeader);
    rest = rest.subspan(std::min(aligned(header->nla_len), rest.size()));
  }
  return std::nullopt;
}

std::optional<uint32_t> NetlinkAttributes::number(uint16_t type) const {
  const auto payload = find(type);
  return payload ? load<uint32_t>(*payload) : std::nullopt;
}

std::optional<uint32_t> NetlinkAttributes::big_endian_number(uint16_t type) const {
  const auto payload = find(type);
  if (!payload || payload->size() != sizeof(uint32_t)) return std::nullopt;
  return load_u32(*payload, 0);
}

std::optional<IpAddress> NetlinkAttributes::address(uint16_t type) const {
  const auto payload = find(type);
  return payload ? load_address(*payload) : std::nullopt;
}

std::string NetlinkAttributes::text(uint16_t type) const {
  const auto payload = find(type);
  if (!payload) return {};
  const char* begin = reinterpret_cast<const char*>(payload->data());
  return std::string(begin, strnlen(begin, payload->size()));
}

NetlinkAttributes NetlinkAttributes::nested(uint16_t type) const {
  return NetlinkAttributes(find(type).value_or(std::span<const std::byte>{}));
}

NetlinkAttributes NetlinkMessage::attributes_after(size_t header_size) const {
  return NetlinkAttributes(body_.subspan(std::min(aligned(header_size), body_.size())));
}

}  // namespace sonde
