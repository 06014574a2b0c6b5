// What can be said of a plan and a price vector, computed afresh in double from the matrices: nothing of the solver's
// running sums is trusted.
#pragma once

#include <span>
#include <vector>

#include "assignment/problem.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

struct Certificate {
  double objective = 0;          // sum_i F[i, choice(i)]
  double dual = 0;               // D(prices), less what its rounding can come to: no plan that holds the limits costs less
  std::vector<double> total;     // per limit, the sum over its scope (unsigned)
  std::vector<double> slack;     // per limit, >= 0 where it holds: sign * (bound - total)
  std::vector<double> quantity;  // per quantity, its sum over all rows
  std::vector<size_t> requests;  // rows per model
  bool holds = true;             // every limit, within its rounding()
};

// One pass. `prices` >= 0, one per limit; `choice` one model per row. Of a widened problem (problem.h).
void certify(const Problem& problem, std::span<const double> prices, const uint8_t* choice,
             const compute::CancelFlag& cancel, Certificate& certificate);
inline Certificate certify(const Problem& problem, std::span<const double> prices, const uint8_t* choice,
                           const compute::CancelFlag& cancel) {
  Certificate certificate;
  certify(problem, prices, choice, cancel, certificate);
  return certificate;
}

// D(prices) of the problem with its objective taken away, less what its rounding can come to. Positive: no plan meets the
// limits (Farkas), whatever it costs, and the limits with positive prices are those in conflict.
double rayValue(const Problem& problem, std::span<const double> prices, const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
