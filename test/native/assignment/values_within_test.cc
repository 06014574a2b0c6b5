#include "assignment/kernels/values_within.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace omnirouter;
using namespace omnirouter::assignment;

TEST_CASE("one bad value is found wherever it stands, by every instruction set") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float good[] = {0.0f, -0.0f, 1.0f, 0.25f, std::numeric_limits<float>::denorm_min()};
  const float bad[] = {std::nanf(""), -std::nanf(""), kInfinity, -kInfinity, -1e-30f, std::nextafter(1.0f, 2.0f)};
  for (const compute::Isa isa : {compute::Isa::scalar, compute::Isa::avx2, compute::Isa::avx512, compute::Isa::neon}) {
    if (!compute::supported(isa)) continue;
    CAPTURE(compute::name(isa));
    const ValuesWithin within = valuesWithin(isa);
    for (size_t count = 0; count <= 70; ++count) {
      CAPTURE(count);
      std::vector<float> values(count);
      for (size_t e = 0; e < count; ++e) values[e] = good[e % std::size(good)];
      CHECK(within(values.data(), count, 1.0f));
      for (size_t e = 0; e < count; ++e)
        for (const float worst : bad) {
          const float before = values[e];
          values[e] = worst;
          CHECK_FALSE(within(values.data(), count, 1.0f));
          values[e] = before;
        }
    }
  }
}
