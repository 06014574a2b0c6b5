#include "assignment/kernels/least_reduced.h"

#include <doctest/doctest.h>

#include <bit>
#include <limits>
#include <random>
#include <vector>

using namespace omnirouter;
using namespace omnirouter::assignment;

namespace {

struct Block {
  static constexpr size_t kGroups = 3;
  std::vector<double> base, weight;
  std::vector<std::vector<float>> values;
  std::vector<uint64_t> allowed;
  std::vector<uint16_t> groups;
  std::vector<const float*> pointers;
  size_t rows, models;

  Block(size_t rows, size_t models, size_t quantities, bool masked, bool grouped, bool grid, uint64_t seed)
      : rows(rows), models(models) {
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
    for (const auto& v : values) pointers.push_back(v.data());
    const uint64_t every = models == 64 ? ~uint64_t{0} : (uint64_t{1} << models) - 1;
    for (size_t i = 0; i < rows; ++i) {
      if (masked) allowed.push_back((random() & random() & every) | (uint64_t{1} << random() % models));
      if (grouped) groups.push_back(static_cast<uint16_t>(random() % kGroups));
    }
  }

  LeastReducedBlock view() const {
    return {base.data(),
            weight.data(),
            pointers.data(),
            values.size(),
            rows,
            models,
            groups.empty() ? nullptr : groups.data(),
            allowed.empty() ? nullptr : allowed.data()};
  }

  // By the definition.
  size_t winner(size_t i, double& best) const {
    const size_t g = groups.empty() ? 0 : groups[i];
    size_t winner = models;
    best = std::numeric_limits<double>::infinity();
    for (size_t j = 0; j < models; ++j) {
      if (!allowed.empty() && !(allowed[i] >> j & 1)) continue;
      double r = base[g * models + j];
      for (size_t k = 0; k < values.size(); ++k)
        r = r + weight[(g * values.size() + k) * models + j] * static_cast<double>(values[k][i * models + j]);
      if (r < best) {
        best = r;
        winner = j;
      }
    }
    return winner;
  }
};

constexpr compute::Isa kEvery[] = {compute::Isa::scalar, compute::Isa::avx2, compute::Isa::avx512, compute::Isa::neon};

}  // namespace

TEST_CASE("every instruction set's kernel gives the definition's least value and lowest winner, bit for bit") {
  uint64_t seed = 0;
  for (size_t models = 1; models <= 64; ++models)
    for (const size_t quantities : {0, 1, 2, 3, 8})
      for (int kind = 0; kind < 8; ++kind) {
        const Block block(37, models, quantities, kind & 1, kind & 2, kind & 4, ++seed);
        std::vector<double> least(block.rows);
        std::vector<uint8_t> which(block.rows);
        for (const compute::Isa isa : kEvery) {
          if (!compute::supported(isa)) continue;
          CAPTURE(compute::name(isa));
          CAPTURE(models);
          CAPTURE(quantities);
          std::fill(which.begin(), which.end(), uint8_t{255});
          leastReduced(isa)(block.view(), least.data(), which.data());
          size_t wrong = 0;
          for (size_t i = 0; i < block.rows; ++i) {
            double best = 0;
            wrong += block.winner(i, best) != which[i];
            wrong += !(best == least[i]);  // -0 and 0 are the same least value
          }
          CHECK(wrong == 0);
        }
      }
}

TEST_CASE("equal models: the lowest allowed one wins") {
  for (const size_t models : {2, 15, 16, 17, 64}) {
    Block block(40, models, 2, true, false, true, models);
    std::fill(block.base.begin(), block.base.end(), 0.25);
    std::fill(block.weight.begin(), block.weight.end(), 1.0);
    for (auto& values : block.values)
      for (size_t e = 0; e < values.size(); ++e) values[e] = static_cast<float>(e / models);
    for (const compute::Isa isa : kEvery) {
      if (!compute::supported(isa)) continue;
      std::vector<double> least(block.rows);
      std::vector<uint8_t> which(block.rows);
      leastReduced(isa)(block.view(), least.data(), which.data());
      for (size_t i = 0; i < block.rows; ++i) CHECK(which[i] == std::countr_zero(block.allowed[i]));
    }
  }
}

TEST_CASE("a kernel reads no row beyond its block and writes no result beyond it") {
  for (const compute::Isa isa : kEvery) {
    if (!compute::supported(isa)) continue;
    for (const size_t models : {1, 7, 8, 9, 63, 64}) {
      // Allocations are exact: AddressSanitizer sees a read too far.
      const Block block(3, models, 2, false, false, false, models);
      std::vector<double> least(4, 7.0);
      std::vector<uint8_t> which(4, 77);
      leastReduced(isa)(block.view(), least.data(), which.data());
      CHECK(least[3] == 7.0);
      CHECK(which[3] == 77);
    }
  }
}
