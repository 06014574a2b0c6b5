#include "prediction/surface.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace omnirouter::prediction {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool isLetter(char c) { return isUpper(c) || (c >= 'a' && c <= 'z'); }
bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool isOneOf(char c, const char* set) { return c != 0 && std::strchr(set, c) != nullptr; }

// Counts grow over orders of magnitude, and the first few matter most.
float damped(size_t count) { return static_cast<float>(std::log1p(static_cast<double>(count))); }
// Shares are mostly small; the root spreads them.
float share(size_t count, size_t of) {
  return static_cast<float>(std::sqrt(static_cast<double>(count) / static_cast<double>(std::max<size_t>(of, 1))));
}

}  // namespace

void surface(std::string_view text, float* out) {
  size_t characters = 0, words = 0, lines = 0, line = 0, longestLine = 0, numbers = 0, commands = 0, questions = 0;
  size_t digits = 0, capitals = 0, foreign = 0, formula = 0, brackets = 0, stops = 0, operators = 0, spaces = 0;
  char before = ' ';
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if ((byte & 0xC0) != 0x80) ++characters;
    if (byte >= 0xC0) ++foreign;
    if (!isSpace(c) && isSpace(before)) ++words;
    if (isDigit(c) && !isDigit(before)) ++numbers;
    if (isLetter(c) && before == '\\') ++commands;
    if (c == '\n') {
      ++lines;
      line = 0;
    } else {
      longestLine = std::max(longestLine, ++line);
    }
    digits += isDigit(c);
    capitals += isUpper(c);
    spaces += isSpace(c);
    questions += c == '?';
    formula += isOneOf(c, "\\${}^_");
    brackets += isOneOf(c, "()[]{};=<>");
    stops += isOneOf(c, ".,;:!?");
    operators += isOneOf(c, "+-*/%");
    before = c;
  }
  const float values[kSurfaceFeatures] = {damped(characters),
                                          damped(words),
                                          damped(lines),
                                          damped(longestLine),
                                          damped(numbers),
                                          damped(commands),
                                          damped(questions),
                                          share(digits, characters),
                                          share(capitals, characters),
                                          share(foreign, characters),
                                          share(formula, characters),
                                          share(brackets, characters),
                                          share(stops, characters),
                                          share(operators, characters),
                                          share(spaces, characters),
                                          share(words, characters)};
  std::copy(values, values + kSurfaceFeatures, out);
}

}  // namespace omnirouter::prediction
