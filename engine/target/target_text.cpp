#include <string>

#include "engine/target/target_set.h"

namespace sonde {
namespace {

constexpr size_t kPieceBytes = size_t{16} << 10;

/// Gathers lines and hands them on in pieces.
class Pieces {
 public:
  explicit Pieces(const std::function<void(std::string_view)>& write) : write_(write) {}
  void line(std::string_view target, const Attributes& attributes) {
    piece_ += target;
    if (!attributes.name.empty()) piece_.append(" label=").append(attributes.name);
    if (!attributes.sni.empty()) piece_.append(" sni=").append(attributes.sni);
    piece_ += '\n';
    if (piece_.size() >= kPieceBytes) flush();
  }
  void flush() {
    if (!piece_.empty()) write_(piece_);
    piece_.clear();
  }

 private:
  const std::function<void(std::string_view)>& write_;
  std::string piece_;
};

std::string with_zone(IpAddress address, uint32_t scope) {
  return scope == 0 ? address.to_string() : address.to_string() + "%" + std::to_string(scope);
}

std::string pair_text(const Pair& pair, uint32_t scope) {
  const std::string host = with_zone(pair.address(), scope);
  const std::string port = std::to_string(pair.port);
  return pair.address().is_v4() ? host + ":" + port : "[" + host + "]:" + port;
}

}  // namespace

void TargetSet::write_text(const std::function<void(std::string_view)>& write) const {
  Pieces pieces(write);
  for (const Interval& interval : parts_.addresses.intervals())
    pieces.line(interval.to_string(), parts_.attributes[kNoAttributes]);
  for (const HostEntry& host : parts_.hosts) {
    const Attributes& attributes = parts_.attributes[host.attributes];
    pieces.line(with_zone(host.address, attributes.scope), attributes);
  }
  for (const Pair& pair : parts_.pairs) {
    const Attributes& attributes = parts_.attributes[pair.attributes];
    pieces.line(pair_text(pair, attributes.scope), attributes);
  }
  pieces.flush();
}

std::string TargetSet::canonical_text() const {
  std::string text;
  write_text([&](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace sonde
