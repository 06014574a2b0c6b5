#include "retrieval/vector_index.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "compute/pool.h"
#include "errors.h"
#include "retrieval/exact_search.h"
#include "retrieval/index_file.h"

namespace omnirouter::retrieval {

namespace {

// Measured at 100,000 x 384 (CPU time per query, AVX-512): alone 10.8 ms exactly, 0.21 (k = 16) or 0.39 ms (k = 100) by
// graph; in a batch of 1,024 0.87 ms exactly (k = 16), 0.18 or 0.40 by graph. A scan's time is proportional to the rows
// and a graph's nearly independent of them, so by that estimate the two meet at about 50,000 rows for large batches
// with k = 100; below, being exact and free to build is worth more.
constexpr size_t kGraphFromRows = 50'000;
// An index that is told to be a graph still scans its first rows, which is as fast and exact.
constexpr size_t kToldGraphFromRows = 1'000;
constexpr size_t kStep = 64;
// An estimate of the rows a graph search reads per place of its breadth; with fewer rows, scanning reads less.
constexpr size_t kRowsPerBreadth = 16;
constexpr auto kSlice = std::chrono::milliseconds(2);

RowStore emptyStore(size_t dimension) {
  if (dimension < 1 || dimension > kMostDimensions)
    throw InvalidArgument("dimension", "dimension must be a whole number from 1 to " + std::to_string(kMostDimensions));
  return RowStore(dimension);
}

// The k nearest of two disjoint sets, each sorted and padded, into `a`.
void merge(std::span<Neighbour> a, std::span<const Neighbour> b, std::vector<Neighbour>& both) {
  both.assign(a.begin(), a.end());
  both.insert(both.end(), b.begin(), b.end());
  // Padding has the lowest similarity, which no row has, and so sorts last.
  std::partial_sort_copy(both.begin(), both.end(), a.begin(), a.end(), nearer);
}

}  // namespace

VectorIndex::VectorIndex(SavedIndex saved, Kind kind)
    : dimension_(saved.store.rows().dimension()), kind_(kind), store_(std::move(saved.store)) {
  view_.rows = std::make_shared<const Rows>(store_.rows());
  if (kind != Kind::flat) view_.graph = std::move(saved.graph);
}

std::shared_ptr<VectorIndex> VectorIndex::create(size_t dimension, Kind kind) {
  return std::shared_ptr<VectorIndex>(new VectorIndex({emptyStore(dimension), nullptr}, kind));
}

std::shared_ptr<VectorIndex> VectorIndex::read(ByteSource& source, Kind kind) {
  const auto index = std::shared_ptr<VectorIndex>(new VectorIndex(readIndex(source), kind));
  index->buildInBackground();
  return index;
}

VectorIndex::View VectorIndex::view() const {
  const std::lock_guard lock(viewMutex_);
  return view_;
}

size_t VectorIndex::memory() const {
  const std::lock_guard lock(viewMutex_);
  const size_t perRow =
      dimension_ * sizeof(float) + sizeof(int32_t) + paddedCodes(dimension_) * sizeof(int8_t) + sizeof(CodedRow);
  return view_.rows->size() * perRow + (view_.graph ? view_.graph->memory() : 0) + builderMemory_;
}

void VectorIndex::add(std::span<const float> vectors, std::span<const int32_t> ids, const compute::CancelFlag& cancel) {
  {
    const std::lock_guard adding(addMutex_);
    store_.append(vectors, ids, cancel);
    auto rows = std::make_shared<const Rows>(store_.rows());
    const std::lock_guard lock(viewMutex_);
    view_.rows = std::move(rows);
  }
  buildInBackground();
}

std::vector<float> VectorIndex::vectors(std::span<const int32_t> rows) const {
  const View now = view();
  std::vector<float> out;
  out.reserve(rows.size() * dimension_);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] < 0 || static_cast<size_t>(rows[i]) >= now.rows->size())
      throw InvalidArgument("rows[" + std::to_string(i) + "]", "rows[" + std::to_string(i) + "] must be from 0 to " +
                                                                   std::to_string(now.rows->size()) + " - 1");
    const float* vector = now.rows->vector(static_cast<size_t>(rows[i]));
    out.insert(out.end(), vector, vector + dimension_);
  }
  return out;
}

