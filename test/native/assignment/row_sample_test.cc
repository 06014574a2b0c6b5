#include <doctest/doctest.h>

#include <vector>

#include "assignment/row_set.h"

using namespace omnirouter::assignment;

TEST_CASE("a sample takes no row twice, none beyond the end, one block from each stratum") {
  for (const size_t rows : {0u, 1u, 15u, 16u, 17u, 33u, 100u, 4095u, 4096u, 4097u, 70'001u})
    for (const size_t count : {16u, 17u, 100u, 2048u, 16'384u})
      for (uint64_t seed = 0; seed < 5; ++seed) {
        CAPTURE(rows);
        CAPTURE(count);
        CAPTURE(seed);
        const RowSample sample(rows, count, seed);
        std::vector<int> taken(rows, 0);
        size_t total = 0, previous = 0;
        for (size_t b = 0; b < sample.blocks(); ++b) {
          const auto range = sample[b];
          REQUIRE(range.begin <= range.end);
          REQUIRE(range.end <= rows);
          REQUIRE(range.begin >= previous);
          previous = range.end;
          total += range.size();
          if (!sample.everyRow()) {
            CHECK(range.size() == sample.blockSize());
            CHECK(range.begin >= rows * b / sample.blocks());
            CHECK(range.end <= rows * (b + 1) / sample.blocks());
          }
          for (size_t i = range.begin; i < range.end; ++i) ++taken[i];
        }
        CHECK(total == sample.size());
        if (sample.everyRow()) {
          CHECK(total == rows);
          CHECK(sample.weight() == 1.0);
        } else {
          CHECK(total >= count);
          CHECK(sample.weight() == doctest::Approx(static_cast<double>(rows) / static_cast<double>(total)));
        }
      }
}

TEST_CASE("over the seeds a sample reaches every part of a stratum about equally often") {
  constexpr size_t kRows = 6400, kSeeds = 3000;
  std::vector<size_t> taken(kRows, 0);
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const RowSample sample(kRows, 160, seed);
    for (size_t b = 0; b < sample.blocks(); ++b)
      for (size_t i = sample[b].begin; i < sample[b].end; ++i) ++taken[i];
  }
  // A block of 16 starts anywhere among 640 - 15 places: an inner row is in it with probability 16 / 625.
  const double expected = kSeeds * 16.0 / 625;
  for (size_t i = 0; i < kRows; ++i) {
    const size_t place = i % 640;
    if (place < 15 || place >= 625) continue;
    CHECK(static_cast<double>(taken[i]) > 0.4 * expected);
    CHECK(static_cast<double>(taken[i]) < 1.9 * expected);
  }
}
