// An index of vectors by inner product: exact while small, a graph (HNSW) when large, and always searchable.
//
// Every addition goes to the row store and is found at once. Beyond a size a graph is built over the rows, in the
// background, in slices of a few milliseconds, and swapped in when complete; a search walks the graph and scans the
// rows after it. The graph follows the rows in steps: an index at rest has a graph over the largest boundary <= size,
// where the boundaries are `start` and then each a 64th more than the last. So what an index at rest answers depends
// only on its rows and their order, and at most a 64th of them is scanned.
//
// Any number of threads may search, add and save at once. Nothing here holds a lock for longer than a few milliseconds,
// except additions against each other.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "compute/cancel.h"
#include "retrieval/byte_stream.h"
#include "retrieval/graph.h"
#include "retrieval/neighbours.h"
#include "retrieval/row_store.h"

namespace omnirouter::retrieval {

enum class Kind { automatic, flat, hnsw };

struct SavedIndex;

class VectorIndex : public std::enable_shared_from_this<VectorIndex> {
 public:
  // Throws InvalidArgument for a dimension outside [1, kMostDimensions].
  static std::shared_ptr<VectorIndex> create(size_t dimension, Kind kind);
  // See index_file.h. With Kind::flat a saved graph is dropped; otherwise it serves, and is followed up.
  static std::shared_ptr<VectorIndex> read(ByteSource& source, Kind kind);

  size_t dimension() const { return dimension_; }
  size_t size() const { return view().rows->size(); }
  // Whether a graph serves searches at present.
  bool hasGraph() const { return view().graph != nullptr; }
  // Bytes held, roughly, a graph in the making included.
  size_t memory() const;

  // All or nothing; see RowStore::append.
  void add(std::span<const float> vectors, std::span<const int32_t> ids, const compute::CancelFlag& cancel);

  // out has k places per query, which are all written; Neighbour{} where there are fewer rows than k. One call sees one
  // state of the index, and of that only the first `among` rows, as if none had been added since there were so many.
  // Throws InvalidArgument for malformed queries.
  void search(std::span<const float> queries, size_t k, const compute::CancelFlag& cancel, std::span<Neighbour> out,
              size_t among = std::numeric_limits<size_t>::max()) const;

  // The vectors that were added as these, counted from 0. Throws InvalidArgument for one that was not.
  std::vector<float> vectors(std::span<const int32_t> rows) const;

  // Builds on this thread, together with the background, until the graph is where an index at rest has it.
  void settle(const compute::CancelFlag& cancel);

  // Saves one state of the index: with a graph if one serves, which is first completed over the last rows (at most
  // about a 64th of them), else flat.
  void write(ByteSink& sink, const compute::CancelFlag& cancel) const;

 private:
  // A state of the index. The graph is of the first graph->size() rows.
  struct View {
    std::shared_ptr<const Rows> rows;
    std::shared_ptr<const Graph> graph;
  };

  VectorIndex(SavedIndex saved, Kind kind);
  View view() const;
  // Where the graph should reach over this many rows; 0 for none.
  size_t boundary(size_t rows) const;
  // Inserts rows for a few milliseconds; false if there was nothing to do.
  bool buildSlice();
  void buildInBackground();

  const size_t dimension_;
  const Kind kind_;

  mutable std::mutex viewMutex_;  // for copying or replacing two pointers and a flag
  View view_;
  bool building_ = false;  // a background task exists
  size_t builderMemory_ = 0;

  std::mutex addMutex_;
  RowStore store_;

  std::mutex buildMutex_;
  std::unique_ptr<GraphBuilder> builder_;
};

}  // namespace omnirouter::retrieval
