// Newton ascents (newton.h), each from where the last one ended: the prices, their temperature and where they are going.
// What the stages of the search for prices (price_search.h) hand on to each other.
#pragma once

#include "assignment/newton.h"
#include "assignment/price_search.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// A level of cooling is so many times colder than the last.
inline constexpr double kCooling = 5.0;

class PriceClimb {
 public:
  // Prices beyond `highest` natural units are divergence.
  PriceClimb(const Problem& problem, const Terms& terms, const compute::CancelFlag& cancel, double highest,
             PriceSearch& search);

  // Begins anew from prices of a like problem, or from 0 where there are none.
  void start(const Eigen::VectorXd* from);

  // Newton at the present tau inside the box; returns the prices' move in natural units, per limit.
  Eigen::VectorXd climb(const RowSet& set, const PriceBox& box, Spread spread = Spread::none);
  Eigen::VectorXd climb(const RowSet& set, const PriceBox& box, Spread spread, double precision);

  // The first climb. Prices of a like problem are mostly near enough to begin cold, which saves the cooling; where they
  // prove too far off for it, the search begins as if there were none.
  Eigen::VectorXd climbFirst(const RowSet& set, const PriceBox& box, Spread spread = Spread::none);

  // Whether the last climb's end says nothing of where the best prices are.
  bool strayed() const;

  // Whether the direction in which the prices went off is a dual ray of the whole problem (certificate.h).
  bool provesConflict() const;

  // Whether prices are given up on before they are beyond all bounds.
  bool givesUpEarly() const;

  // A batch that is its own sample: plans of so few rows depend on single rows more than on the prices' last digits.
  bool small() const { return problem.rows <= kSmall; }

  const Eigen::VectorXd& unit() const { return search.scale.price; }
  Eigen::VectorXd inUnits(const Eigen::VectorXd& prices) const { return prices.cwiseQuotient(unit()); }
  double tauUnits() const { return tau / search.scale.objective; }

  const Problem& problem;
  const Terms& terms;
  const compute::CancelFlag& cancel;
  PriceSearch& search;
  PriceBox everywhere;  // where prices may be at all
  double tau = 1;
  Eigen::VectorXd bias;  // what cooling may still move each price by, in natural units: the last move's tail, were the
                         // moves to fall in proportion to tau
  DualPoint point;       // where the last climb ended
  bool converged = false;
  bool conflict = false;    // proven: the limits cannot hold together
  bool warm = false;        // the prices are given ones, and nothing has been climbed from them yet
  bool firstSample = true;  // nothing but the first sample, uncorrected, has been looked at

 private:
  static constexpr size_t kSmall = 2048;
  const double highest_;
  double suspect_;
};

}  // namespace omnirouter::assignment
