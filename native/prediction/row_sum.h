// The inner loop of fitting and of embedding: a weighted sum of rows of a matrix, picked by index.
#pragma once

#include <cstddef>
#include <cstdint>

namespace omnirouter::prediction {

// out[c] += sum over t of weights[t] * matrix[rows[t] * columns + c], in the order of t. Lanes never mix, so that the
// result is bit-identical whatever the width of the CPU's vectors.
void addWeightedRows(const float* matrix, size_t columns, const uint32_t* rows, const float* weights, size_t count,
                     float* out);

}  // namespace omnirouter::prediction
