// Plans of equal objective differ in the quantity that breaks ties. The search weighs it where ties are many (attempt.cc);
// here what is left is made good, exactly: rows move among models that cost them the same.
#pragma once

#include <cstdint>
#include <span>

#include "assignment/options.h"
#include "assignment/problem.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// Of a plan that holds the limits, found at these prices. Where each row's best of equal models does not hold them
// together, rows that have equals are planned anew among these, for the tie-break alone. Returns whether the plan was made better; it holds the limits, and
// its objective is the same but for the rounding of its sum.
bool breakTies(const Problem& problem, const Options& options, std::span<const double> prices, uint8_t* choice,
               const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
