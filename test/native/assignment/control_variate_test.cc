#include "assignment/control_variate.h"

#include <doctest/doctest.h>

#include <cmath>

#include "assignment/newton.h"
#include "assignment/screening.h"
#include "assignment/smoothed_dual.h"
#include "native/assignment/instances.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

// The sums of every row's best model, one row after the other.
Sums plainSums(const Problem& problem, const Eigen::VectorXd& prices) {
  const Terms terms(problem);
  const Reduced reduced(problem, {prices.data(), static_cast<size_t>(prices.size())});
  const RowSet all = openRows(problem, RowSample::all(problem.rows));
  Sums sums(problem.limits.size());
  for (size_t i = 0; i < all.size(); ++i) {
    const RowSet::Row row = all[i];
    size_t best = 0;
    std::vector<double> r(row.models.size());
    for (size_t c = 0; c < r.size(); ++c) {
      r[c] = reduced.base(row.group)[row.models[c]];
      for (size_t k = 0; k < problem.quantities.size(); ++k)
        r[c] += reduced.weight(row.group, k)[row.models[c]] * row.value(k, c);
      if (r[c] < r[best]) best = c;
    }
    addChoice(problem, terms, row, best, sums);
  }
  return sums;
}

Eigen::VectorXd somePrices(const Problem& problem, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  const Terms terms(problem);
  const Scale scale = measureScale(problem, terms, openRows(problem, RowSample::all(problem.rows)));
  return scale.price.unaryExpr([&](double unit) { return unit * uniform(random); });
}

}  // namespace

TEST_CASE("the sums at some prices are those of every row's best model") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, 600, 12);
    const Problem& p = instance.problem;
    const Eigen::VectorXd prices = somePrices(p, seed);
    std::vector<uint8_t> choice(p.rows);
    const Sums sums = leastSums(p, prices, {}, choice.data()), plain = plainSums(p, prices);
    CHECK(sums.objective == doctest::Approx(plain.objective).epsilon(1e-9));
    for (size_t l = 0; l < p.limits.size(); ++l) CHECK(sums.limit[l] == doctest::Approx(plain.limit[l]).epsilon(1e-9));
    for (size_t i = 0; i < p.rows; ++i) CHECK((p.allowedModels(i) >> choice[i] & 1) == 1);
  }
}

TEST_CASE("a corrected sample has the whole's sums at its prices, and no error there") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, 3000, 6);
    const Problem& p = instance.problem;
    const RowSample rows(p.rows, p.rows / 4, seed);
    if (rows.everyRow()) continue;
    const Terms terms(p);
    const Eigen::VectorXd prices = somePrices(p, seed);
    RowSet sample = openRows(p, rows);
    const Sums whole = leastSums(p, prices, {});
    const ControlVariate control(p, terms, {prices, whole}, sample.size(), sample);
    // As cold as this, softmin weights are 0 and 1.
    const double tau = 1e-12 * measureScale(p, terms, sample).objective;
    const DualPoint point = evaluate(p, sample, prices, tau, Spread::none, {});
    const Eigen::MatrixXd spread = control.spread(p, terms, sample, prices, tau);
    for (size_t l = 0; l < p.limits.size(); ++l) {
      const auto e = static_cast<Eigen::Index>(l);
      // Rows tied at these prices are shared between their models.
      const double ties =
          static_cast<double>(p.rows) * std::sqrt(spread(e, e)) + 1e-6 * std::abs(whole.limit[l]) + 1e-6;
      CHECK(std::abs(point.gradient[e] + p.limits[l].sign() * p.limits[l].bound - whole.limit[l]) <= ties);
    }
  }
}

