#include "assignment/kernels/first_bend.h"

#include <doctest/doctest.h>

#include <bit>
#include <random>
#include <vector>

#include "assignment/kernels/softmin_row.h"

using namespace omnirouter;
using namespace omnirouter::assignment;

TEST_CASE("the first model to overtake is found, bit for bit alike by every instruction set") {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (size_t models = 1; models <= 64; models += 1 + models % 5)
    for (size_t quantities = 0; quantities <= 3; ++quantities) {
      CAPTURE(models);
      CAPTURE(quantities);
      constexpr size_t kRows = 30, kGroups = 2;
      const size_t padded = paddedToEight(models);
      const auto draw = [&](size_t count) {
        std::vector<double> values(count);
        for (double& x : values) x = random() % 4 == 0 ? 0.5 : uniform(random);
        return values;
      };
      std::vector<double> cost = draw(kRows * padded);
      for (size_t i = 0; i < kRows; ++i)
        for (size_t j = models; j < padded; ++j) cost[i * padded + j] = 1e200;
      const std::vector<double> values = draw(kRows * quantities * padded), base = draw(kGroups * padded),
                                weight = draw(kGroups * quantities * padded), rateBase = draw(kGroups * padded),
                                rateWeight = draw(kGroups * quantities * padded);
      const double reach = models % 2 == 0 ? 1e90 : 0.4;
      const BendTables tables{cost.data(),       values.data(), base.data(), weight.data(), rateBase.data(),
                              rateWeight.data(), padded,        quantities,  1e-10,         reach};
      std::vector<BendRow> rows;
      for (uint32_t i = 0; i < kRows; ++i) {
        const auto from = static_cast<uint8_t>(random() % models);
        rows.push_back({i, static_cast<uint16_t>(i % kGroups), from, random() & random() | uint64_t{1} << from});
      }
      std::vector<FirstBend> found(kRows);
      for (const compute::Isa isa :
           {compute::Isa::scalar, compute::Isa::avx2, compute::Isa::avx512, compute::Isa::neon}) {
        if (!compute::supported(isa)) continue;
        CAPTURE(compute::name(isa));
        findFirstBend(isa)(tables, rows.data(), kRows, found.data());
        for (uint32_t i = 0; i < kRows; ++i) {
          const BendRow& row = rows[i];
          const auto at = [&](const std::vector<double>& own, const std::vector<double>& perQuantity, double r,
                              size_t j) {
            r += own[row.group * padded + j];
            for (size_t k = 0; k < quantities; ++k)
              r += perQuantity[(row.group * quantities + k) * padded + j] * values[(i * quantities + k) * padded + j];
            return r;
          };
          const auto valueOf = [&](size_t j) { return at(base, weight, cost[i * padded + j], j); };
          const auto rateOf = [&](size_t j) { return at(rateBase, rateWeight, 0, j); };
          double first = 1e100, drop = 0, regret = 1e100;
          size_t model = 0;
          for (size_t j = 0; j < models; ++j) {
            if ((row.tied >> j & 1) != 0) continue;
            regret = std::min(regret, valueOf(j) - valueOf(row.from));
            const double faster = rateOf(row.from) - rateOf(j);
            const double meets = (valueOf(j) - valueOf(row.from)) / faster;
            if (!(faster > 1e-10) || !(meets < first)) continue;
            first = meets;
            drop = faster;
            model = j;
          }
          CHECK(std::min(found[i].regret, 1e100) == regret);
          if (!(first <= reach)) {
            CHECK(found[i].at > reach);
            continue;
          }
          CHECK(found[i].at == first);
          CHECK(found[i].model == model);
          CHECK(std::bit_cast<uint64_t>(found[i].drop) == std::bit_cast<uint64_t>(drop));
        }
      }
    }
}
