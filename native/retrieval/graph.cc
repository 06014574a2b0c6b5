#include "retrieval/graph.h"

#include <faiss/impl/DistanceComputer.h>
#include <faiss/utils/Heap.h>
#include <omp.h>

#include <algorithm>
#include <utility>

#include "compute/pool.h"
#include "retrieval/exact_search.h"
#include "retrieval/inner_product.h"

namespace omnirouter::retrieval {

namespace {

constexpr size_t kQueriesPerChunk = 8;

// FAISS minimises, so the distance is the negated similarity.
class NegatedInnerProduct final : public faiss::DistanceComputer {
 public:
  explicit NegatedInnerProduct(const Rows& rows) : rows_(rows), product_(innerProduct().one) {}
  void set_query(const float* query) override { query_ = query; }
  float operator()(idx_t row) override {
    return -product_(query_, rows_.vector(static_cast<size_t>(row)), rows_.dimension());
  }
  float symmetric_dis(idx_t a, idx_t b) override {
    return -product_(rows_.vector(static_cast<size_t>(a)), rows_.vector(static_cast<size_t>(b)), rows_.dimension());
  }

 private:
  const Rows& rows_;
  float (*product_)(const float*, const float*, size_t);
  const float* query_ = nullptr;
};

// SplitMix64 (Steele, Lea, Flood 2014) of the row's number, as a uniform number in [0, 1).
double uniformOf(size_t row) {
  uint64_t z = (static_cast<uint64_t>(row) + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

int levelOf(size_t row, const std::vector<double>& probabilities) {
  double u = uniformOf(row);
  for (size_t level = 0; level < probabilities.size(); ++level) {
    if (u < probabilities[level]) return static_cast<int>(level);
    u -= probabilities[level];
  }
  return static_cast<int>(probabilities.size()) - 1;
}

}  // namespace

size_t searchBreadth(size_t k) { return std::max(kSearchBreadth, k + k / 2); }

Graph::Graph() : hnsw(kLinks) { hnsw.efConstruction = kBuildBreadth; }

size_t Graph::memory() const {
  return hnsw.levels.size() * sizeof(hnsw.levels[0]) + hnsw.offsets.size() * sizeof(hnsw.offsets[0]) +
         hnsw.neighbors.size() * sizeof(hnsw.neighbors[0]);
}

void graphSearch(const Graph& graph, const Rows& rows, std::span<const float> queries, size_t k,
                 const compute::CancelFlag& cancel, std::span<Neighbour> out) {
  const size_t d = rows.dimension();
  const size_t count = queries.size() / d;
  const size_t breadth = searchBreadth(k);
  const size_t expected = std::min(k, graph.size());
  compute::Pool::shared().forEachChunk((count + kQueriesPerChunk - 1) / kQueriesPerChunk, [&](size_t chunk) {
    NegatedInnerProduct distance(rows);
    faiss::VisitedTable visited(static_cast<int>(graph.size()));
    faiss::SearchParametersHNSW parameters;
    parameters.efSearch = static_cast<int>(breadth);
    std::vector<float> distances(breadth);
    std::vector<faiss::Index::idx_t> found(breadth);
    for (size_t q = chunk * kQueriesPerChunk; q < std::min(count, (chunk + 1) * kQueriesPerChunk); ++q) {
      cancel.throwIfRaised();
      distance.set_query(&queries[q * d]);
      faiss::maxheap_heapify(breadth, distances.data(), found.data());
      // FAISS 1.7.3 stops by the parameter's breadth but sizes its queue by max(the graph's own, neighbours wanted), so
      // both are said.
      graph.hnsw.search(distance, static_cast<int>(breadth), found.data(), distances.data(), visited, &parameters);
      Nearest nearest(k);
      size_t reached = 0;
      for (size_t i = 0; i < breadth; ++i) {
        if (found[i] < 0) continue;
        ++reached;
        nearest.offer({-distances[i], rows.id(static_cast<size_t>(found[i]))});
      }
      const auto place = out.subspan(q * k, k);
      if (reached < expected) {
        exactSearch(rows, {0, graph.size()}, queries.subspan(q * d, d), k, cancel, place);
        continue;
      }
      const auto sorted = nearest.sorted();
      std::copy(sorted.begin(), sorted.end(), place.begin());
    }
  });
}

GraphBuilder::GraphBuilder(std::unique_ptr<Graph> graph) : graph_(std::move(graph)) { growTo(graph_->size()); }

GraphBuilder::~GraphBuilder() {
  for (omp_lock_t& lock : locks_) omp_destroy_lock(&lock);
}

void GraphBuilder::growTo(size_t capacity) {
  if (capacity <= locks_.size()) return;
  const size_t before = locks_.size();
  visited_.visited.resize(capacity);
  locks_.resize(capacity);
  for (size_t i = before; i < capacity; ++i) omp_init_lock(&locks_[i]);
}

void GraphBuilder::insert(const Rows& rows) {
  faiss::HNSW& hnsw = graph_->hnsw;
  const size_t row = graph_->size();
  if (row >= locks_.size()) growTo(std::max(rows.size(), 2 * locks_.size()));
  const int level = levelOf(row, hnsw.assign_probas);
  hnsw.levels.push_back(level + 1);
  hnsw.prepare_level_tab(1, true);
  NegatedInnerProduct distance(rows);
  distance.set_query(rows.vector(row));
  hnsw.add_with_locks(distance, level, static_cast<int>(row), locks_, visited_);
}

}  // namespace omnirouter::retrieval
