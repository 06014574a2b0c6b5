// Plans that need no search: where every row's best model meets all limits, and where there is only one row.
#pragma once

#include <Eigen/Core>
#include <optional>
#include <vector>

#include "assignment/problem.h"

namespace omnirouter::assignment {

inline constexpr size_t kMostDirectRows = 4096;

struct Direct {
  std::vector<uint8_t> choice;  // optimal
  Eigen::VectorXd prices;
  bool tied = false;  // rows have several best models, which the tie-break tells apart; known also without a plan
};

// Of a problem that has been checked, with at most kMostDirectRows; false, or nothing, where a search is needed, or where the
// limits cannot hold. Among equals the plan has the best of the tie-break's quantity, then the lowest models.
bool solveDirectly(const Problem& problem, Direct& direct);
inline std::optional<Direct> solveDirectly(const Problem& problem) {
  Direct direct;
  if (!solveDirectly(problem, direct)) return {};
  return direct;
}

}  // namespace omnirouter::assignment
