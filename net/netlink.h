#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "net/address.h"
#include "net/base/result.h"

namespace sonde {

/// One request to the kernel over netlink (RFC 3549): a message type, the fixed
/// header of that type, and attributes. The sender fills in length and sequence.
class NetlinkRequest {
 public:
  /// `header` is the fixed part, such as an ifinfomsg. `dump` asks for a list.
  template <typename Header>
  NetlinkRequest(uint16_t type, const Header& header, bool dump) : type_(type), dump_(dump) {
    static_assert(std::is_trivially_copyable_v<Header>);
    append(std::as_bytes(std::span(&header, 1)));
  }

  /// Appends one attribute, padded as netlink wants it.
  void attribute(uint16_t type, std::span<const std::byte> payload);
  void attribute(uint16_t type, uint32_t number);
  void attribute(uint16_t type, uint8_t number);
  /// Four bytes for IPv4, sixteen for IPv6, in network order.
  void attribute(uint16_t type, const IpAddress& address);

  /// The finished message with its nlmsghdr.
  std::vector<std::byte> finished(uint32_t sequence) const;
  bool is_dump() const { return dump_; }

 private:
  void append(std::span<const std::byte> bytes);

  uint16_t type_;
  bool dump_;
  std::vector<std::byte> body_;
};

/// The attributes of one message, or those nested in one attribute. A view:
/// valid as long as the bytes. Malformed lengths end it, they never overrun.
class NetlinkAttributes {
 public:
  explicit NetlinkAttributes(std::span<const std::byte> bytes) : bytes_(bytes) {}

  /// The payload of the first attribute of this type (flag bits ignored).
  std::optional<std::span<const std::byte>> find(uint16_t type) const;
  std::optional<uint32_t> number(uint16_t type) const;
  /// An unsigned number in network order, as nftables writes them.
  std::optional<uint32_t> big_endian_number(uint16_t type) const;
  std::optional<IpAddress> address(uint16_t type) const;
  /// A text that ends with a zero byte; empty when absent.
  std::string text(uint16_t type) const;
  /// The attributes nested in one; none when absent.
  NetlinkAttributes nested(uint16_t type) const;

 private:
  std::span<const std::byte> bytes_;
};

/// One message of an answer: a view, valid during the callback.
class NetlinkMessage {
 public:
  NetlinkMessage(uint16_t type, std::span<const std::byte> body) : type_(type), body_(body) {}

  uint16_t type() const { return type_; }
  /// Copies the fixed header out; nullopt when the message is too short for it.
  template <typename Header>
  std::optional<Header> header() const {
    static_assert(std::is_trivially_copyable_v<Header>);
    if (body_.size() < sizeof(Header)) return std::nullopt;
    Header header;
    std::copy_n(body_.data(), sizeof(Header), reinterpret_cast<std::byte*>(&header));
    return header;
  }
  /// The attributes that follow a fixed header of this size.
  NetlinkAttributes attributes_after(size_t header_size) const;

 private:
  uint16_t type_;
  std::span<const std::byte> body_;
};

/// A netlink socket and one exchange at a time. Not safe for two threads at
/// once; movable. It belongs to the network namespace in which it was opened.
class NetlinkSocket {
 public:
  /// `family` is NETLINK_ROUTE or NETLINK_NETFILTER.
  static Result<NetlinkSocket> open(int family);
  NetlinkSocket(NetlinkSocket&& other) noexcept;
  NetlinkSocket& operator=(NetlinkSocket&& other) noexcept;
  NetlinkSocket(const NetlinkSocket&) = delete;
  NetlinkSocket& operator=(const NetlinkSocket&) = delete;
  ~NetlinkSocket();

  /// Sends the request and hands every message of the answer to `on_message`.
  /// Returns 0, or the errno that the kernel answered with or that the exchange
  /// failed with; EINTR when a dump changed while it was read, in which case
  /// what was handed out may be torn and the caller asks again.
  int exchange(const NetlinkRequest& request, const std::function<void(const NetlinkMessage&)>& on_message);

 private:
  explicit NetlinkSocket(int descriptor);

  int descriptor_ = -1;
  uint32_t sequence_ = 0;
  std::vector<std::byte> buffer_;
};

/// Lists by a dump: `start_over` forgets what was collected and is called
/// before every attempt; a dump that changed under way is repeated a few times.
/// Returns 0 or an errno, as NetlinkSocket::exchange does.
int netlink_list(NetlinkSocket& socket, const NetlinkRequest& request,
                 const std::function<void()>& start_over,
                 const std::function<void(const NetlinkMessage&)>& on_message);

}  // namespace sonde
