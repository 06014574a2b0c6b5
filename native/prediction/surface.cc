#include "prediction/surface.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace omnirouter::prediction {

namespace {

bool isDigit(uint8_t c) { return c >= '0' && c <= '9'; }
bool isUpper(uint8_t c) { return c >= 'A' && c <= 'Z'; }
bool isLetter(uint8_t c) { return isUpper(c) || (c >= 'a' && c <= 'z'); }
bool isSpace(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Counts grow over orders of magnitude, and the first few matter most.
float damped(size_t count) { return static_cast<float>(std::log1p(static_cast<double>(count))); }
// Shares are mostly small; the root spreads them.
float share(size_t count, size_t of) {
  return static_cast<float>(std::sqrt(static_cast<double>(count) / static_cast<double>(std::max<size_t>(of, 1))));
}

// How often each byte occurs.
class Histogram {
 public:
  void add(uint8_t c) { ++count_[c]; }
  size_t of(char c) const { return count_[static_cast<uint8_t>(c)]; }
  size_t of(std::string_view set) const {
    size_t sum = 0;
    for (const char c : set) sum += of(c);
    return sum;
  }
  size_t between(uint8_t first, uint8_t last) const {
    return std::accumulate(count_.begin() + first, count_.begin() + last + 1, size_t{0});
  }
  size_t distinct() const { return count_.size() - static_cast<size_t>(std::count(count_.begin(), count_.end(), 0u)); }

 private:
  std::array<uint32_t, 256> count_{};
};

// What depends on the order of the characters.
struct Structure {
  size_t words = 0, longestWord = 0, lines = 0, longestLine = 0, deepestIndent = 0, sentences = 0;
  size_t numbers = 0, longNumbers = 0, longestNumber = 0, commands = 0, deepestBracket = 0;
};

Structure structureOf(std::string_view text) {
  Structure found;
  size_t word = 0, line = 0, indent = 0, number = 0, depth = 0;
  uint8_t before = ' ';
  for (const char character : text) {
    const auto c = static_cast<uint8_t>(character);
    if (isSpace(c)) {
      found.sentences += before == '.' || before == '!' || before == '?';
      word = 0;
    } else {
      found.words += word == 0;
      found.longestWord = std::max(found.longestWord, ++word);
      if (line == indent) found.deepestIndent = std::max(found.deepestIndent, indent);
    }
    if (c == '\n') {
      ++found.lines;
      line = indent = 0;
    } else {
      if (isSpace(c) && line == indent) ++indent;
      found.longestLine = std::max(found.longestLine, ++line);
    }
    if (isDigit(c)) {
      found.numbers += number == 0;
      found.longestNumber = std::max(found.longestNumber, ++number);
      found.longNumbers += number == 3;
    } else {
      number = 0;
    }
    found.commands += isLetter(c) && before == '\\';
    if (c == '(' || c == '[' || c == '{') found.deepestBracket = std::max(found.deepestBracket, ++depth);
    if ((c == ')' || c == ']' || c == '}') && depth > 0) --depth;
    before = c;
  }
  return found;
}

}  // namespace

void surface(std::string_view text, float* out) {
  Histogram bytes;
  for (const char c : text) bytes.add(static_cast<uint8_t>(c));
  const Structure found = structureOf(text);
  // Bytes that continue a character of UTF-8 do not count.
  const size_t characters = text.size() - bytes.between(0x80, 0xBF);
  const auto shareOf = [&](size_t count) { return share(count, characters); };
  const float values[kSurfaceFeatures] = {
      damped(characters),
      damped(found.words),
      damped(found.lines),
      damped(found.longestLine),
      damped(found.numbers),
      damped(found.commands),
      damped(bytes.of('?')),
      shareOf(bytes.between('0', '9')),
      shareOf(bytes.between('A', 'Z')),
      shareOf(bytes.between(0xC0, 0xFF)),
      shareOf(bytes.of("\\${}^_")),
      shareOf(bytes.of("()[]{};=<>")),
      shareOf(bytes.of(".,;:!?")),
      shareOf(bytes.of("+-*/%")),
      shareOf(bytes.of(" \t\n\v\f\r")),
      shareOf(found.words),
      damped(found.longestWord),
      damped(found.sentences),
      damped(found.deepestIndent),
      damped(found.longestNumber),
      damped(found.longNumbers),
      damped(found.deepestBracket),
      damped(bytes.distinct()),
      damped(bytes.of("\"'")),
      damped(bytes.of(',')),
      damped(bytes.of('.')),
      damped(bytes.of(':')),
      damped(bytes.of('=')),
      damped(bytes.of('(')),
      damped(bytes.of('[')),
      damped(bytes.of('{')),
      damped(bytes.of('$')),
      damped(bytes.of('^')),
      damped(bytes.of('/')),
      damped(bytes.of('%')),
      damped(bytes.of('-')),
      damped(bytes.of('*')),
      damped(bytes.of('+')),
  };
  std::copy(values, values + kSurfaceFeatures, out);
}

}  // namespace omnirouter::prediction
