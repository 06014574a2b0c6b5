// FAISS's HNSW graph (Malkov and Yashunin, arXiv 1603.09320) over the rows of a store, with our inner product.
//
// FAISS's own index type would copy the vectors and measure them with generic SSE2 code, three times slower, so only
// its graph is used, through the distance interface it offers for this.
//
// Built by inserting rows one after the other in row order, on one thread, each row's level a hash of its number: so
// the graph over the first m rows depends on those rows alone, not on how they came in batches, on pauses, or on the
// number of threads. FAISS's parallel build is faster and different every time.
#pragma once

#include <faiss/impl/AuxIndexStructures.h>
#include <faiss/impl/HNSW.h>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "compute/cancel.h"
#include "retrieval/neighbours.h"
#include "retrieval/row_store.h"

namespace omnirouter::retrieval {

constexpr int kLinks = 32;             // M: links per row and level, twice as many at the bottom
constexpr int kBuildBreadth = 128;     // efConstruction
constexpr size_t kSearchBreadth = 64;  // efSearch, at least; for k neighbours 1.5 k

// Rows a search for k neighbours keeps in view.
size_t searchBreadth(size_t k);

struct Graph {
  Graph();
  size_t size() const { return hnsw.levels.size(); }
  size_t memory() const;
  faiss::HNSW hnsw;
};

// Searches the rows of the graph; out as in exactSearch. A query for which the graph yields fewer than k of its rows
// (an unlucky graph of many equal vectors can) is searched exactly.
void graphSearch(const Graph& graph, const Rows& rows, std::span<const float> queries, size_t k,
                 const compute::CancelFlag& cancel, std::span<Neighbour> out);

// Extends a graph row by row.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::unique_ptr<Graph> graph);
  ~GraphBuilder();

  size_t size() const { return graph_->size(); }
  size_t memory() const { return graph_->memory() + locks_.size() * sizeof(omp_lock_t) + visited_.visited.size(); }
  // Inserts row size() of `rows`.
  void insert(const Rows& rows);
  // The graph; the builder is spent.
  std::unique_ptr<Graph> release() { return std::move(graph_); }

 private:
  void growTo(size_t capacity);

  std::unique_ptr<Graph> graph_;
  // FAISS locks a row while it changes its links; with one thread never contended, but it wants them.
  std::vector<omp_lock_t> locks_;
  faiss::VisitedTable visited_{0};
};

}  // namespace omnirouter::retrieval
