#include "prediction/unicode.h"

#include <algorithm>
#include <iterator>

#include "prediction/unicode_tables.h"

namespace omnirouter::prediction {

namespace {

template <class Range, size_t N>
const Range* findRange(const Range (&ranges)[N], char32_t code) {
  const auto* after = std::upper_bound(std::begin(ranges), std::end(ranges), code,
                                       [](char32_t value, const Range& range) { return value < range.first; });
  if (after == std::begin(ranges)) return nullptr;
  const Range* range = after - 1;
  return code <= range->last ? range : nullptr;
}

// Blocks of the Unicode charts of the scripts that put no space between words.
constexpr CodeRange kIdeographBlocks[] = {
    {0x0E00, 0x0EFF},    // Thai, Lao
    {0x1000, 0x109F},    // Myanmar
    {0x1780, 0x17FF},    // Khmer
    {0x3005, 0x3007},    // iteration mark, ideographic zero
    {0x3040, 0x30FF},    // Hiragana, Katakana
    {0x31F0, 0x31FF},    // Katakana extensions
    {0x3400, 0x4DBF},    // Han, extension A
    {0x4E00, 0x9FFF},    // Han
    {0xF900, 0xFAFF},    // Han, compatibility
    {0xFF66, 0xFF9F},    // half-width Katakana
    {0x20000, 0x3FFFF},  // Han, the supplementary planes
};

bool isAsciiWord(char32_t code) {
  return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') || code == '_';
}

}  // namespace

CharacterClass classOf(char32_t code) {
  if (code < 0x80) {
    if (code <= ' ' || code == 0x7F) return CharacterClass::kSpace;
    return isAsciiWord(code) ? CharacterClass::kWord : CharacterClass::kSymbol;
  }
  if (code <= 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200B) || code == 0x2028 || code == 0x2029 ||
      code == 0x202F || code == 0x205F || code == 0x3000 || code == 0xFEFF)
    return CharacterClass::kSpace;
  if (!findRange(kWordRanges, code)) return CharacterClass::kSymbol;
  return findRange(kIdeographBlocks, code) ? CharacterClass::kIdeograph : CharacterClass::kWord;
}

char32_t lowerCase(char32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code;
  const LowerCaseRange* range = findRange(kLowerCaseRanges, code);
  if (!range || (code - range->first) % range->stride != 0) return code;
  return static_cast<char32_t>(static_cast<int32_t>(code) + range->delta);
}

}  // namespace omnirouter::prediction
