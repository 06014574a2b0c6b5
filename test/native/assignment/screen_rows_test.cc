#include "assignment/kernels/screen_rows.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace omnirouter;
using namespace omnirouter::assignment;

// That what a kernel decides is right is trust_region_test.cc's business; here, that all decide alike.
TEST_CASE("every instruction set screens rows as the plain kernel does, bit for bit") {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<float> uniform(-1, 1);
  const auto draw = [&](size_t count, float least) {
    std::vector<float> values(count);
    for (float& value : values) value = std::max(least, uniform(random));
    return values;
  };
  size_t decided = 0, open = 0;
  for (size_t models = 1; models <= 64; ++models)
    for (const size_t quantities : {1, 2, 3}) {
      constexpr size_t kRows = 29, kGroups = 2;
      const size_t padded = paddedModels(models), channels = quantities > 1 ? quantities - 1 : 1;
      const auto base = draw(kGroups * padded, -1), weight = draw(kGroups * quantities * padded, -1);
      auto a = draw(kGroups * channels * channels, 0), u = draw(kGroups * models * channels * padded, -1);
      auto v = draw(kGroups * models * padded, 0), own = draw(kGroups * quantities * padded, 0);
      auto widest = draw(kGroups, 0.05f), slip = draw(kGroups, 0.001f);
      for (auto* table : {&a, &u, &v, &own})
        for (float& value : *table) value *= 0.01f;
      auto low = weight, high = weight;
      for (size_t e = 0; e < weight.size(); ++e) {
        low[e] -= own[e];
        high[e] += own[e];
      }
      std::vector<std::vector<float>> values;
      std::vector<const float*> pointers;
      for (size_t k = 0; k < quantities; ++k) values.push_back(draw(kRows * models, 0));
      for (const auto& matrix : values) pointers.push_back(matrix.data());
      std::vector<uint16_t> groups(kRows);
      std::vector<uint64_t> allowed(kRows);
      for (size_t i = 0; i < kRows; ++i) {
        groups[i] = static_cast<uint16_t>(random() % kGroups);
        allowed[i] = random() | uint64_t{1} << random() % models;
      }
      std::vector<int> channelQuantity(channels);
      for (size_t s = 0; s < channels; ++s) channelQuantity[s] = static_cast<int>(quantities - channels + s);
      ScreenBlock block{base.data(),     weight.data(), nullptr,
                        slip.data(),     widest.data(), a.data(),
                        u.data(),        v.data(),      channelQuantity.data(),
                        pointers.data(), channels,      quantities,
                        kRows,           models,        groups.data(),
                        nullptr};
      for (const bool masked : {false, true})
        for (const bool withOwn : {false, true}) {
          block.allowed = masked ? allowed.data() : nullptr;
          block.lowWeight = withOwn ? low.data() : weight.data();
          block.highWeight = withOwn ? high.data() : nullptr;
          std::vector<uint8_t> winner(kRows), plainWinner(kRows);
          std::vector<uint64_t> still(kRows), plainStill(kRows);
          screenRows(compute::Isa::scalar)(block, plainWinner.data(), plainStill.data());
          for (size_t i = 0; i < kRows; ++i) ((plainStill[i] & (plainStill[i] - 1)) == 0 ? decided : open) += 1;
          for (const compute::Isa isa : {compute::Isa::avx2, compute::Isa::avx512, compute::Isa::neon}) {
            if (!compute::supported(isa)) continue;
            CAPTURE(compute::name(isa));
            CAPTURE(models);
            screenRows(isa)(block, winner.data(), still.data());
            CHECK(winner == plainWinner);
            CHECK(still == plainStill);
          }
        }
    }
  CHECK(decided > 1000);
  CHECK(open > 1000);
}
