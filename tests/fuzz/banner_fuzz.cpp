// The first bytes that a peer sends: any bytes at all.
#include <string_view>

#include "engine/probe/exchange.h"
#include "tls/record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view service = sonde::service_of_banner(bytes);
  const auto record = sonde::parse_tls_record(std::as_bytes(std::span(bytes)));
  if (service == "tls" && !record) __builtin_trap();
  if (record && record->length == 0) __builtin_trap();
  return 0;
}
