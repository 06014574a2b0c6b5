#include "prediction/neighbours.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "compute/pool.h"
#include "errors.h"

using namespace omnirouter;
using namespace omnirouter::prediction;

static const float kMissing = std::nanf("");

struct Result {
  std::vector<float> quality, outputTokens, support;
};

static Result estimate(const NeighbourEstimator& estimator, const std::vector<int32_t>& ids,
                       const std::vector<float>& similarities, size_t rows, const std::vector<int32_t>& exclude = {}) {
  const size_t size = rows * estimator.models();
  Result result{std::vector<float>(size), std::vector<float>(size), std::vector<float>(size)};
  estimator.estimate({rows, ids.size() / rows, ids, similarities, exclude},
                     {result.quality.data(), result.outputTokens.data(), result.support.data()}, compute::CancelFlag());
  return result;
}

// Two models; the second never answered row 2.
static Outcomes small() { return {3, 2, {1, 0, 0, 1, 0, kMissing}, {100, 10, 200, 20, 300, kMissing}}; }

TEST_CASE("the estimate is the similarity-weighted mean where nothing is shrunk") {
  const NeighbourEstimator estimator(small(), {100, 1, 0});
  const Result result = estimate(estimator, {0, 1, 2}, {0.5f, 0.25f, 0.25f}, 1);
  CHECK(result.quality[0] == doctest::Approx(0.5));
  CHECK(result.quality[1] == doctest::Approx(0.25 / 0.75));
  CHECK(result.outputTokens[0] == doctest::Approx(175));
  CHECK(result.outputTokens[1] == doctest::Approx((5 + 5) / 0.75));
  CHECK(result.support[0] == 1.0f);
}

TEST_CASE("shrinkage counts in effective neighbours, whatever the level of the similarities") {
  const NeighbourEstimator estimator(small(), {100, 2, 3});
  for (const float level : {0.9f, 0.09f, 1e-20f}) {
    const Result result = estimate(estimator, {0, 1, 2}, {level, level, level}, 1);
    CHECK(result.support[0] == doctest::Approx(0.5));
    CHECK(result.support[1] == doctest::Approx(2.0 / 5));
    CHECK(result.quality[0] == doctest::Approx((1.0 / 3 + estimator.qualityPrior()[0]) / 2));
  }
}

TEST_CASE("without a similar neighbour the estimate is the model's prior") {
  const NeighbourEstimator estimator(small(), {100, 2, 0});
  for (const float similarity : {0.0f, -0.5f, kMissing, -INFINITY}) {
    const Result result = estimate(estimator, {0, 1}, {similarity, similarity}, 1);
    CHECK(result.quality[0] == static_cast<float>(estimator.qualityPrior()[0]));
    CHECK(result.support[0] == 0.0f);
  }
  CHECK(estimate(estimator, {-1, -1}, {-INFINITY, -INFINITY}, 1).support[1] == 0.0f);
}

TEST_CASE("a model without outcomes has the pool's mean, one with few lies between") {
  const NeighbourEstimator estimator({2, 3, {1, 0, kMissing, 1, kMissing, kMissing}, {5, 6, kMissing, 5, 6, kMissing}},
                                     {100, 2, 2});
  const auto prior = estimator.qualityPrior();
  CHECK(prior[2] == doctest::Approx(0.5));  // the mean of the means 1 and 0
  CHECK(prior[0] > 0.5);
  CHECK(prior[0] < 1);
  CHECK(prior[1] < 0.5);
  const Result result = estimate(estimator, {0, 1}, {1, 1}, 1);
  CHECK(result.quality[2] == doctest::Approx(0.5));
  CHECK(result.support[2] == 0.0f);
}

