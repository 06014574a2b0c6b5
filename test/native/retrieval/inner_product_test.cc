#include "retrieval/inner_product.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

using namespace omnirouter::retrieval;
using omnirouter::compute::Isa;
using omnirouter::compute::name;
using omnirouter::compute::supported;

namespace {
// Values of very different sizes and signs, so that a different order of summation shows in the bits.
std::vector<float> wild(size_t n, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> x(n);
  for (float& value : x) value = normal(random) * std::exp(4 * normal(random));
  return x;
}
}  // namespace

TEST_CASE("every instruction set gives the bits of the plain kernel, for one pair, many rows and many queries") {
  std::mt19937 random(3);
  const InnerProduct& plain = innerProduct(Isa::scalar);
  size_t compared = 0;
  for (const Isa isa : {Isa::avx2, Isa::avx512, Isa::neon}) {
    if (!supported(isa)) continue;
    ++compared;
    const InnerProduct& kernel = innerProduct(isa);
    for (size_t d = 0; d <= 200; ++d) {
      const size_t rows = 1 + d % 7;
      // Exactly as long as needed: reading past the end is the sanitizer's to find.
      const auto x = wild(d, random), y = wild(rows * d, random);
      std::vector<float> out(rows);
      kernel.rows(x.data(), y.data(), rows, d, out.data());
      // Every number of queries and rows left over from whole tiles.
      const size_t queries = 1 + d % 13;
      const auto qs = wild(queries * d, random);
      std::vector<float> table(queries * rows);
      kernel.block(qs.data(), queries, y.data(), rows, d, table.data());
      for (size_t q = 0; q < queries; ++q)
        for (size_t r = 0; r < rows; ++r) {
          INFO(name(isa), " dimension ", d, " query ", q, " row ", r);
          CHECK(std::bit_cast<uint32_t>(table[q * rows + r]) ==
                std::bit_cast<uint32_t>(plain.one(qs.data() + q * d, y.data() + r * d, d)));
        }
      for (size_t r = 0; r < rows; ++r) {
        const float expected = plain.one(x.data(), y.data() + r * d, d);
        INFO(name(isa), " dimension ", d, " row ", r);
        CHECK(std::bit_cast<uint32_t>(kernel.one(x.data(), y.data() + r * d, d)) == std::bit_cast<uint32_t>(expected));
        CHECK(std::bit_cast<uint32_t>(out[r]) == std::bit_cast<uint32_t>(expected));
      }
    }
  }
  MESSAGE("instruction sets compared with the plain kernel: ", compared);
}

TEST_CASE("every instruction set multiplies codes exactly, the largest among them") {
  std::mt19937 random(5);
  for (const Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512, Isa::neon}) {
    if (!supported(isa)) continue;
    for (const size_t width : {32, 64, 256, 416}) {
      for (size_t rows = 1; rows <= 9; ++rows) {
        // As large as sums within 32 bits allow, all of one sign in the first row.
        const auto most = static_cast<int>(std::min<size_t>(32767, 2147483647 / (127 * width)));
        std::vector<int16_t> query(width);
        std::vector<int8_t> codes(rows * width);
        for (auto& code : query) code = static_cast<int16_t>(random() % 2 == 0 ? most : -most);
        for (auto& code : codes) code = static_cast<int8_t>(static_cast<int>(random() % 255) - 127);
        for (size_t i = 0; i < width; ++i) codes[i] = query[i] > 0 ? 127 : -127;
        std::vector<int32_t> out(rows);
        innerProduct(isa).codes(query.data(), codes.data(), rows, width, out.data());
        for (size_t r = 0; r < rows; ++r) {
          int64_t expected = 0;
          for (size_t i = 0; i < width; ++i) expected += int64_t{query[i]} * codes[r * width + i];
          INFO(name(isa), " width ", width, " row ", r, " of ", rows);
          CHECK(out[r] == expected);
        }
      }
    }
  }
}

TEST_CASE("the plain kernel stays within the error bound, and underflow leaves +0") {
  std::mt19937 random(4);
  for (const size_t d : {1, 31, 32, 33, 384, 4097}) {
    const auto x = wild(d, random), y = wild(d, random);
    long double exact = 0, xx = 0, yy = 0;
    for (size_t i = 0; i < d; ++i) {
      exact += static_cast<long double>(x[i]) * y[i];
      xx += static_cast<long double>(x[i]) * x[i];
      yy += static_cast<long double>(y[i]) * y[i];
    }
    const float computed = innerProduct(Isa::scalar).one(x.data(), y.data(), d);
    // Each lane sums d/32 products, five folds follow (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
    // eq. 3.5: gamma_n = nu / (1 - nu)).
    const double roundings = static_cast<double>((d + 31) / 32 + 5) * 0x1p-24;
    CHECK(std::abs(static_cast<double>(computed - exact)) <=
          roundings / (1 - roundings) * std::sqrt(static_cast<double>(xx * yy)));
  }
  const std::vector<float> tiny(384, 1e-38f), negative(384, -1e-38f);
  for (const Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512, Isa::neon})
    if (supported(isa)) CHECK_FALSE(std::signbit(innerProduct(isa).one(tiny.data(), negative.data(), 384)));
}
