// The k rows of highest inner product, exactly: the same ids and the same bits for any batch, thread count and CPU.
//
// A query alone is held up by memory, and so reads the rows' codes first, a quarter of their size (row_codes.h): only rows that
// may be among the nearest are read in full. More queries share what is read, tile by tile, with sums in the same order
// (inner_product.h). A BLAS multiplies larger batches somewhat faster, but rounds in an order of its own, so that its
// results have to be computed once more, and would be the one thing here that needs a BLAS.
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
