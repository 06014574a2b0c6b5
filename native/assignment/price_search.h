// The prices at which the Lagrangian dual is greatest, and the rows they leave near a tie.
//
//   1  A sample of rows, and while it is hot a part of it: Newton ascent (newton.h) from a high temperature tau down,
//      until what a cooler tau would still move is within the sampling error, whose covariance is
//      H^-1 (N^2 S / n) H^-1  (H curvature of the whole, S spread between rows; the delta method). A sample whose limits
//      cannot hold together is given some slack for their prices (Scale::elasticity).
//   2  What sampling got wrong, control variates make good (control_variate.h): the sums of all rows at the prices so far,
//      and from a sample how they change from there, then from those rows of a larger one that may change their model;
//      again, until few rows are open or that no longer pays. Both stages are sampled_prices.h.
//   3  All rows: each is decided once and for all wherever the prices may end (trust_region.h, screening.h); Newton
//      continues on the open rows, with the decided ones' exact sums. One step makes good what is still wrong but for its
//      square, so that only rows near its end are looked at again. Rows that are tied alike are searched by their kinds:
//      where these are few, to the end (tied_search.h), else as soon as they are (row_classes.h).
//   4  Cooling on the open rows: tau falls fivefold a level, faster while the prices move straight; the level's region is
//      what the prices may still move; rows decided in it drop out. At the end D is exact, being evaluated without
//      smoothing on rows that are open. The levels are cooling.h.
//
// From prices known to be near the best, the samples are left out: all rows are screened within that reach.
//
// Where one limit alone is in the way, its price is searched in one dimension instead (single_price.h).
//
// A price vector that leaves its region sends the search back: wider region, same data. Once time is up (compute/cancel.h),
// the search ends at the next step: the rows are screened once around the prices so far, which no longer need be the
// best; they bound the optimum all the same, and the rows left open are for the repair.
#pragma once

#include <vector>

#include "assignment/newton.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

struct PriceSearch {
  Eigen::VectorXd prices;
  Scale scale;
  double tau = 0;               // temperature at the end; 0 where the open rows' choice is made already
  std::vector<RowSet> levels;   // widest first; prices lie in the region of each
  std::vector<uint8_t> choice;  // per row, best model at the prices; the open rows' is provisional
  int evaluations = 0;
  bool diverged = false;  // a price grew beyond every bound: the limits are likely in conflict
};

// Prices of a like problem.
struct WarmStart {
  Eigen::VectorXd prices;
  Eigen::VectorXd reach;  // how far from them the best are expected, per limit; or empty: not known
};

// Prices beyond `highest` natural units end the search as diverged; those of the first sample, which may be in conflict
// where the whole is not, at PriceBox::kDivergence only.
PriceSearch searchPrices(const Problem& problem, const Terms& terms, const WarmStart* warmStart, double gapTolerance,
                         uint64_t seed, const compute::CancelFlag& cancel, double highest = PriceBox::kDivergence);

// Gives every row its best model at the search's prices, and leaves none open.
void decideAll(const Problem& problem, PriceSearch& search, const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
