#include "retrieval/exact_search.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "compute/pool.h"
#include "retrieval/inner_product.h"

namespace omnirouter::retrieval {

namespace {

// Queries that share one pass over the rows: enough that reading the rows from memory costs little beside the products.
// A multiple of every kernel's tile.
constexpr size_t kQueriesPerChunk = 192;
// With this many chunks of queries there is work for most machines' threads; with fewer the rows are split as well,
// and each strip looks for k of its own.
constexpr size_t kEnoughChunks = 16;
constexpr size_t kMostStrips = 16;
// Rows at a time are what the innermost cache holds beside a tile of queries; a multiple of every kernel's tile.
constexpr size_t kBlockFloats = 12288;
constexpr size_t kFewestRows = 8, kMostRows = 256;

// What one thread does at a time: a chunk of queries against a strip of rows. Borders depend on the problem alone.
struct Grid {
  Grid(const Rows& rows, RowRange searched, size_t queries) : range(searched) {
    chunks = (queries + kQueriesPerChunk - 1) / kQueriesPerChunk;
    const size_t rowsPerStrip = rows.perBlock() / 4;
    if (chunks < kEnoughChunks)
      strips = std::clamp<size_t>((range.size() + rowsPerStrip - 1) / rowsPerStrip, 1, kMostStrips);
  }
  RowRange strip(size_t s) const {
    return {range.first + range.size() * s / strips, range.first + range.size() * (s + 1) / strips};
  }
  RowRange range;
  size_t chunks, strips = 1;
};

// Calls body(first, count) for runs of at most `most` rows that lie together in memory.
template <class Body>
void forEachRun(const Rows& rows, RowRange range, size_t most, const Body& body) {
  for (size_t row = range.first; row < range.end;) {
    const size_t end = std::min(range.end, (row / rows.perBlock() + 1) * rows.perBlock());
    const size_t count = std::min(most, end - row);
    body(row, count);
    row += count;
  }
}

// Offers a strip of rows to the nearest of every query of a chunk.
void scan(const Rows& rows, RowRange range, std::span<const float> queries, const compute::CancelFlag& cancel,
          std::span<Nearest> nearest) {
  const auto products = innerProduct().block;
  const size_t d = rows.dimension();
  const size_t most = std::clamp(kBlockFloats / d / kFewestRows * kFewestRows, kFewestRows, kMostRows);
  std::vector<float> similarity(nearest.size() * most);
  forEachRun(rows, range, most, [&](size_t first, size_t count) {
    cancel.throwIfRaised();
    products(queries.data(), nearest.size(), rows.vector(first), count, d, similarity.data());
    for (size_t q = 0; q < nearest.size(); ++q)
      for (size_t i = 0; i < count; ++i)
        if (similarity[q * count + i] >= nearest[q].floor())
          nearest[q].offer({similarity[q * count + i], rows.id(first + i)});
  });
}

}  // namespace

void exactSearch(const Rows& rows, RowRange range, std::span<const float> queries, size_t k,
                 const compute::CancelFlag& cancel, std::span<Neighbour> out) {
  const size_t d = rows.dimension();
  const size_t count = queries.size() / d;
  if (count == 0 || k == 0 || range.size() == 0) return;
  const Grid grid(rows, range, count);
  compute::Pool& pool = compute::Pool::shared();

  std::vector<Nearest> found(count * grid.strips, Nearest(k));  // [strip][query]
  pool.forEachChunk(grid.chunks * grid.strips, [&](size_t cell) {
    const size_t first = cell / grid.strips * kQueriesPerChunk, strip = cell % grid.strips;
    const size_t size = std::min(kQueriesPerChunk, count - first);
    scan(rows, grid.strip(strip), queries.subspan(first * d, size * d), cancel,
         std::span(found).subspan(strip * count + first, size));
  });
  pool.forEachChunk(grid.chunks, [&](size_t chunk) {
    for (size_t q = chunk * kQueriesPerChunk; q < std::min(count, (chunk + 1) * kQueriesPerChunk); ++q) {
      for (size_t s = 1; s < grid.strips; ++s)
        for (const Neighbour& n : found[s * count + q].best()) found[q].offer(n);
      const auto sorted = found[q].sorted();
      std::copy(sorted.begin(), sorted.end(), out.begin() + static_cast<ptrdiff_t>(q * k));
    }
  });
}

}  // namespace omnirouter::retrieval
