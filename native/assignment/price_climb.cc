#include "assignment/price_climb.h"

#include "assignment/certificate.h"

namespace omnirouter::assignment {

namespace {

// Newton's accuracy, in tau: enough to follow the prices down.
constexpr double kPrecision = 0.1, kSmallPrecision = 0.5;
// Where prices of a like problem are given, the temperature to begin at.
constexpr double kWarmStart = 1.0 / 125;
// Prices of this many natural units are seldom those of limits that can hold together: they are looked at for a proof of
// conflict, and again once they have grown by as much as says the second.
constexpr double kSuspect = 100.0, kMoreSuspect = 4.0;
// ... and at last.
constexpr double kDiverged = 0.99;

}  // namespace

PriceClimb::PriceClimb(const Problem& problem, const Terms& terms, const compute::CancelFlag& cancel, double highest,
                       PriceSearch& search)
    : problem(problem), terms(terms), cancel(cancel), search(search), highest_(kDiverged * highest) {}

void PriceClimb::start(const Eigen::VectorXd* from) {
  search.prices = from ? *from : Eigen::VectorXd::Zero(static_cast<Eigen::Index>(problem.limits.size()));
  bias = Eigen::VectorXd::Zero(search.prices.size());
  search.diverged = false;
  converged = true;
  suspect_ = kSuspect;
  warm = from != nullptr;
  tau = (warm ? kWarmStart : 1.0) * search.scale.objective;
}

Eigen::VectorXd PriceClimb::climb(const RowSet& set, const PriceBox& box, Spread spread) {
  return climb(set, box, spread, small() ? kSmallPrecision : kPrecision);
}

Eigen::VectorXd PriceClimb::climb(const RowSet& set, const PriceBox& box, Spread spread, double precision) {
  const Eigen::VectorXd before = search.prices;
  Ascent ascent = ascend(problem, set, search.scale, box, before, tau, precision, spread, cancel);
  search.evaluations += ascent.evaluations;
  search.prices = ascent.prices;
  point = std::move(ascent.point);
  converged = ascent.converged;
  const double highest = inUnits(search.prices).maxCoeff();
  if (highest > suspect_ && !conflict) {
    conflict = provesConflict();
    suspect_ = kMoreSuspect * highest;
  }
  if (conflict || highest > (firstSample ? kDiverged * PriceBox::kDivergence : highest_)) search.diverged = true;
  return inUnits(search.prices - before);
}

Eigen::VectorXd PriceClimb::climbFirst(const RowSet& set, const PriceBox& box, Spread spread) {
  const Eigen::VectorXd move = climb(set, box, spread);
  const bool near = !warm || (converged && !search.diverged);
  warm = false;
  if (near || conflict || cancel.mustEnd()) return move;
  start(nullptr);
  return climb(set, box, spread);
}

bool PriceClimb::strayed() const {
  return search.diverged || !converged || inUnits(search.prices).maxCoeff() > kSuspect;
}

bool PriceClimb::provesConflict() const {
  const Eigen::VectorXd ray = search.prices / search.prices.maxCoeff();
  return rayValue(problem, {ray.data(), static_cast<size_t>(ray.size())}, cancel) > 0;
}

bool PriceClimb::givesUpEarly() const { return highest_ < kDiverged * PriceBox::kDivergence; }

}  // namespace omnirouter::assignment
