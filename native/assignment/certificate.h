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
  double dual = 0;               // D(prices): no plan within the limits costs less
  std::vector<double> total;     // per limit, the sum over its scope (unsigned)
  std::vector<double> slack;     // per limit, >= 0 where it holds: sign * (bound - total)
  std::vector<double> quantity;  // per quantity, its sum over all rows
  std::vector<size_t> requests;  // rows per model
  bool holds = true;             // every limit, within recovery.h's tolerance()
};

// One pass. `prices` >= 0, one per limit; `choice` one model per row.
void certify(const Problem& problem, std::span<const double> prices, const uint8_t* choice,
             const compute::CancelFlag& cancel, Certificate& certificate);
inline Certificate certify(const Problem& problem, std::span<const double> prices, const uint8_t* choice,
                           const compute::CancelFlag& cancel) {
  Certificate certificate;
  certify(problem, prices, choice, cancel, certificate);
  return certificate;
}

// D(prices) of the problem with its objective taken away. Positive: no plan meets the limits (Farkas), whatever it
// costs, and the limits with positive prices are those in conflict. `magnitude` receives the size of the terms summed.
double rayValue(const Problem& problem, std::span<const double> prices, double& magnitude,
                const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
