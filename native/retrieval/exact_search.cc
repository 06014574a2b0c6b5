#include "retrieval/exact_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
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
// Screening by codes pays for this many queries, where a row's codes are so much shorter than the row, and where so few of the
// rows are wanted that most can be left unread.
constexpr size_t kScreenedQueries = 2;
constexpr size_t kScreenedDimension = 64;
constexpr size_t kScreenedRowsPerWanted = 16;

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

// The largest float that is not above x.
float downwards(double x) {
  const auto rounded = static_cast<float>(x);
  return rounded > x ? std::nextafter(rounded, -std::numeric_limits<float>::infinity()) : rounded;
}

// What the codes say of a query's similarity to rows: for a strip of rows, the ends of the intervals, and the k highest
// beginnings as Neighbours of no particular id.
void screen(const Rows& rows, RowRange range, const CodedQuery& query, const compute::CancelFlag& cancel,
            std::span<double> ends, Nearest& beginnings) {
  const auto products = innerProduct().codes;
  int32_t product[kMostRows];
  forEachRun(rows, range, kMostRows, [&](size_t first, size_t count) {
    cancel.throwIfRaised();
    products(query.codes(), rows.codes(first), count, paddedCodes(rows.dimension()), product);
    const CodedRow* coded = &rows.coded(first);
    for (size_t i = 0; i < count; ++i) {
      const auto [middle, radius] = query.similarity(coded[i], product[i]);
      ends[first - range.first + i] = middle + radius;
      if (middle - radius >= beginnings.floor())
        beginnings.offer({downwards(middle - radius), static_cast<int32_t>(first + i)});
    }
  });
}

// Offers the rows of a strip whose intervals reach `least` to the nearest.
void scanReaching(const Rows& rows, RowRange range, const float* query, std::span<const double> ends, double least,
                  Nearest& nearest) {
  const auto product = innerProduct().one;
  for (size_t row = range.first; row < range.end; ++row)
    if (ends[row - range.first] >= least)
      nearest.offer({product(query, rows.vector(row), rows.dimension()), rows.id(row)});
}

// One query's nearest of every strip, without reading most rows.
void scanScreened(const Rows& rows, const Grid& grid, std::span<const float> query, size_t k,
                  const compute::CancelFlag& cancel, std::span<Nearest> found) {
  const CodedQuery coded(query);
  std::vector<double> ends(grid.range.size());
  const auto endsOf = [&](RowRange strip) {
    return std::span(ends).subspan(strip.first - grid.range.first, strip.size());
  };
  std::vector<Nearest> beginnings(grid.strips, Nearest(k));
  compute::Pool& pool = compute::Pool::shared();
  pool.forEachChunk(
      grid.strips, [&](size_t s) { screen(rows, grid.strip(s), coded, cancel, endsOf(grid.strip(s)), beginnings[s]); });
  for (size_t s = 1; s < grid.strips; ++s)
    for (const Neighbour& n : beginnings[s].best()) beginnings[0].offer(n);
  // k rows are at least as near as this; there are so many, because few of the rows are wanted.
  const double least = beginnings[0].sorted().back().similarity;
  pool.forEachChunk(grid.strips, [&](size_t s) {
    scanReaching(rows, grid.strip(s), query.data(), endsOf(grid.strip(s)), least, found[s]);
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
  if (count <= kScreenedQueries && d >= kScreenedDimension && range.size() >= kScreenedRowsPerWanted * k) {
    std::vector<Nearest> own(grid.strips, Nearest(k));
    for (size_t q = 0; q < count; ++q) {
      std::fill(own.begin(), own.end(), Nearest(k));
      scanScreened(rows, grid, queries.subspan(q * d, d), k, cancel, own);
      for (size_t s = 0; s < grid.strips; ++s) std::swap(found[s * count + q], own[s]);
    }
  } else {
    pool.forEachChunk(grid.chunks * grid.strips, [&](size_t cell) {
      const size_t first = cell / grid.strips * kQueriesPerChunk, strip = cell % grid.strips;
      const size_t size = std::min(kQueriesPerChunk, count - first);
      scan(rows, grid.strip(strip), queries.subspan(first * d, size * d), cancel,
           std::span(found).subspan(strip * count + first, size));
    });
  }
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
