#include <algorithm>

#include "net/packet/packet_reader.h"
#include "net/packet/wire.h"

namespace sonde {
namespace {

constexpr size_t kMostOptionBytes = 40;  // 15 words of header at most, of which five are fixed

enum OptionKind : uint8_t {  // IANA, "TCP Option Kind Numbers"
  end_of_list = 0,
  no_operation = 1,
  maximum_segment_size = 2,
  window_scale = 3,
  sack_permitted = 4,
  timestamps = 8,
};

struct OptionRow {
  uint8_t kind;
  char letter;
  size_t size;  // 0: any
};

constexpr OptionRow kOptions[] = {
    {maximum_segment_size, 'M', 4},
    {window_scale, 'W', 3},
    {sack_permitted, 'S', 2},
    {timestamps, 'T', 10},
};

OptionRow row_of(uint8_t kind) {
  const auto* row = std::ranges::find(kOptions, kind, &OptionRow::kind);
  return row == std::end(kOptions) ? OptionRow{kind, '?', 0} : *row;
}

void take_value(uint8_t kind, PacketBytes option, TcpOptions& options) {
  switch (kind) {
    case maximum_segment_size: options.mss = load_u16(option, 2); break;
    case window_scale: options.window_scale = load_u8(option, 2); break;
    case timestamps:
      options.timestamp_value = load_u32(option, 2);
      options.timestamp_echo = load_u32(option, 6);
      break;
    default: break;
  }
}

/// Reads the option at the front, one that has a length; its size, or 0 when it does not fit.
size_t take_option(PacketBytes bytes, TcpOptions& options) {
  const OptionRow row = row_of(load_u8(bytes, 0));
  const size_t size = bytes.size() < 2 ? 0 : load_u8(bytes, 1);
  if (size < 2 || size > bytes.size() || (row.size != 0 && size != row.size)) return 0;
  options.order += row.letter;
  take_value(row.kind, bytes.first(size), options);
  return size;
}

}  // namespace

TcpOptions read_tcp_options(std::span<const std::byte> bytes) {
  TcpOptions options;
  PacketBytes rest = bytes.first(std::min(bytes.size(), kMostOptionBytes));
  while (!rest.empty()) {
    const uint8_t kind = load_u8(rest, 0);
    if (kind == end_of_list) {
      options.order += 'E';
      break;
    }
    size_t size = 1;
    if (kind == no_operation) {
      options.order += 'N';
    } else {
      size = take_option(rest, options);
    }
    options.malformed = size == 0;
    if (options.malformed) break;
    rest = rest.subspan(size);
  }
  return options;
}

}  // namespace sonde
