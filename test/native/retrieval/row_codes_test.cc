#include "retrieval/row_codes.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include "embeddings.h"
#include "retrieval/inner_product.h"

using namespace omnirouter;
using namespace omnirouter::retrieval;

namespace {

Interval intervalOf(const std::vector<float>& query, const std::vector<float>& row) {
  const CodedQuery coded(query);
  std::vector<int8_t> codes(paddedCodes(row.size()));
  const CodedRow left = encodeRow(row, codes.data());
  int32_t product = 0;
  innerProduct(compute::Isa::scalar).codes(coded.codes(), codes.data(), 1, codes.size(), &product);
  return coded.similarity(left, product);
}

double similarityOf(const std::vector<float>& query, const std::vector<float>& row) {
  return innerProduct(compute::Isa::scalar).one(query.data(), row.data(), row.size());
}

std::vector<float> wild(size_t n, float spread, float size, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> x(n);
  for (float& value : x) value = size * normal(random) * std::exp(spread * normal(random));
  return x;
}

}  // namespace

TEST_CASE("the similarity lies in the interval, for vectors of any shape and size") {
  std::mt19937 random(6);
  for (const size_t d : {1, 2, 31, 32, 33, 384, 4097, 65536})
    for (const float size : {1e-44f, 1e-20f, 1.0f, 1e10f})
      for (const float spread : {0.0f, 1.0f, 3.0f})
        for (int repeat = 0; repeat < (d > 1000 ? 2 : 30); ++repeat) {
          const auto query = wild(d, spread, 1.0f, random), row = wild(d, spread, size, random);
          for (const auto& other : {row, query}) {  // of itself too: the codes' errors agree
            const auto [middle, radius] = intervalOf(query, other);
            const double similarity = similarityOf(query, other);
            INFO("dimension ", d, " size ", size, " spread ", spread);
            CHECK(std::abs(similarity - middle) <= radius);
          }
        }
}

TEST_CASE("the interval holds where the codes err as far as they can, all in the query's direction") {
  constexpr size_t kDimension = 64;
  // One element sets the scale, the others lie in the middle between two codes.
  std::vector<float> row(kDimension, 0.4999f / 127), query(kDimension, 1.0f);
  row[0] = 1;
  query[0] = 0;
  const auto [middle, radius] = intervalOf(query, row);
  const double similarity = similarityOf(query, row);
  CHECK(similarity - middle > 0.9 * radius);
  CHECK(similarity - middle <= radius);
}

TEST_CASE("zero vectors and what underflows have intervals of next to no width") {
  const std::vector<float> zero(100, 0.0f), tiny(100, 1e-44f), one(100, 1.0f);
  CHECK(std::abs(intervalOf(one, zero).middle) == 0);
  CHECK(intervalOf(one, zero).radius < 1e-30);
  CHECK(intervalOf(zero, one).radius < 1e-30);
  CHECK(intervalOf(tiny, tiny).radius < 1e-30);
}

TEST_CASE("for embeddings the interval is narrow enough to leave most rows unread") {
  const size_t d = 256;
  const auto all = embeddings(200, d, 8);
  const std::vector<float> query(all.begin(), all.begin() + d);
  for (size_t row = 1; row < 200; ++row) {
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(row * d);
    CHECK(intervalOf(query, std::vector<float>(first, first + d)).radius < 0.02);
  }
}
