#include "prediction/unicode.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "prediction/utf8.h"

using namespace omnirouter::prediction;

static std::u32string decode(const std::string& bytes) {
  std::u32string codes;
  for (const char *at = bytes.data(), *end = at + bytes.size(); at < end;) codes.push_back(nextCodePoint(at, end));
  return codes;
}

TEST_CASE("well-formed UTF-8 decodes to its code points") {
  CHECK(decode("a\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x98\x80z") == U"aé漢😀z");
  CHECK(decode("\xF4\x8F\xBF\xBF") == std::u32string{0x10FFFF});
}

TEST_CASE("ill-formed UTF-8 gives one replacement per maximal subpart") {
  CHECK(decode("\x80") == U"\uFFFD");                                // a trailing byte alone
  CHECK(decode("\xC0\xAF") == U"\uFFFD\uFFFD");                      // overlong
  CHECK(decode("\xED\xA0\x80") == U"\uFFFD\uFFFD\uFFFD");            // a surrogate
  CHECK(decode("\xF5\x80\x80\x80") == U"\uFFFD\uFFFD\uFFFD\uFFFD");  // beyond U+10FFFF
  CHECK(decode("\xE6\xBC") == U"\uFFFD");                            // cut short
  CHECK(decode("\xF0\x9F\x98z") == U"\uFFFDz");                      // interrupted
  // The example of the Unicode standard, 3.9, table 3-8.
  CHECK(decode("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64") == U"a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd");
}

TEST_CASE("any bytes decode to scalar values, without reading beyond the end") {
  std::mt19937 random(1);
  for (int repeat = 0; repeat < 2000; ++repeat) {
    // On the heap and of the exact size, for the address sanitizer.
    std::vector<char> bytes(random() % 12 + 1);
    for (char& byte : bytes) byte = static_cast<char>(random() % 3 == 0 ? random() : 0xE0 + random() % 24);
    for (const char *at = bytes.data(), *end = at + bytes.size(); at < end;) {
      const char32_t code = nextCodePoint(at, end);
      CHECK(code <= 0x10FFFF);
      CHECK_FALSE((code >= 0xD800 && code <= 0xDFFF));
    }
  }
}

TEST_CASE("lower case is Unicode's, in every script that has one") {
  CHECK(lowerCase(U'Q') == U'q');
  CHECK(lowerCase(U'É') == U'é');
  CHECK(lowerCase(U'Ж') == U'ж');
  CHECK(lowerCase(U'Ω') == U'ω');
  CHECK(lowerCase(U'Ā') == U'ā');
  CHECK(lowerCase(U'ā') == U'ā');
  CHECK(lowerCase(U'Ÿ') == U'ÿ');
  CHECK(lowerCase(U'Ⴀ') == U'ⴀ');
  CHECK(lowerCase(0x10400) == 0x10428);  // Deseret
  CHECK(lowerCase(U'漢') == U'漢');
  CHECK(lowerCase(U'7') == U'7');
  for (char32_t code = 0; code < 0x30000; ++code) CHECK_MESSAGE(lowerCase(lowerCase(code)) == lowerCase(code), code);
}

TEST_CASE("code points are told apart by what they are to words") {
  for (const char32_t code : U"aZ0_éЖω가אके") {
    if (code != 0) CHECK_MESSAGE(classOf(code) == CharacterClass::kWord, code);
  }
  for (const char32_t code : {U' ', U'\n', U'\t', char32_t{0}, U'\u00A0', U'\u2003', U'\u3000', U'\uFEFF'})
    CHECK_MESSAGE(classOf(code) == CharacterClass::kSpace, code);
  for (const char32_t code : {U'$', U'\\', U'-', U'、', U'∑', U'😀', U'\uFFFD'})
    CHECK_MESSAGE(classOf(code) == CharacterClass::kSymbol, code);
  for (const char32_t code : {U'漢', U'ひ', U'カ', U'ก', U'ກ', U'က', U'ក', char32_t{0x20000}})
    CHECK_MESSAGE(classOf(code) == CharacterClass::kIdeograph, code);
}
