// Plans whose objective depends on no more than how many rows each model has: a price per call that is the same in every
// row, or no price at all.
//
// There a floor that does not bind has price 0, at which each row is tied between all models in use: no search by prices
// has anything to decide. But whatever plan has the cheapest counts of rows, and meets the limits, is optimal. So
// the limits on what differs between rows are left out; what is left is a transportation problem, from kinds of rows
// (row_kinds.h: which models may answer, and whose limits count) to models, with as many unknowns as there are kinds and
// models (cheapest_counts.h). Rows are dealt out by its counts (deal_rows.h) to where they serve the limits left out best:
// at prices of the counts that a sample finds, and where that misses a limit by little, by a solve of its own, which makes
// the most of it at those counts (left_out.h).
//
// The plan's objective is the optimum of a relaxation: the prices of the transportation problem, with 0 for the limits left
// out, certify it.
#pragma once

#include <Eigen/Core>
#include <optional>
#include <vector>

#include "assignment/options.h"
#include "assignment/problem.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

struct CountPlan {
  // Prices are a dual ray (certificate.h): the counts allowed conflict, and no plan holds every limit.
  bool conflict = false;
  std::vector<uint8_t> choice;  // holds every limit; in conflict, each row's best at the prices
  Eigen::VectorXd prices;       // per limit
  double scale = 0;             // of the objective: Scale::objective
  int evaluations = 0;
};

// Nothing where the objective differs between rows, where a limit left out cannot be met at the cheapest counts, or where
// whole rows do not meet what fractions do.
std::optional<CountPlan> planByCounts(const Problem& problem, const Options& options,
                                      const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
