#include "prediction/surface.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

using namespace omnirouter::prediction;

TEST_CASE("the surface of any bytes is finite") {
  for (const std::string& text : {std::string(), std::string("\xff\xfe\x00\x80", 4), std::string(100000, '9'),
                                  std::string("\xe4\xbd\xa0\xe5\xa5\xbd"), std::string(5, '\n')}) {
    float out[kSurfaceFeatures];
    surface(text, out);
    for (const float value : out) CHECK(std::isfinite(value));
  }
}

TEST_CASE("length counts characters, and numbers are told from digits") {
  float latin[kSurfaceFeatures], chinese[kSurfaceFeatures], numbers[kSurfaceFeatures];
  surface("ab", latin);
  surface("\xe4\xbd\xa0\xe5\xa5\xbd", chinese);
  surface("12 345", numbers);
  CHECK(latin[0] == chinese[0]);
  CHECK(chinese[9] == 1);  // all characters are foreign to ASCII
  CHECK(numbers[4] == doctest::Approx(std::log1p(2)));
  CHECK(numbers[7] == doctest::Approx(std::sqrt(5.0 / 6)));
}

TEST_CASE("words, numbers, indents, sentences and brackets are followed through the text") {
  float out[kSurfaceFeatures];
  const auto counted = [&](size_t feature) { return std::lround(std::expm1(out[feature])); };
  surface("a = f([(1234)])\n    if x:  # Why? No.\n\nlonger 42 567.", out);
  CHECK(counted(16) == 11);  // the longest word: f([(1234)])
  CHECK(counted(17) == 2);   // sentences that end before a space
  CHECK(counted(18) == 4);   // the deepest indent
  CHECK(counted(19) == 4);   // the longest number
  CHECK(counted(20) == 2);   // numbers of three digits or more
  CHECK(counted(21) == 3);   // the deepest bracket
  surface("   \n \t ", out);
  for (const size_t feature : {16, 17, 18, 19, 20, 21}) CHECK(counted(feature) == 0);
}
