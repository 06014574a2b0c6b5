#include "assignment/cheapest_counts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "assignment/kinds_lp.h"
#include "assignment/whole_rows.h"

namespace omnirouter::assignment {

namespace {

constexpr double kPrecision = 1e-12;
// How far the prices may reach, in natural units: at first, and as often as they want out of that.
constexpr double kReach = 16, kWidening = 8;
constexpr int kAttempts = 5;
// A price this near to the far side of its box, as a share of its width, wants out.
constexpr double kEdge = 0.02;
// A ray's price this near to a side of its box, as a share of its width, is meant to be there.
constexpr double kSide = 1e-4;

double dualOf(const Problem& problem, const RowSet& kinds, const Eigen::VectorXd& prices) {
  const Reduced reduced(problem, {prices.data(), static_cast<size_t>(prices.size())});
  double value = 0, r[kMaxModels];
  for (size_t k = 0; k < kinds.size(); ++k) {
    const RowSet::Row kind = kinds[k];
    value += kind.copies * r[reduceRow(problem, reduced, kind, r)];
  }
  for (size_t l = 0; l < problem.limits.size(); ++l)
    value -= prices[static_cast<Eigen::Index>(l)] * problem.limits[l].sign() * problem.limits[l].bound;
  return value;
}

}  // namespace

RowSet rowsByKind(const Problem& problem, const std::vector<RowKind>& kinds, const std::vector<size_t>& counts) {
  RowSet set(problem.quantities.size(), problem.limits.size());
  std::vector<float> values;
  std::vector<uint8_t> models;
  for (size_t k = 0; k < kinds.size(); ++k) {
    models.clear();
    values.clear();
    for (size_t j = 0; j < problem.models; ++j)
      if (kinds[k].allowed >> j & 1) models.push_back(static_cast<uint8_t>(j));
    for (size_t q = 0; q < problem.quantities.size(); ++q)
      for (const uint8_t j : models) values.push_back(problem.row(q, 0)[j]);
    set.add({0, kinds[k].group, models, values.data(), static_cast<double>(counts[k])},
            models.size() == 64 ? ~uint64_t{0} : (uint64_t{1} << models.size()) - 1);
  }
  return set;
}

CheapestCounts cheapestCounts(const Problem& problem, const Terms& terms, const RowSet& kinds,
                              const compute::CancelFlag& cancel) {
  const Scale scale = measureScale(problem, terms, kinds);
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(scale.price.size());
  CheapestCounts counts;
  counts.prices = zero;
  counts.scale = scale.objective;
  Eigen::VectorXd reach = kReach * scale.price;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const PriceBox box = PriceBox::all(scale).around(zero, reach);
    KindsPlan plan = solveKinds(problem, terms, kinds, box, zero, scale.objective, kPrecision, cancel);
    counts.evaluations += plan.steps;
    bool inside = true;
    for (Eigen::Index l = 0; l < reach.size(); ++l)
      if (plan.prices[l] > (1 - kEdge) * box.high[l]) {
        inside = false;
        reach[l] *= kWidening;
      }
    if (!inside) continue;
    counts.found =
        std::all_of(plan.amount.begin(), plan.amount.end(), [](double amount) { return std::isfinite(amount); });
    if (counts.found) {
      counts.amount = std::move(plan.amount);
      counts.prices = plan.prices;
    }
    break;
  }
  return counts;
}

// The same without an objective, in a box.
CountConflict conflictOfCounts(const Problem& problem, const Terms& terms, const RowSet& kinds,
                               const compute::CancelFlag& cancel) {
  Problem bare = problem;
  std::fill(bare.objective.begin(), bare.objective.end(), 0.0);
  const Scale scale = measureScale(bare, terms, kinds);
  const PriceBox box{Eigen::VectorXd::Zero(scale.price.size()), scale.price};
  const KindsPlan plan = solveKinds(bare, terms, kinds, box, 0.5 * scale.price, scale.objective, kPrecision, cancel);
  CountConflict conflict{plan.prices, plan.steps};
  for (Eigen::Index l = 0; l < plan.prices.size(); ++l) {
    const double share = plan.prices[l] / scale.price[l];
    if (share < kSide) conflict.prices[l] = 0;
    if (share > 1 - kSide) conflict.prices[l] = scale.price[l];
  }
  return conflict;
}

bool makeWhole(const Problem& problem, const Terms& terms, const RowSet& kinds, CheapestCounts& counts) {
  counts.amount = wholeRows(kinds, counts.amount, problem.models);
  Sums sums(problem.limits.size());
  forEachCandidate(kinds, [&](size_t, RowSet::Row kind, size_t c, size_t at) {
    kind.copies = counts.amount[at];
    addChoice(problem, terms, kind, c, sums);
  });
  Eigen::VectorXd tight = counts.prices;
  for (size_t l = 0; l < problem.limits.size(); ++l) {
    const Limit& limit = problem.limits[l];
    const double slack = limit.sign() * limit.bound - sums.limit[l];
    if (slack < -rounding(limit)) return false;
    if (slack > rounding(limit)) tight[static_cast<Eigen::Index>(l)] = 0;
  }
  if (dualOf(problem, kinds, tight) >= dualOf(problem, kinds, counts.prices)) counts.prices = tight;
  return true;
}

std::vector<double> rowsOfModels(const Problem& problem, const RowSet& kinds, std::span<const double> amount) {
  std::vector<double> rows(problem.groupCount * problem.models, 0.0);
  forEachCandidate(kinds, [&](size_t, const RowSet::Row& kind, size_t c, size_t at) {
    rows[kind.group * problem.models + kind.models[c]] += amount[at];
  });
  return rows;
}

std::vector<uint64_t> modelsInUse(const RowSet& kinds, std::span<const double> amount, double leastShare) {
  std::vector<uint64_t> models(kinds.size(), 0);
  forEachCandidate(kinds, [&](size_t k, const RowSet::Row& kind, size_t c, size_t at) {
    if (amount[at] > leastShare * kind.copies) models[k] |= uint64_t{1} << kind.models[c];
  });
  return models;
}

}  // namespace omnirouter::assignment
