#include "prediction/row_sum.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace omnirouter::prediction;

TEST_CASE("the widest vectors give the plain loop's result, bit for bit") {
  std::mt19937 random(1);
  const auto draw = [&] { return static_cast<float>(static_cast<double>(random()) / 2e9 - 1); };
  for (const size_t columns : {1, 3, 16, 17, 256, 271}) {
    for (const size_t count : {0, 1, 2, 3, 4, 5, 63}) {
      std::vector<float> matrix(40 * columns), weights(count), out(columns), expected;
      std::vector<uint32_t> rows(count);
      for (float& x : matrix) x = draw();
      for (float& x : weights) x = draw();
      for (float& x : out) x = draw();
      for (uint32_t& row : rows) row = static_cast<uint32_t>(random() % 40);
      expected = out;
      for (size_t t = 0; t < count; ++t)
        for (size_t c = 0; c < columns; ++c) expected[c] += weights[t] * matrix[rows[t] * columns + c];
      addWeightedRows(matrix.data(), columns, rows.data(), weights.data(), count, out.data());
      CHECK(out == expected);
    }
  }
}
