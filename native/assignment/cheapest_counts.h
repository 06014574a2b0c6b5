// The transportation problem of a plan by counts (count_plan.h): how many rows of each kind go to each model at least
// cost, where cost and limits depend on nothing else.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "assignment/problem.h"
#include "assignment/row_kinds.h"
#include "assignment/row_set.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// One row for all rows of a kind, with the values that `problem` has in its first row.
RowSet rowsByKind(const Problem& problem, const std::vector<RowKind>& kinds, const std::vector<size_t>& counts);

struct CheapestCounts {
  bool found = false;          // else the limits conflict, or nearly
  std::vector<double> amount;  // per candidate of every kind, in order: rows, not whole ones
  Eigen::VectorXd prices;      // per limit
  double scale = 0;            // of the objective: Scale::objective
  int evaluations = 0;
};

CheapestCounts cheapestCounts(const Problem& problem, const Terms& terms, const RowSet& kinds,
                              const compute::CancelFlag& cancel);

// Where the limits conflict, the prices of a dual ray that proves it, beside some that may not.
struct CountConflict {
  Eigen::VectorXd prices;
  int evaluations = 0;
};
CountConflict conflictOfCounts(const Problem& problem, const Terms& terms, const RowSet& kinds,
                               const compute::CancelFlag& cancel);

// Makes the amounts whole; false if these miss a limit. Limits that they leave room in lose their price where that does
// not weaken the bound.
bool makeWhole(const Problem& problem, const Terms& terms, const RowSet& kinds, CheapestCounts& counts);

// Calls visit(kind, its row, candidate, place of the candidate among all).
template <class Visit>
void forEachCandidate(const RowSet& kinds, const Visit& visit) {
  size_t at = 0;
  for (size_t k = 0; k < kinds.size(); ++k) {
    const RowSet::Row kind = kinds[k];
    for (size_t c = 0; c < kind.models.size(); ++c) visit(k, kind, c, at++);
  }
}

// Rows per group and model.
std::vector<double> rowsOfModels(const Problem& problem, const RowSet& kinds, std::span<const double> amount);

// Per kind, the models that more than this share of its rows go to.
std::vector<uint64_t> modelsInUse(const RowSet& kinds, std::span<const double> amount, double leastShare);

}  // namespace omnirouter::assignment
