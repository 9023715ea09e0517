/// LDAP: RFC 4511 §4.14, in BER (X.690). Active Directory writes lengths in the long form.

#include <optional>

#include "tls/upgrade/big_endian.h"
#include "tls/upgrade/routines.h"

namespace sonde {
namespace {

constexpr char kSequence = 0x30, kInteger = 0x02, kEnumerated = 0x0a, kOctets = 0x04, kExtendedResponse = 0x78;
constexpr size_t kLongestMessage = 16384;
constexpr uint32_t kSuccess = 0;

/// One element: its tag and what is in it.
struct Element {
  char tag = 0;
  std::string_view content;
};

/// The length that begins at `at`, and where it ends; nullopt: longer than can be.
struct Length {
  size_t value = 0, end = 0;
};
std::optional<Length> read_length(std::string_view bytes, size_t at) {
  if (at >= bytes.size()) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[at]);
  if (first < 0x80) return Length{first, at + 1};
  const size_t count = first & 0x7f;
  if (count == 0 || count > 4 || at + 1 + count > bytes.size()) return std::nullopt;
  return Length{read_big_endian(bytes.substr(at + 1, count)), at + 1 + count};
}

/// Takes the first element off; nullopt: there is none that is whole.
std::optional<Element> take_element(std::string_view& bytes) {
  const auto length = read_length(bytes, 1);
  if (!length || length->value > bytes.size() - length->end) return std::nullopt;
  const Element element{bytes[0], bytes.substr(length->end, length->value)};
  bytes.remove_prefix(length->end + length->value);
  return element;
}

UpgradeEnd judge(std::string_view message) {
  std::string_view rest = message;
  const auto id = take_element(rest);
  const auto response = take_element(rest);
  if (!id || id->tag != kInteger || !response || response->tag != kExtendedResponse) return UpgradeEnd::unexpected(message);
  rest = response->content;
  const auto code = take_element(rest);
  const auto matched = take_element(rest);
  const auto words = take_element(rest);
  if (!code || code->tag != kEnumerated || code->content.empty() || code->content.size() > 4) return UpgradeEnd::unexpected(message);
  const uint32_t result = read_big_endian(code->content);
  if (result == kSuccess) return UpgradeEnd::ready();
  const bool told = matched && words && words->tag == kOctets && !words->content.empty();
  return UpgradeEnd::refused("result code " + std::to_string(result) + (told ? ": " + std::string(words->content) : ""));
}

}  // namespace

UpgradeRoutine upgrade_ldap(UpgradePeer& peer) {
  peer.say(std::string("\x30\x1d\x02\x01\x01\x77\x18\x80\x16", 9) + "1.3.6.1.4.1.1466.20037");
  std::string head = co_await peer.bytes(2);
  if (head[0] != kSequence) co_return UpgradeEnd::unexpected(head);
  const size_t more = (head[1] & 0x80) != 0 ? head[1] & 0x7f : 0;
  if (more > 4) co_return UpgradeEnd::unexpected(head);
  head += co_await peer.bytes(more);
  const auto length = read_length(head, 1);
  if (!length || length->value == 0 || length->value > kLongestMessage) co_return UpgradeEnd::unexpected(head);
  const std::string message = co_await peer.bytes(length->value);
  co_return judge(message);
}

}  // namespace sonde