TEST_CASE("a corrected sample says how the sums change nearby better than the sample alone") {
  // Queries of one difficulty: a sample's mean quality is off by what its queries happen to be, at all prices alike.
  constexpr size_t kRows = 20000, kModels = 3;
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  std::vector<float> cost(kRows * kModels), quality(kRows * kModels);
  for (size_t i = 0; i < kRows; ++i) {
    const double ease = normal(random);
    for (size_t j = 0; j < kModels; ++j) {
      cost[i * kModels + j] = static_cast<float>(std::exp(static_cast<double>(j) + 0.3 * normal(random)));
      quality[i * kModels + j] = static_cast<float>(1 / (1 + std::exp(-ease - static_cast<double>(j))));
    }
  }
  Problem p;
  p.rows = kRows;
  p.models = kModels;
  p.quantities = {{cost.data(), 1e30}, {quality.data(), 1}};
  p.objective = {1, 0};
  p.limits = {{1, true, 0.6 * kRows, kAll, kAll}};
  const Terms terms(p);
  const double tau = 0.05;
  const Eigen::VectorXd here = Eigen::VectorXd::Constant(1, 20.0), there = Eigen::VectorXd::Constant(1, 22.0);
  const auto gradient = [&](const RowSet& set) { return evaluate(p, set, there, tau, Spread::none, {}).gradient[0]; };
  const double truth = gradient(openRows(p, RowSample::all(kRows)));
  const Sums whole = leastSums(p, here, {});
  double plainError = 0, correctedError = 0, told = 0;
  constexpr int kSamples = 40;
  for (uint64_t seed = 0; seed < kSamples; ++seed) {
    RowSet sample = openRows(p, RowSample(kRows, 512, seed));
    plainError += std::pow(gradient(sample) - truth, 2);
    const ControlVariate control(p, terms, {here, whole}, sample.size(), sample);
    correctedError += std::pow(gradient(sample) - truth, 2);
    told += std::pow(static_cast<double>(kRows), 2) / 512 * control.spread(p, terms, sample, there, tau)(0, 0);
  }
  CHECK(correctedError < 0.2 * plainError);
  // And knows how well.
  CHECK(correctedError < 2.5 * told);
  CHECK(correctedError > 0.3 * told);
}

TEST_CASE("the rows that may change their model tell as much of the change as the whole sample") {
  size_t walked = 0, sampled = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, 4000, 6);
    const Problem& p = instance.problem;
    const RowSample rows(p.rows, p.rows / 3, seed);
    if (rows.everyRow() || p.limits.empty()) continue;
    const Terms terms(p);
    const Eigen::VectorXd before = somePrices(p, seed), now = before + 0.1 * somePrices(p, seed + 100);
    const Scale scale = measureScale(p, terms, openRows(p, rows));
    const auto none = Eigen::MatrixXd::Zero(before.size(), before.size());
    const TrustRegion region(p, terms, now, none, 1, 0.01 * scale.price);
    RowSet every = openRows(p, rows), changes = screenChanges(p, region, scale.objective, rows, before, {});
    const Known known{before, leastSums(p, before, {})};
    const ControlVariate whole(p, terms, known, rows.size(), every), part(p, terms, known, rows.size(), changes);
    walked += changes.size();
    sampled += every.size();
    // So cold, only the best models weigh, none of which screening may take out; anywhere in the region.
    const double tau = 1e-9 * scale.objective;
    for (const double share : {0.0, 0.7}) {
      const Eigen::VectorXd y = now + share * 0.01 / std::sqrt(static_cast<double>(now.size())) * scale.price;
      if (!region.contains(y)) continue;
      const DualPoint a = evaluate(p, every, y, tau, Spread::none, {}),
                      b = evaluate(p, changes, y, tau, Spread::none, {});
      CHECK((a.gradient - b.gradient).norm() <= 1e-9 * (a.gradient.norm() + static_cast<double>(p.rows)));
      const Eigen::MatrixXd s = whole.spread(p, terms, every, y, tau), t = part.spread(p, terms, changes, y, tau);
      CHECK((s - t).norm() <= 1e-9 * (1e-9 + s.norm()));
    }
  }
  CHECK(sampled > 0);
  CHECK(walked < sampled * 3 / 4);
}
