// How several out-of-fold predictions of one quantity are joined: a combination without negative weights (Breiman,
// "Stacked regressions", Machine Learning 24, 1996), shrunk as a whole by what of it may be chance (the positive part of
// James and Stein). Where nothing is predicted better than chance, all weights are 0.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace omnirouter::prediction {

inline constexpr size_t kHalves = 3;

// `halves` is [rows x kHalves], `target` and `weight` [rows]; about zero, for there is no intercept.
std::array<double, kHalves> stackWeights(std::span<const float> halves, std::span<const float> target,
                                         std::span<const float> weight);

}  // namespace omnirouter::prediction
