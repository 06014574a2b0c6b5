#include "assignment/kernels/softmin_pairs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "assignment/pair_columns.h"
#include "assignment/row_set.h"
#include "native/assignment/instances.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

// Rows of two candidates with what a kernel takes beside them.
struct Rows {
  size_t rows, quantities, stride;
  std::vector<float> values;
  std::vector<double> weight;
  std::vector<int> channels, owns;
  PairBlock block{};

  Rows(uint64_t seed, size_t count, size_t quantityCount, size_t channelCount, size_t ownCount)
      : rows(count), quantities(quantityCount), stride((count + 7) / 8 * 8), values(2 * quantityCount * stride) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> uniform(0, 1);
    for (size_t c = 0; c < 2 * quantities; ++c)
      for (size_t i = 0; i < rows; ++i) values[c * stride + i] = static_cast<float>(uniform(random));
    for (size_t c = 0; c < 2 * quantities; ++c) weight.push_back(uniform(random) - 0.3);
    for (size_t s = 0; s < channelCount; ++s) channels.push_back(static_cast<int>(s));
    for (size_t o = 0; o < ownCount; ++o) owns.push_back(static_cast<int>(quantities - 1 - o));
    const double tau = std::pow(10.0, -3 * uniform(random));
    block = {rows,    quantities,      values.data(),   stride,      weight.data(), {uniform(random), uniform(random)},
             1 / tau, channels.data(), channels.size(), owns.data(), owns.size()};
  }
  double value(size_t quantity, size_t candidate, size_t i) const {
    return static_cast<double>(values[(2 * quantity + candidate) * stride + i]);
  }
  size_t features() const { return 1 + channels.size() + 2 * owns.size(); }
};

}  // namespace

TEST_CASE("pairs are summed as their definition says, and alike bit for bit by every instruction set") {
  uint64_t seed = 0;
  for (const size_t count : {1, 7, 8, 9, 61})
    for (size_t quantities = 1; quantities <= 8; ++quantities)
      for (size_t channels = 0; channels <= quantities; ++channels)
        for (size_t owns = 0; owns <= quantities; ++owns) {
          const Rows rows(++seed, count, quantities, channels, owns);
          CAPTURE(seed);
          const size_t features = rows.features(), products = pairPlace(features, 0);
          double least = 0;
          std::vector<double> first(features), second(products);
          for (size_t i = 0; i < count; ++i) {
            double r[2];
            for (size_t c = 0; c < 2; ++c) {
              r[c] = rows.block.base[c];
              for (size_t k = 0; k < quantities; ++k) r[c] += rows.weight[2 * k + c] * rows.value(k, c, i);
            }
            least += std::min(r[0], r[1]);
            const double p = 1 / (1 + std::exp((r[1] - r[0]) * rows.block.perTau));
            const double variance = p / (1 + std::exp((r[0] - r[1]) * rows.block.perTau));
            std::vector<double> z{1};
            for (const int s : rows.channels)
              z.push_back(rows.value(static_cast<size_t>(s), 1, i) - rows.value(static_cast<size_t>(s), 0, i));
            for (const int o : rows.owns)
              for (size_t c = 0; c < 2; ++c) z.push_back(rows.value(static_cast<size_t>(o), c, i));
            for (size_t a = 0; a < features; ++a) {
              first[a] += p * z[a];
              for (size_t b = 0; b <= a; ++b) second[pairPlace(a, b)] += variance * z[a] * z[b];
            }
          }
          PairSums plain;
          softminPairs(compute::Isa::scalar)(rows.block, plain);
          const double close = 1e-11 * static_cast<double>(count);
          CHECK(std::abs(plain.least - least) <= close);
          for (size_t f = 0; f < features; ++f) CHECK(std::abs(plain.first[f] - first[f]) <= close);
          for (size_t f = 0; f < products; ++f) CHECK(std::abs(plain.second[f] - second[f]) <= close);
          for (const compute::Isa isa : {compute::Isa::avx2, compute::Isa::avx512, compute::Isa::neon}) {
            if (!compute::supported(isa)) continue;
            PairSums sums;
            softminPairs(isa)(rows.block, sums);
            CHECK(sums.least == plain.least);
            CHECK(std::equal(sums.first, sums.first + features, plain.first));
            CHECK(std::equal(sums.second, sums.second + products, plain.second));
          }
        }
}

TEST_CASE("columns hold every row of two candidates once, beside its like") {
  Instance instance = plain(3000, 5, 7);
  Problem& p = instance.problem;
  std::mt19937_64 random(3);
  for (size_t i = 0; i < p.rows; ++i) instance.groups.push_back(static_cast<uint16_t>(random() % 3));
  p.groups = instance.groups.data();
  p.groupCount = 3;
  RowSet set(p.quantities.size());
  std::vector<uint64_t> models;
  for (size_t i = 0; i < p.rows; ++i) {
    const uint64_t one = uint64_t{1} << random() % 2, other = uint64_t{1} << (2 + random() % 3);
    models.push_back(random() % 4 == 0 ? 31 : one | other);
    set.add(p, i, models.back());
  }
  const PairColumns& columns = set.pairs();
  // Every row has costs of its own: by those of the first candidate it is known.
  size_t found = 0;
  for (size_t r = 0; r < columns.runs().size(); ++r) {
    const PairColumns::Run& run = columns.runs()[r];
    const uint64_t both = uint64_t{1} << run.first | uint64_t{1} << run.second;
    double total = 0;
    size_t i = 0;
    for (size_t e = 0; e < run.rows; ++e) {
      const float* values = columns.values(run);
      total += static_cast<double>(values[e]);
      const auto is = [&](size_t row) {
        return models[row] == both && p.group(row) == run.group && p.row(0, row)[run.first] == values[e] &&
               p.row(0, row)[run.second] == values[run.stride() + e] &&
               p.row(1, row)[run.first] == values[2 * run.stride() + e];
      };
      while (i < p.rows && !is(i)) ++i;  // in their order, but for a new run
      REQUIRE(i < p.rows);
      ++found;
    }
    CHECK(total == doctest::Approx(columns.firstTotal(r, 0)));
  }
  CHECK(found + columns.others().size() == p.rows);
  for (const uint32_t i : columns.others()) CHECK(models[i] == 31);
}
