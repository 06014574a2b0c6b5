#include "retrieval/index_file.h"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "saved_index.h"

using namespace omnirouter;
using namespace omnirouter::retrieval;
using namespace omnirouter::retrieval::test;

TEST_CASE("an index is the same after saving and loading") {
  for (const Kind kind : {Kind::flat, Kind::hnsw})
    for (const size_t rows : {0, 1, 200, 1'500}) {
      const auto index = example(rows, 12, kind);
      const auto bytes = saved(*index);
      const auto again = loaded(bytes);
      CHECK(again->size() == rows);
      CHECK(again->hasGraph() == index->hasGraph());
      CHECK(saved(*again) == bytes);
      const auto a = search(*index, embeddings(5, 12, 2), 4), b = search(*again, embeddings(5, 12, 2), 4);
      for (size_t i = 0; i < a.size() && !index->hasGraph(); ++i) CHECK(a[i].id == b[i].id);
    }
}

TEST_CASE("any altered byte is noticed") {
  for (const Kind kind : {Kind::flat, Kind::hnsw}) {
    const auto bytes = saved(*example(1'100, 3, kind));
    std::mt19937 random(5);
    for (size_t i = 0; i < 400; ++i) {
      auto altered = bytes;
      const size_t offset = i < 100 ? i : random() % bytes.size();  // the headers, and everywhere
      altered[offset] ^= static_cast<uint8_t>(1u << (random() % 8));
      INFO("offset ", offset, " of ", bytes.size());
      CHECK(codeOf(altered) == "ERR_OMNI_CORRUPT");
    }
  }
}

TEST_CASE("any truncation is noticed, but for the loss of the checksum alone") {
  const auto bytes = saved(*example(1'100, 3, Kind::hnsw));
  std::mt19937 random(6);
  for (size_t i = 0; i < 300; ++i) {
    const size_t length = i < 150 ? i : random() % bytes.size();
    if (length == bytes.size() - kTrailer) continue;
    INFO("length ", length, " of ", bytes.size());
    CHECK(codeOf({bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length)}) == "ERR_OMNI_CORRUPT");
  }
  for (size_t cut = 1; cut < kTrailer; ++cut)
    CHECK(codeOf({bytes.begin(), bytes.end() - static_cast<ptrdiff_t>(cut)}) == "ERR_OMNI_CORRUPT");
}

TEST_CASE("without a checksum, altered bytes give an error or an index that is safe to search") {
  for (const Kind kind : {Kind::flat, Kind::hnsw}) {
    const auto bytes = withoutTrailer(saved(*example(1'100, 3, kind)));
    std::mt19937 random(7);
    size_t refused = 0;
    for (size_t i = 0; i < 1'000; ++i) {
      auto altered = bytes;
      const size_t offset = i < 200 ? i : random() % (bytes.size() - 8);
      const uint64_t value = i % 3 == 0 ? random() : i % 3 == 1 ? ~uint64_t{0} : uint64_t{1} << (random() % 64);
      std::memcpy(&altered[offset], &value, i % 2 == 0 ? 4 : 8);
      const std::string code = codeOf(altered);
      CHECK((code == "" || code == "ERR_OMNI_CORRUPT"));
      refused += code != "";
    }
    CHECK(refused > 100);
  }
}

TEST_CASE("a graph with a gap among a row's links is refused: FAISS would measure what is not there") {
  const auto index = example(1'100, 3, Kind::hnsw);
  const auto bytes = withoutTrailer(saved(*index));
  // The links are the last vector of the graph; after it come five numbers, the flat index, and the ids.
  const size_t header = 37, flat = header + 8 + 1'100 * 3 * 4, ids = 8 + 1'100 * 8;
  const size_t end = bytes.size() - ids - flat - 5 * 4;
  size_t gaps = 0;
  for (size_t place = end - 20 * 64 * 4; place + 8 <= end; place += 4) {
    int32_t link, next;
    std::memcpy(&link, &bytes[place], 4);
    std::memcpy(&next, &bytes[place + 4], 4);
    if (link < 0 || next < 0) continue;
    auto altered = bytes;
    const int32_t empty = -1;
    std::memcpy(&altered[place], &empty, 4);
    CHECK(codeOf(altered) == "ERR_OMNI_CORRUPT");
    ++gaps;
  }
  CHECK(gaps > 10);
}

TEST_CASE("foreign bytes are refused") {
  CHECK(codeOf({}) == "ERR_OMNI_CORRUPT");
  CHECK(codeOf(std::vector<uint8_t>(1'000, 0)) == "ERR_OMNI_CORRUPT");
  const std::string text = "{\"version\": 1, \"this is\": \"not an index at all\"}";
  CHECK(codeOf({text.begin(), text.end()}) == "ERR_OMNI_CORRUPT");
}

TEST_CASE("the checksum is zlib's CRC-32, in any pieces") {
  const std::string text = "123456789";
  CHECK(crc32(0, text.data(), text.size()) == 0xCBF43926u);  // the check value of the CRC catalogue
  std::vector<uint8_t> bytes(1'000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7);
  const uint32_t whole = crc32(0, bytes.data(), bytes.size());
  for (const size_t cut : {1, 7, 8, 9, 500, 999})
    CHECK(crc32(crc32(0, bytes.data(), cut), bytes.data() + cut, bytes.size() - cut) == whole);
}
