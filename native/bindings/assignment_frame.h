// The frame: one Float64Array with every number of a request and its answer. lib/assignment/frame.ts states the layout,
// in the same names and order; nothing it holds is believed here before it is checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "assignment/frontier.h"
#include "assignment/problem.h"
#include "assignment/solver.h"

namespace omnirouter::bindings {

// The request's sizes, checked: what follows from them lies inside the frame.
struct FrameSizes {
  size_t rows, models, quantities, limits;
};

// Throws InvalidArgument for sizes out of bounds, and for a frame too short for its request (and for any answer to it,
// where one is to be written).
FrameSizes readSizes(std::span<const double> frame, bool withAnswer);

// All of the problem but its arrays: `problem.quantities` get their greatest values only. Its vectors keep their memory.
void readProblem(std::span<const double> frame, const FrameSizes& sizes, assignment::Problem& problem);

// What a limit's bound as stated is times to be one of a sum: the queries of its scope for a mean, else 1.
double limitScale(std::span<const double> frame, const FrameSizes& sizes, size_t limit);

// The seed to spread ties by; absent: the lowest index.
std::optional<uint64_t> readTies(std::span<const double> frame);

// The limits' prices.
void readPrices(std::span<const double> frame, const FrameSizes& sizes, std::vector<double>& prices);

// All options but the warm start, whose prices (if the request is to start from its prices) go to `warmStart`.
assignment::Options readOptions(std::span<const double> frame, const FrameSizes& sizes, std::vector<double>& warmStart);

// All of the answer but the choice. Throws InvalidArgument if the frame is too short.
void writeAnswer(std::span<double> frame, const FrameSizes& sizes, const assignment::Solution& solution);

// A point of a frontier, in pointLength() numbers: what it has no value for is NaN.
size_t pointLength(const FrameSizes& sizes);
void writePoint(std::span<double> out, const FrameSizes& sizes, const assignment::FrontierPoint& point);

}  // namespace omnirouter::bindings
