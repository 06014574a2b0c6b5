// The k rows of highest inner product, exactly: the same ids and the same bits for any batch, thread count and CPU.
//
// A few queries are scanned with our kernel at the speed of memory. For more, FAISS's exhaustive search (a matrix
// product) proposes candidates, three times faster than a scan, but its sums are rounded in an order that depends on
// the BLAS, the CPU and the batch. So it proposes somewhat more than k; our kernel recomputes those, and a bound on
// both roundings proves that no row left out can be among the k. Where the bound cannot prove it (many rows of equal
// similarity at the border) the query is scanned.
#pragma once

#include <cstddef>
#include <span>

#include "compute/cancel.h"
#include "retrieval/neighbours.h"
#include "retrieval/row_store.h"

namespace omnirouter::retrieval {

struct RowRange {
  size_t first, end;
  size_t size() const { return end - first; }
};

// Searches a range of rows for `queries` (whole rows, finite, none longer than kLongest). out[q * k + i] is query q's
// i-th nearest; places beyond the number of rows stay as they are. Runs on the compute pool.
void exactSearch(const Rows& rows, RowRange range, std::span<const float> queries, size_t k,
                 const compute::CancelFlag& cancel, std::span<Neighbour> out);

}  // namespace omnirouter::retrieval
