#include "assignment/kernels/least_reduced.h"

#include <doctest/doctest.h>

#include <bit>
#include <limits>
#include <random>
#include <vector>

using namespace omnirouter;
using namespace omnirouter::assignment;

namespace {

constexpr size_t kGroups = 3;

struct Block {
  std::vector<double> base, weight;  // LeastReducedBlock's tables
  std::vector<std::vector<float>> values;
  std::vector<uint64_t> allowed;
  std::vector<uint16_t> groups;
  std::vector<const float*> valuePointers;
  size_t quantities, rows, models;

  Block(size_t rows, size_t models, size_t quantities, bool masked, bool grid, uint64_t seed)
      : quantities(quantities), rows(rows), models(models) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> uniform(-1, 1);
    // On a grid of powers of two sums are exact, so that ties are ties.
    const auto draw = [&] { return grid ? std::round(4 * uniform(random)) / 4 : uniform(random); };
    for (size_t e = 0; e < kGroups * models; ++e) base.push_back(draw());
    for (size_t e = 0; e < kGroups * quantities * models; ++e) weight.push_back(draw());
    for (size_t k = 0; k < quantities; ++k) {
      values.emplace_back();
      for (size_t e = 0; e < rows * models; ++e)
        values[k].push_back(static_cast<float>(std::abs(draw()) * (grid || k != 1 ? 1.0 : 1e-7)));
    }
    for (const auto& v : values) valuePointers.push_back(v.data());
    for (size_t i = 0; i < rows; ++i) {
      groups.push_back(static_cast<uint16_t>(random() % kGroups));
      const uint64_t every = models == 64 ? ~uint64_t{0} : (uint64_t{1} << models) - 1;
      if (masked) allowed.push_back((random() & random() & every) | (uint64_t{1} << random() % models));
    }
  }

  LeastReducedBlock view() const {
    return {base.data(), weight.data(), valuePointers.data(), quantities,
            rows,        models,        groups.data(),        allowed.empty() ? nullptr : allowed.data()};
  }

  double reduced(size_t i, size_t j) const {
    double r = base[groups[i] * models + j];
    for (size_t k = 0; k < quantities; ++k)
      r = r +
          weight[(groups[i] * quantities + k) * models + j] * static_cast<double>(values[k][i * models + j]);
    return r;
  }
};

}  // namespace

TEST_CASE(
    "every instruction set's kernel gives the definition's least value and lowest winner, bit for bit") {
  uint64_t seed = 0;
  size_t ties = 0;
  for (size_t models = 1; models <= 64; ++models)
    for (const size_t quantities : {0, 1, 2, 3, 8})
      for (const bool masked : {false, true})
        for (const bool grid : {false, true}) {
          const Block block(37, models, quantities, masked, grid, ++seed);
          std::vector<double> least(block.rows);
          std::vector<uint8_t> which(block.rows);
          for (const compute::Isa isa :
               {compute::Isa::scalar, compute::Isa::avx2, compute::Isa::avx512, compute::Isa::neon}) {
            if (!compute::supported(isa)) continue;
            CAPTURE(compute::name(isa));
            CAPTURE(models);
            CAPTURE(quantities);
            std::fill(which.begin(), which.end(), uint8_t{255});
            leastReduced(isa)(block.view(), least.data(), which.data());
            size_t wrong = 0;
            for (size_t i = 0; i < block.rows; ++i) {
              double best = std::numeric_limits<double>::infinity();
              size_t winner = 64;
              for (size_t j = 0; j < models; ++j) {
                if (masked && !(block.allowed[i] >> j & 1)) continue;
                const double r = block.reduced(i, j);
                ties += r == best;
                if (r < best) {
                  best = r;
                  winner = j;
                }
              }
              // -0 and 0 are the same least value.
              wrong += winner != which[i] || !(best == least[i]);
            }
            CHECK(wrong == 0);
          }
        }
  CHECK(ties > 1000);
}

TEST_CASE("a kernel reads no row beyond its block and writes no result beyond it") {
  for (const compute::Isa isa :
       {compute::Isa::scalar, compute::Isa::avx2, compute::Isa::avx512, compute::Isa::neon}) {
    if (!compute::supported(isa)) continue;
    for (const size_t models : {1, 7, 8, 9, 63, 64}) {
      const Block block(3, models, 2, false, false,
                        models);  // exact allocations: AddressSanitizer sees reads
      std::vector<double> least(4, 7.0);
      std::vector<uint8_t> which(4, 77);
      leastReduced(isa)(block.view(), least.data(), which.data());
      CHECK(least[3] == 7.0);
      CHECK(which[3] == 77);
    }
  }
}