void VectorIndex::search(std::span<const float> queries, size_t k, const compute::CancelFlag& cancel,
                         std::span<Neighbour> out, size_t among) const {
  checkVectors(queries, dimension_, "queries", cancel);
  const View now = view();
  const Rows& rows = *now.rows;
  const size_t size = std::min(among, rows.size());
  std::fill(out.begin(), out.end(), Neighbour{});
  if (k > size) {  // searched for what there is, then spread to k places a query
    std::vector<Neighbour> found(queries.size() / dimension_ * size);
    if (!found.empty()) exactSearch(rows, {0, size}, queries, size, cancel, found);
    for (size_t q = 0; q * k < out.size(); ++q)
      std::copy_n(found.begin() + static_cast<ptrdiff_t>(q * size), size, out.begin() + static_cast<ptrdiff_t>(q * k));
    return;
  }
  // A graph that has outgrown these rows (they are a snapshot of some time ago) would find later ones.
  if (!now.graph || now.graph->size() > size || searchBreadth(k) * kRowsPerBreadth >= now.graph->size()) {
    exactSearch(rows, {0, size}, queries, k, cancel, out);
    return;
  }
  graphSearch(*now.graph, rows, queries, k, cancel, out);
  if (now.graph->size() == size) return;
  std::vector<Neighbour> tail(out.size()), both;
  exactSearch(rows, {now.graph->size(), size}, queries, k, cancel, tail);
  for (size_t place = 0; place < out.size(); place += k)
    merge(out.subspan(place, k), std::span(tail).subspan(place, k), both);
}

size_t VectorIndex::boundary(size_t rows) const {
  if (kind_ == Kind::flat) return 0;
  size_t reached = kind_ == Kind::hnsw ? kToldGraphFromRows : kGraphFromRows;
  if (rows < reached) return 0;
  for (size_t next; (next = reached + reached / kStep) <= rows;) reached = next;
  return reached;
}

bool VectorIndex::buildSlice() {
  const std::lock_guard building(buildMutex_);
  const View now = view();
  const size_t target = boundary(now.rows->size());
  const size_t served = now.graph ? now.graph->size() : 0;
  if (target <= served) return false;
  // The served graph is never changed: a copy grows and takes its place.
  if (!builder_) builder_ = std::make_unique<GraphBuilder>(std::make_unique<Graph>(now.graph ? *now.graph : Graph()));
  const auto until = std::chrono::steady_clock::now() + kSlice;
  try {
    while (builder_->size() < target && std::chrono::steady_clock::now() < until) builder_->insert(*now.rows);
  } catch (...) {
    builder_.reset();  // a row half inserted
    throw;
  }
  std::shared_ptr<const Graph> complete;
  if (builder_->size() == target) {
    complete = builder_->release();
    builder_.reset();
  }
  const std::lock_guard lock(viewMutex_);
  if (complete) view_.graph = std::move(complete);
  builderMemory_ = builder_ ? builder_->memory() : 0;
  return true;
}

void VectorIndex::settle(const compute::CancelFlag& cancel) {
  while (buildSlice()) cancel.throwIfRaised();
}

void VectorIndex::buildInBackground() {
  {
    const std::lock_guard lock(viewMutex_);
    if (building_ || boundary(view_.rows->size()) <= (view_.graph ? view_.graph->size() : 0)) return;
    building_ = true;
  }
  // A slice per task, so that the pool's other tasks have their turn; an index that nobody holds any more is dropped.
  compute::Pool::shared().submit([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    try {
      self->buildSlice();
    } catch (const std::exception&) {
      return;  // no memory: what serves goes on serving; building_ stays set, so this is not tried again and
               // again
    }
    {
      const std::lock_guard lock(self->viewMutex_);
      self->building_ = false;
    }
    self->buildInBackground();
  });
}

void VectorIndex::write(ByteSink& sink, const compute::CancelFlag& cancel) const {
  const View now = view();
  std::shared_ptr<const Graph> graph = now.graph;
  if (graph && graph->size() < now.rows->size()) {
    GraphBuilder completion(std::make_unique<Graph>(*graph));
    while (completion.size() < now.rows->size()) {
      cancel.throwIfRaised();
      completion.insert(*now.rows);
    }
    graph = completion.release();
  }
  writeIndex(*now.rows, graph.get(), sink);
}

}  // namespace omnirouter::retrieval
