// The check of a matrix's values, at the speed of memory.
#pragma once

#include <cstddef>

#include "compute/cpu.h"

namespace omnirouter::assignment {

// Whether all of `count` values lie in [0, most]. NaN does not.
using ValuesWithin = bool (*)(const float* values, size_t count, float most);

ValuesWithin valuesWithin(compute::Isa isa);

}  // namespace omnirouter::assignment
