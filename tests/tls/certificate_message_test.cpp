#include "tls/certificate_message.h"

#include <gmock/gmock.h>

namespace sonde {
namespace {

using testing::ElementsAre;

template <size_t kSize>
std::string raw(const char (&bytes)[kSize]) {
  return std::string(bytes, kSize - 1);
}

std::optional<SentChain> read(const std::string& message, bool tls13) {
  return read_certificate_message(std::as_bytes(std::span(message)), tls13);
}

const std::string kTwo = raw("\x0b\0\0\x0e\0\0\x0b\0\0\x03" "abc" "\0\0\x02" "de");
const std::string kTwoOfTls13 = raw("\x0b\0\0\x1d\0\0\0\x19\0\0\x03" "abc" "\0\x0a\0\x05\0\x06\1\0\0\2" "oc" "\0\0\x02" "de" "\0\0");

TEST(CertificateMessage, GivesTheChainAsItWasSent) {
  const auto chain = read(kTwo, false);
  ASSERT_TRUE(chain);
  EXPECT_THAT(chain->certificates, ElementsAre("abc", "de"));
  EXPECT_EQ(chain->ocsp_staple, std::nullopt);
}

TEST(CertificateMessage, OfTls13HasTheStapleOfTheFirst) {
  const auto chain = read(kTwoOfTls13, true);
  ASSERT_TRUE(chain);
  EXPECT_THAT(chain->certificates, ElementsAre("abc", "de"));
  EXPECT_EQ(chain->ocsp_staple, "oc");
}

TEST(CertificateMessage, AnEmptyChainIsOne) {
  EXPECT_EQ(read(raw("\x0b\0\0\x03\0\0\0"), false), SentChain{});
  EXPECT_EQ(read(raw("\x0b\0\0\x04\0\0\0\0"), true), SentChain{});
}

TEST(CertificateMessage, LengthsThatDoNotAddUpAreNone) {
  for (const bool tls13 : {false, true}) {
    const std::string& whole = tls13 ? kTwoOfTls13 : kTwo;
    for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(read(whole.substr(0, size), tls13)) << size;
    EXPECT_FALSE(read(whole + "x", tls13));
  }
}

}  // namespace
}  // namespace sonde
