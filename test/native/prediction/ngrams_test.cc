#include "prediction/ngrams.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <unordered_map>

#include "prediction/hash.h"

using namespace omnirouter::prediction;

static std::vector<uint32_t> ngrams(std::string_view text) {
  std::vector<uint32_t> buckets;
  appendNgrams(text, buckets);
  std::sort(buckets.begin(), buckets.end());
  return buckets;
}
static size_t inFamily(const std::vector<uint32_t>& buckets, size_t family) {
  return static_cast<size_t>(
      std::count_if(buckets.begin(), buckets.end(), [&](uint32_t b) { return familyOf(b) == family; }));
}

TEST_CASE("a text has its words, pairs of words, and windows of 3 and 4 characters") {
  const auto buckets = ngrams("to be or");  // characters: " to ", " be ", " or "
  CHECK(inFamily(buckets, 0) == 3 + 2);
  CHECK(inFamily(buckets, 1) == 3 * (2 + 1));
  CHECK(std::all_of(buckets.begin(), buckets.end(), [](uint32_t b) { return b < kBuckets; }));
}

TEST_CASE("case and the amount of white space make no difference; symbols do") {
  CHECK(ngrams("What IS\tthis?\n\n") == ngrams(" what is   this?"));
  CHECK(ngrams("\xC3\x89t\xC3\xA9") == ngrams("\xC3\xA9t\xC3\xA9"));
  CHECK(ngrams("a+b = c") != ngrams("a-b = c"));
}

TEST_CASE("texts without a word or without anything are empty") {
  CHECK(ngrams("").empty());
  CHECK(ngrams(" \n\t ").empty());
  CHECK(inFamily(ngrams("+++"), 0) == 0);
  CHECK(inFamily(ngrams("+++"), 1) == 3 + 2);
}

TEST_CASE("scripts without spaces fall into characters and pairs of characters") {
  const auto buckets = ngrams("\xE4\xB8\xAD\xE5\x9B\xBD\xE4\xBA\xBA");  // three Han characters
  CHECK(inFamily(buckets, 0) == 3 + 2);
  CHECK(inFamily(buckets, 1) == 3 + 2);
}

TEST_CASE("the hash is part of the file format: it never changes") {
  CHECK(mix64(0) == 0xE220A8397B1DCDAFu);  // SplitMix64's published first output for seed 0
  // From an independent implementation of MurmurHash64A.
  CHECK(hashBytes("omnirouter", 10) == 0x52C94F72B9964565u);
  CHECK(hashBytes(nullptr, 0) == 0x328972A3414E2F54u);
}

TEST_CASE("counting agrees with a map, in the order of first occurrence") {
  std::mt19937 random(7);
  TermCounter counter;
  for (const size_t size : {0, 1, 2, 100, 5000}) {
    std::vector<uint32_t> ids(size);
    for (uint32_t& id : ids) id = static_cast<uint32_t>(random() % 300);
    std::unordered_map<uint32_t, uint32_t> expected;
    for (const uint32_t id : ids) ++expected[id];
    const auto& terms = counter.count(ids);
    REQUIRE(terms.size() == expected.size());
    size_t at = 0;
    for (const Term& term : terms) {
      CHECK(term.count == expected[term.id]);
      const auto first = static_cast<size_t>(std::find(ids.begin(), ids.end(), term.id) - ids.begin());
      CHECK(first >= at);
      at = first;
    }
  }
}