TEST_CASE("an excluded row does not count, and the neighbours counted are at most as many as asked for") {
  const NeighbourEstimator two(small(), {2, 1, 0});
  const std::vector<int32_t> ids = {0, 1, 2};
  const std::vector<float> equal = {0.5f, 0.5f, 0.5f};
  CHECK(estimate(two, ids, equal, 1).quality[0] == doctest::Approx(0.5));       // rows 0 and 1
  CHECK(estimate(two, ids, equal, 1, {0}).quality[0] == doctest::Approx(0));    // rows 1 and 2
  CHECK(estimate(two, ids, equal, 1, {2}).quality[0] == doctest::Approx(0.5));  // rows 0 and 1
  CHECK(estimate(two, ids, equal, 1, {-1}).quality[0] == doctest::Approx(0.5));
}

TEST_CASE("an id beyond the history is refused") {
  const NeighbourEstimator estimator(small(), {});
  CHECK_THROWS_AS(estimate(estimator, {0, 3}, {1, 1}, 1), InvalidArgument);
  CHECK_THROWS_AS(estimate(estimator, {0, INT32_MAX}, {1, 1}, 1), InvalidArgument);
}

TEST_CASE("outcomes of the wrong size, or none at all, are refused") {
  CHECK_THROWS_AS(NeighbourEstimator({2, 2, {1, 1, 1}, {1, 1, 1, 1}}, {}), InvalidArgument);
  CHECK_THROWS_AS(NeighbourEstimator({1, 1, {kMissing}, {1}}, {}), InvalidArgument);
  CHECK_THROWS_AS(NeighbourEstimator({1, 1, {1}, {kMissing}}, {}), InvalidArgument);
  CHECK_THROWS_AS(NeighbourEstimator({0, 0, {}, {}}, {}), InvalidArgument);
}

TEST_CASE("bit-identical for any number of threads") {
  std::mt19937 random(2);
  Outcomes outcomes{500, 5, {}, {}};
  for (size_t i = 0; i < 2500; ++i) {
    outcomes.quality.push_back(random() % 3 == 0 ? kMissing : static_cast<float>(random() % 2));
    outcomes.outputTokens.push_back(static_cast<float>(random() % 1000));
  }
  std::vector<int32_t> ids(1000 * 40);
  std::vector<float> similarities(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<int32_t>(random() % 500);
    similarities[i] = static_cast<float>(random() % 1000) / 1000;
  }
  const NeighbourEstimator estimator(outcomes, {});
  compute::Pool::shared().setThreads(1);
  const Result alone = estimate(estimator, ids, similarities, 1000);
  compute::Pool::shared().setThreads(4);
  const Result together = estimate(estimator, ids, similarities, 1000);
  CHECK(alone.quality == together.quality);
  CHECK(alone.outputTokens == together.outputTokens);
}

namespace {

Outcomes randomOutcomes(size_t rows, size_t models, unsigned seed) {
  std::mt19937 random(seed);
  Outcomes outcomes{rows, models, {}, {}};
  for (size_t i = 0; i < rows * models; ++i) {
    outcomes.quality.push_back(random() % 3 == 0 ? kMissing : static_cast<float>(random() % 7) / 7);
    outcomes.outputTokens.push_back(static_cast<float>(random() % 1000) / 3);
  }
  return outcomes;
}

Outcomes rowsOf(const Outcomes& all, const std::vector<int32_t>& rows) {
  Outcomes some{rows.size(), all.models, {}, {}};
  for (const int32_t row : rows) {
    for (size_t model = 0; model < all.models; ++model) {
      some.quality.push_back(all.quality[static_cast<size_t>(row) * all.models + model]);
      some.outputTokens.push_back(all.outputTokens[static_cast<size_t>(row) * all.models + model]);
    }
  }
  return some;
}

}  // namespace

