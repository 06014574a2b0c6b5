// Routing by given prices, without a solve: argmin_j of the reduced values (arXiv 2502.20576, section 3.2).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "assignment/problem.h"
#include "compute/cancel.h"

namespace omnirouter::assignment {

// out[i] = the allowed model with the least reduced value; of equals the one that
// the tie-break prefers, then the lowest index, or the one that the seed `ties`
// picks (ties.h). Throws InvalidArgument (checkProblem); prices are one per limit, >= 0; bounds are not looked at.
void chooseByPrices(const Problem& problem, std::span<const double> prices, uint8_t* out,
                    std::optional<uint64_t> ties = {});

// The same of a problem that has been checked, with prices that are known to be good.
void chooseLeast(const Problem& problem, std::span<const double> prices, uint8_t* out,
                 const compute::CancelFlag& cancel);

}  // namespace omnirouter::assignment
