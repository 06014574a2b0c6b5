#include "assignment/simplex.h"

#include <algorithm>
#include <cmath>

namespace omnirouter::assignment {

namespace {

constexpr size_t kMostRows = 2048, kMostLimits = 96, kMostGroups = 64;
// How far prices are sent along a ray, in natural units.
constexpr double kFar = 1e6;
// What a step takes for each row, in changes of a matrix entry (compute/work.h).
constexpr uint64_t kPerRow = 4;
constexpr int kRefactorAfter = 100;
// Samples have up to so many rows, and each so many times those of the one before.
constexpr size_t kFirstSample = 32, kGrowth = 4;
// What a sample of n rows is not asked for: this many times sqrt(n) rows of a model, a part of its own error.
constexpr double kSampleError = 0.25;

}  // namespace

bool Simplex::suits(const Problem& problem) {
  return problem.rows <= kMostRows && problem.limits.size() <= kMostLimits && problem.groupCount <= kMostGroups;
}

Simplex::Outcome Simplex::maximise(const Problem& problem, const Terms& terms, const Scale& scale,
                                   const compute::CancelFlag& cancel, Eigen::VectorXd& prices) {
  batch_.load(problem, terms, scale);
  y_.resize(batch_.limits());
  for (size_t l = 0; l < y_.size(); ++l) y_[l] = prices[static_cast<Eigen::Index>(l)] / batch_.priceUnit(l);
  basis_.start(batch_, y_);
  step_.start(batch_, y_);
  size_t rows = problem.rows;
  while (rows > kFirstSample) rows = (rows + kGrowth - 1) / kGrowth;
  steps_ = 0;
  Outcome outcome;
  for (;; rows = std::min(problem.rows, kGrowth * rows)) {
    batch_.take(rows);
    step_.chooseKeys(basis_);
    outcome = ascend(batch_.whole() ? 0 : kSampleError * std::sqrt(static_cast<double>(rows)), cancel);
    if (batch_.whole()) break;
  }
  if (outcome == Outcome::unbounded) {
    const std::vector<double>& ray = step_.direction();
    const double far = kFar / *std::max_element(ray.begin(), ray.end());
    for (size_t l = 0; l < y_.size(); ++l) y_[l] = std::max(0.0, ray[l]) * far;
  } else if (outcome == Outcome::optimal) {
    basis_.prices(y_);
  } else {
    y_ = step_.prices();
  }
  for (size_t l = 0; l < y_.size(); ++l) prices[static_cast<Eigen::Index>(l)] = y_[l] * batch_.priceUnit(l);
  return outcome;
}

Simplex::Outcome Simplex::ascend(double enough, const compute::CancelFlag& cancel) {
  const int most = steps_ + 200 + 40 * static_cast<int>(batch_.limits()) + static_cast<int>(batch_.rows());
  int sinceRefactored = 0;
  bool refreshed = false;
  SimplexBasis::Leaving leaving;
  const auto limits = static_cast<uint64_t>(batch_.limits());
  for (; steps_ < most; ++steps_) {
    // The basis is updated, and what every row may gain along the direction.
    cancel.count(compute::WorkKind::pivots, limits * limits + kPerRow * batch_.rows());
    if (++sinceRefactored > kRefactorAfter) {
      sinceRefactored = 0;
      if (!basis_.refactor()) return Outcome::stopped;
    }
    if ((steps_ & 15) == 15) {
      cancel.throwIfRaised();
      if (cancel.mustEnd()) return Outcome::stopped;
    }
    if (!basis_.chooseLeaving(enough, leaving)) {
      // The prices have come here step by step: once more from the basis itself.
      if (sinceRefactored <= 1 || refreshed || batch_.limits() == 0 || !batch_.whole()) return Outcome::optimal;
      refreshed = true;
      sinceRefactored = 0;
      if (!basis_.refactor()) return Outcome::stopped;
      continue;
    }
    refreshed = false;
    if (!step_.take(leaving, basis_)) return Outcome::unbounded;
  }
  return Outcome::stopped;
}

}  // namespace omnirouter::assignment