TEST_CASE("what was learned counts to the bit as what was known from the start, whatever the order") {
  constexpr size_t kModels = 3;
  const size_t total = 1300;  // of 512 rows a block: three of them
  const Outcomes all = randomOutcomes(total, kModels, 5);
  Outcomes first = rowsOf(randomOutcomes(total, kModels, 6), {0});
  NeighbourEstimator estimator(first, {});
  // In uneven steps, each of which changes an old row as well.
  std::mt19937 random(7);
  for (int32_t known = 1; known < static_cast<int32_t>(total);) {
    const int32_t end = std::min(known + 1 + static_cast<int32_t>(random() % 200), static_cast<int32_t>(total));
    std::vector<int32_t> rows = {static_cast<int32_t>(random() % static_cast<unsigned>(known))};
    for (; known < end; ++known) rows.push_back(known);
    estimator = estimator.learned(rows, rowsOf(all, rows));
  }
  const std::vector<int32_t> zero = {0};
  estimator = estimator.learned(zero, rowsOf(all, zero));
  const NeighbourEstimator whole(all, {});
  CHECK(estimator.rows() == total);
  CHECK(std::ranges::equal(estimator.qualityPrior(), whole.qualityPrior()));
  CHECK(std::ranges::equal(estimator.tokensPrior(), whole.tokensPrior()));
  CHECK(std::ranges::equal(estimator.qualityError(), whole.qualityError()));
  const std::vector<int32_t> ids = {0, 511, 512, 1023, 1024, 1299};
  const std::vector<float> similarities = {.9f, .8f, .7f, .6f, .5f, .4f};
  CHECK(estimate(estimator, ids, similarities, 1).quality == estimate(whole, ids, similarities, 1).quality);
}

TEST_CASE("an estimator stays as it is when another learns") {
  const NeighbourEstimator before(small(), {});
  const Result expected = estimate(before, {0, 1, 2}, {1, .5f, .2f}, 1);
  const std::vector<int32_t> rows = {1, 3};
  const NeighbourEstimator after = before.learned(rows, {2, 2, {1, 1, 1, 1}, {1, 1, 1, 1}});
  CHECK(after.rows() == 4);
  CHECK(before.rows() == 3);
  CHECK(estimate(before, {0, 1, 2}, {1, .5f, .2f}, 1).quality == expected.quality);
  CHECK(estimate(after, {0, 1, 2}, {1, .5f, .2f}, 1).quality != expected.quality);
}

TEST_CASE("rows out of place, or of the wrong shape, are refused") {
  const NeighbourEstimator estimator(small(), {});
  const Outcomes two = {2, 2, {1, 1, 1, 1}, {1, 1, 1, 1}};
  for (const std::vector<int32_t>& rows : {std::vector{-1, 0}, {3, 5}, {1, 1}, {2, 1}, {4, 5}, {1, INT32_MAX}, {1}})
    CHECK_THROWS_AS(estimator.learned(rows, two), InvalidArgument);
  const std::vector<int32_t> rows = {0, 1};
  CHECK_THROWS_AS(estimator.learned(rows, {2, 1, {1, 1}, {1, 1}}), InvalidArgument);
}

TEST_CASE("how unsure a prior is falls with the outcomes that it rests on") {
  Outcomes outcomes{8, 3, {}, {}};
  for (size_t row = 0; row < 8; ++row) {
    for (const float quality : {static_cast<float>(row % 2), row < 2 ? static_cast<float>(row) : kMissing, kMissing})
      outcomes.quality.push_back(quality);
    for (int model = 0; model < 3; ++model) outcomes.outputTokens.push_back(10);
  }
  const NeighbourEstimator estimator(outcomes, {});
  const double variance = (2.0 + 0.5) / (7 + 1);  // sums of squares about the means, over degrees of freedom
  CHECK(estimator.qualityError()[0] == doctest::Approx(std::sqrt(variance / 18)));
  CHECK(estimator.qualityError()[1] == doctest::Approx(std::sqrt(variance / 12)));
  CHECK(estimator.qualityError()[2] == doctest::Approx(std::sqrt(variance / 10)));
}

TEST_CASE("cost is tokens times prices per million") {
  const std::vector<float> outputTokens = {100, 200, 0, 50}, inputTokens = {1000, 10};
  const std::vector<double> input = {2.5, 0.15}, output = {10, 0.6};
  std::vector<float> cost(4);
  tokenCosts(outputTokens, inputTokens, input, output, cost.data());
  CHECK(cost[0] == doctest::Approx(0.0035));
  CHECK(cost[1] == doctest::Approx(0.00027));
  CHECK(cost[2] == doctest::Approx(0.000025));
  CHECK(cost[3] == doctest::Approx(0.0000315));
}
