// UTF-8 to code points, for any bytes at all.
#pragma once

#include <cstdint>

namespace omnirouter::prediction {

inline constexpr char32_t kReplacement = 0xFFFD;

// Decodes the code point at `at` and moves past it; needs at < end. An ill-formed sequence gives one U+FFFD per maximal
// subpart, as the Unicode standard (3.9, table 3-7) and every browser do; it never reads past `end`.
inline char32_t nextCodePoint(const char*& at, const char* end) {
  const auto lead = static_cast<uint8_t>(*at++);
  if (lead < 0x80) return lead;
  int trailing;
  uint8_t low = 0x80, high = 0xBF;  // what the second byte may be
  char32_t code;
  if (lead >= 0xC2 && lead <= 0xDF) {
    trailing = 1;
    code = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    trailing = 2;
    code = lead & 0x0F;
    if (lead == 0xE0) low = 0xA0;   // overlong
    if (lead == 0xED) high = 0x9F;  // surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    trailing = 3;
    code = lead & 0x07;
    if (lead == 0xF0) low = 0x90;   // overlong
    if (lead == 0xF4) high = 0x8F;  // beyond U+10FFFF
  } else {
    return kReplacement;
  }
  for (; trailing > 0; --trailing, low = 0x80, high = 0xBF) {
    if (at == end) return kReplacement;
    const auto byte = static_cast<uint8_t>(*at);
    if (byte < low || byte > high) return kReplacement;
    code = (code << 6) | (byte & 0x3F);
    ++at;
  }
  return code;
}

}  // namespace omnirouter::prediction
