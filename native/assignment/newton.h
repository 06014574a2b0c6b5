// How the prices move: projected Newton ascent on the smoothed dual at one temperature tau.
#pragma once

#include "assignment/smoothed_dual.h"

namespace omnirouter::assignment {

// The natural size of every price, so that thresholds need no knowledge of USD or tokens: `objective` is how far apart
// the models of a row lie in the objective, price[l] what that difference is worth per unit of limit l.
struct Scale {
  double objective = 1;
  Eigen::VectorXd price;
  // Of samples whose limits cannot hold together: by how much a row may miss each of them for every natural unit of its
  // price, in what is worth `objective` at one. Prices stay finite. 0: no limit gives.
  double elasticity = 0;
};

void measureScale(const Problem& problem, const Terms& terms, const RowSet& sample, Scale& scale);
inline Scale measureScale(const Problem& problem, const Terms& terms, const RowSet& sample) {
  Scale scale;
  measureScale(problem, terms, sample, scale);
  return scale;
}

// Where the prices may go: a region in which the decided rows keep their choice, or just 0 <= y.
struct PriceBox {
  Eigen::VectorXd low, high;

  // Prices this many natural units high are taken as divergence: the limits are likely in conflict.
  static constexpr double kDivergence = 1e6;
  static PriceBox all(const Scale& scale) {
    return {Eigen::VectorXd::Zero(scale.price.size()), kDivergence * scale.price};
  }
  // Cut to center +- reach.
  PriceBox around(const Eigen::VectorXd& center, const Eigen::VectorXd& reach) const {
    return {low.cwiseMax(center - reach), high.cwiseMin(center + reach)};
  }
};

struct Ascent {
  Eigen::VectorXd prices;
  DualPoint point;  // at `prices`
  double move = 0;  // largest change of a price since the start, in units of Scale::price
  int evaluations = 0;
  bool converged = false;  // the last Newton step was below the precision asked for, or would have gained nothing
};

// Where one Newton step leads from `start`, by one evaluation.
Eigen::VectorXd stepOnce(const Problem& problem, const RowSet& set, const Scale& scale, const PriceBox& box,
                         const Eigen::VectorXd& start, double tau, const compute::CancelFlag& cancel);

// From `start`, inside `box`, until the Newton step is below `precision` tau (in units of the objective), or gains nothing
// beside what smoothing amounts to, or 25 evaluations, or until time is up. Steps keep within a trust radius too (the
// softmin is far from quadratic beyond a few tau); a step is accepted by the sign of the directional derivative at its end,
// which concavity makes sufficient and which needs no logarithms.
Ascent ascend(const Problem& problem, const RowSet& set, const Scale& scale, const PriceBox& box,
              const Eigen::VectorXd& start, double tau, double precision, Spread spread,
              const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
