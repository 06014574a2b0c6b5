// The leading right singular vectors of a sparse matrix, by subspace iteration from a random start (Halko, Martinsson,
// Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011, algorithms 4.4 and 5.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compute/cancel.h"
#include "prediction/sparse_matrix.h"

namespace omnirouter::prediction {

struct TruncatedSvd {
  size_t rank = 0;                     // min(wanted, numerical rank of the matrix)
  std::vector<float> vectors;          // [columns x rank], row-major: the right singular vectors
  std::vector<double> singularValues;  // [rank], descending
};

// Bit-identical for the same matrix and seed, whatever the number of threads. Throws compute::Cancelled.
TruncatedSvd truncatedSvd(const SparseMatrix& matrix, size_t wanted, uint64_t seed, const compute::CancelFlag& cancel);

}  // namespace omnirouter::prediction
