#include "tls/record.h"

#include <gtest/gtest.h>

#include <string>

namespace sonde {
namespace {

std::optional<TlsRecord> parse(std::string_view bytes) {
  return parse_tls_record(std::as_bytes(std::span(bytes)));
}

TEST(TlsRecord, AnAlertIsRecognisedWithItsDescription) {
  const auto record = parse(std::string_view("\x15\x03\x01\x00\x02\x02\x28", 7));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->type, TlsRecord::Type::alert);
  EXPECT_EQ(record->alert_description, 0x28);
}

TEST(TlsRecord, AHandshakeIsRecognisedFromItsHeaderAlone) {
  const auto record = parse(std::string_view("\x16\x03\x03\x00\x7a", 5));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->type, TlsRecord::Type::handshake);
  EXPECT_EQ(record->version, 0x0303);
  EXPECT_EQ(record->length, 0x7a);
  EXPECT_FALSE(record->alert_description);
}

TEST(TlsRecord, OtherBytesAreNone) {
  using std::string_view;
  for (const string_view bytes :
       {string_view(""), string_view("\x16\x03\x03\x00", 4), string_view("HTTP/1.1 400"),
        string_view("\x16\x03\x09\x00\x01", 5), string_view("\x16\x03\x03\x00\x00", 5),
        string_view("\x16\x03\x03\xff\xff", 5), string_view("\x18\x03\x03\x00\x01", 5)}) {
    EXPECT_FALSE(parse(bytes));
  }
}

}  // namespace
}  // namespace sonde
