#include "prediction/forest.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "compute/pool.h"

using namespace omnirouter;
using namespace omnirouter::prediction;

// Two targets: a step of the first feature, and noise.
struct Steps {
  std::vector<float> features, values, weights;
  explicit Steps(size_t rows) {
    std::mt19937 random(3);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (size_t row = 0; row < rows; ++row) {
      for (int c = 0; c < 4; ++c) features.push_back(uniform(random));
      values.push_back(features[row * 4] > 0.2f ? 1.0f : -1.0f);
      values.push_back(uniform(random));
      weights.insert(weights.end(), {1, row % 2 == 0 ? 1.0f : 0.0f});
    }
  }
  ForestTargets targets() const { return {weights.size() / 2, 2, values, weights}; }
};

TEST_CASE("a forest finds a step, and makes nothing of noise") {
  const Steps steps(2000);
  const Forest forest = Forest::fit(steps.features, 4, steps.targets(), {}, compute::CancelFlag());
  const float below[] = {-0.5f, 0, 0, 0}, above[] = {0.8f, 0, 0, 0};
  float out[2];
  forest.predict(below, out);
  CHECK(out[0] < -0.85);
  forest.predict(above, out);
  CHECK(out[0] > 0.85);

  // Out of fold, noise is not predicted better than by its mean; by the trees that saw it, it is.
  double leftOut = 0, seen = 0;
  for (size_t row = 0; row < 2000; row += 2) {
    forest.predictLeftOut(steps.features.data() + row * 4, row, out);
    leftOut += out[1] * steps.values[row * 2 + 1];
    forest.predict(steps.features.data() + row * 4, out);
    seen += out[1] * steps.values[row * 2 + 1];
  }
  CHECK(std::abs(leftOut) < 0.25 * seen);
}

TEST_CASE("forests are bit-identical for any number of threads, and differ by seed") {
  const Steps steps(300);
  const auto values = [&](uint64_t seed, size_t threads) {
    compute::Pool::shared().setThreads(threads);
    Forest::Options options;
    options.seed = seed;
    const Forest forest = Forest::fit(steps.features, 4, steps.targets(), options, compute::CancelFlag());
    std::vector<float> all(600);
    for (size_t row = 0; row < 300; ++row) forest.predict(steps.features.data() + row * 4, all.data() + row * 2);
    return all;
  };
  CHECK(values(1, 1) == values(1, 4));
  CHECK(values(1, 1) != values(2, 1));
}

TEST_CASE("a forest without a single known outcome, or of one row, says its mean") {
  const std::vector<float> features = {1, 2}, values = {3}, none = {0}, one = {1};
  float out[1];
  const Forest unknown = Forest::fit(features, 2, {1, 1, values, none}, {}, compute::CancelFlag());
  unknown.predict(features.data(), out);
  CHECK(out[0] == 0);
  const Forest known = Forest::fit(features, 2, {1, 1, values, one}, {}, compute::CancelFlag());
  known.predict(features.data(), out);
  CHECK(out[0] == 3);
}
