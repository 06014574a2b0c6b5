#include "retrieval/exact_search.h"

#include <faiss/utils/Heap.h>
#include <faiss/utils/distances.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <vector>

#include "compute/pool.h"
#include "retrieval/blas_threads.h"
#include "retrieval/inner_product.h"

namespace omnirouter::retrieval {

namespace {

// Below this many queries a matrix product is no faster than reading the rows once per query.
constexpr size_t kProductQueries = 4;
// Queries per matrix product: enough that packing the rows is paid for (64 take 1.4 times as long per query), few
// enough that one call, between two looks at the cancel flag, takes about ten milliseconds.
constexpr size_t kQueriesPerChunk = 256;
// With this many chunks of queries there is work for every thread; with fewer the rows are split as well.
constexpr size_t kEnoughChunks = 32;
constexpr size_t kMostStrips = 16;
constexpr size_t kScanRows = 256;

// What one thread does at a time: a chunk of queries against a strip of rows. Borders depend on the problem alone.
struct Grid {
  Grid(const Rows& rows, RowRange searched, size_t queries) : range(searched) {
    chunks = (queries + kQueriesPerChunk - 1) / kQueriesPerChunk;
    const size_t rowsPerStrip = rows.perBlock() / 2;
    if (chunks < kEnoughChunks)
      strips = std::clamp<size_t>((range.size() + rowsPerStrip - 1) / rowsPerStrip, 1, kMostStrips);
  }
  RowRange strip(size_t s) const {
    return {range.first + range.size() * s / strips, range.first + range.size() * (s + 1) / strips};
  }
  RowRange range;
  size_t chunks, strips = 1;
};

// Calls body(first, count) for runs of rows that lie together in memory.
template <class Body>
void forEachRun(const Rows& rows, RowRange range, const Body& body) {
  for (size_t row = range.first; row < range.end;) {
    const size_t count = std::min(range.end, (row / rows.perBlock() + 1) * rows.perBlock()) - row;
    body(row, count);
    row += count;
  }
}

void scan(const Rows& rows, RowRange range, const float* query, const compute::CancelFlag& cancel, Nearest& nearest) {
  const auto products = innerProduct().rows;
  float similarity[kScanRows];
  forEachRun(rows, range, [&](size_t first, size_t count) {
    cancel.throwIfRaised();
    for (size_t done = 0; done < count; done += kScanRows) {
      const size_t n = std::min(kScanRows, count - done);
      products(query, rows.vector(first + done), n, rows.dimension(), similarity);
      for (size_t i = 0; i < n; ++i)
        if (!nearest.full() || similarity[i] >= nearest.worst().similarity)
          nearest.offer({similarity[i], rows.id(first + done + i)});
    }
  });
}

struct Candidate {
  float similarity;  // as the BLAS rounded it
  int64_t row;
};
bool likelier(const Candidate& a, const Candidate& b) {
  return a.similarity != b.similarity ? a.similarity > b.similarity : a.row < b.row;
}

// Keeps the `most` likeliest of `all`, sorted.
void keepLikeliest(std::vector<Candidate>& all, size_t most) {
  if (all.size() > most) {
    std::nth_element(all.begin(), all.begin() + static_cast<ptrdiff_t>(most), all.end(), likelier);
    all.resize(most);
  }
  std::sort(all.begin(), all.end(), likelier);
}

// FAISS's proposals among a strip of rows for a chunk of queries: the `most` likeliest of each.
void propose(const Rows& rows, RowRange range, std::span<const float> queries, size_t most,
             const compute::CancelFlag& cancel, std::span<std::vector<Candidate>> proposals) {
  const OneThreadedFaiss guard;
  std::vector<float> similarities;
  std::vector<int64_t> labels;
  forEachRun(rows, range, [&](size_t first, size_t count) {
    cancel.throwIfRaised();
    const size_t k = std::min(most, count);
    similarities.resize(proposals.size() * k);
    labels.resize(proposals.size() * k);
    faiss::float_minheap_array_t heaps = {proposals.size(), k, labels.data(), similarities.data()};
    faiss::knn_inner_product(queries.data(), rows.vector(first), rows.dimension(), proposals.size(), count, &heaps);
    for (size_t q = 0; q < proposals.size(); ++q) {
      for (size_t i = q * k; i < (q + 1) * k; ++i)
        if (labels[i] >= 0) proposals[q].push_back({similarities[i], static_cast<int64_t>(first) + labels[i]});
      keepLikeliest(proposals[q], most);
    }
  });
}

// Recomputes the candidates of one query; false if rows left out might belong among the k.
bool certify(const Rows& rows, RowRange range, const float* query, size_t k, std::span<const Candidate> candidates,
             Nearest& nearest) {
  const auto product = innerProduct().one;
  for (const Candidate& c : candidates) {
    const auto row = static_cast<size_t>(c.row);
    nearest.offer({product(query, rows.vector(row), rows.dimension()), rows.id(row)});
  }
  if (candidates.size() == range.size()) return true;
  if (candidates.size() < k) return false;
  const size_t d = rows.dimension();
  const double length = std::sqrt(std::max(0.0, double{product(query, query, d)})) * (1 + innerProductError(d));
  const double rounding = (innerProductError(d) + anyOrderError(d)) * length * rows.longest() +
                          static_cast<double>(d) * FLT_MIN;  // and what may have underflowed
  return double{candidates.back().similarity} + rounding < double{nearest.worst().similarity};
}

void copySorted(Nearest& nearest, std::span<Neighbour> out) {
  const auto sorted = nearest.sorted();
  std::copy(sorted.begin(), sorted.end(), out.begin());
}

}  // namespace

void exactSearch(const Rows& rows, RowRange range, std::span<const float> queries, size_t k,
                 const compute::CancelFlag& cancel, std::span<Neighbour> out) {
  const size_t d = rows.dimension();
  const size_t count = queries.size() / d;
  if (count == 0 || k == 0 || range.size() == 0) return;
  const Grid grid(rows, range, count);
  compute::Pool& pool = compute::Pool::shared();

  if (count < kProductQueries) {
    std::vector<Nearest> found(count * grid.strips, Nearest(k));
    pool.forEachChunk(found.size(), [&](size_t cell) {
      scan(rows, grid.strip(cell % grid.strips), &queries[cell / grid.strips * d], cancel, found[cell]);
    });
    for (size_t q = 0; q < count; ++q) {
      Nearest& merged = found[q * grid.strips];
      for (size_t s = 1; s < grid.strips; ++s)
        for (const Neighbour& n : found[q * grid.strips + s].sorted()) merged.offer(n);
      copySorted(merged, out.subspan(q * k, k));
    }
    return;
  }

  // A few more than k, so that the border of the candidates lies clearly below that of the k.
  const size_t most = k + std::max<size_t>(16, k / 4);
  const auto queriesOf = [&](size_t chunk) {
    return std::pair(chunk * kQueriesPerChunk, std::min(count, (chunk + 1) * kQueriesPerChunk));
  };
  const auto finish = [&](size_t q, std::span<const Candidate> candidates) {
    Nearest nearest(k);
    if (!certify(rows, range, &queries[q * d], k, candidates, nearest)) {
      nearest.clear();
      scan(rows, range, &queries[q * d], cancel, nearest);
    }
    copySorted(nearest, out.subspan(q * k, k));
  };

  if (grid.strips == 1) {
    pool.forEachChunk(grid.chunks, [&](size_t chunk) {
      const auto [first, end] = queriesOf(chunk);
      std::vector<std::vector<Candidate>> proposals(end - first);
      propose(rows, range, queries.subspan(first * d, (end - first) * d), most, cancel, proposals);
      for (size_t q = first; q < end; ++q) finish(q, proposals[q - first]);
    });
    return;
  }
  std::vector<std::vector<Candidate>> proposals(count * grid.strips);  // strip-major: [strip][query]
  pool.forEachChunk(grid.chunks * grid.strips, [&](size_t cell) {
    const auto [first, end] = queriesOf(cell / grid.strips);
    const size_t strip = cell % grid.strips;
    propose(rows, grid.strip(strip), queries.subspan(first * d, (end - first) * d), most, cancel,
            std::span(proposals).subspan(strip * count + first, end - first));
  });
  pool.forEachChunk(count, [&](size_t q) {
    std::vector<Candidate>& merged = proposals[q];
    for (size_t s = 1; s < grid.strips; ++s) {
      const auto& more = proposals[s * count + q];
      merged.insert(merged.end(), more.begin(), more.end());
    }
    keepLikeliest(merged, most);
    finish(q, merged);
  });
}

}  // namespace omnirouter::retrieval
