// The index file's reader on any bytes: an error, or an index that is safe to search, to extend and to save.
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "errors.h"
#include "native/fuzz/input.h"
#include "retrieval/index_file.h"
#include "retrieval/vector_index.h"

using namespace omnirouter;
using namespace omnirouter::retrieval;
using namespace omnirouter::test;

namespace {

constexpr size_t kTrailer = 12;  // "OmniCRC1" and the checksum

// A graph that small serves no searches of a VectorIndex, which would scan: so graphs are used directly.
std::vector<uint8_t> example(bool withGraph) {
  constexpr size_t kDimension = 4, kRows = 24;
  RowStore store(kDimension);
  std::vector<float> vectors;
  for (size_t e = 0; e < kRows * kDimension; ++e) vectors.push_back(std::sin(static_cast<float>(e * e % 97)));
  store.append(vectors, {}, kNever);
  std::unique_ptr<Graph> graph;
  if (withGraph) {
    GraphBuilder builder(std::make_unique<Graph>());
    while (builder.size() < kRows) builder.insert(store.rows());
    graph = builder.release();
  }
  MemorySink sink;
  writeIndex(store.rows(), graph.get(), sink);
  return sink.take();
}

SavedIndex parsed(const std::vector<uint8_t>& bytes) {
  MemorySource source(bytes);
  return readIndex(source);
}

// Searches the graph, and has FAISS link more rows into it.
void useGraph(SavedIndex& saved) {
  const size_t d = saved.store.rows().dimension(), k = 5;
  std::vector<float> queries;
  for (size_t e = 0; e < 2 * d; ++e) queries.push_back(static_cast<float>(e % 3) - 0.75f);
  std::vector<Neighbour> out(2 * k);
  graphSearch(*saved.graph, saved.store.rows(), queries, k, kNever, out);
  for (const Neighbour& n : out) require(n.id >= -1, "a neighbour that is no row");
  for (size_t copies = 0; copies < 8; ++copies) saved.store.append(queries, {}, kNever);
  GraphBuilder builder(std::make_unique<Graph>(*saved.graph));
  while (builder.size() < saved.store.rows().size()) builder.insert(saved.store.rows());
  const auto grown = builder.release();
  graphSearch(*grown, saved.store.rows(), queries, k, kNever, out);
}

void use(const std::shared_ptr<VectorIndex>& index) {
  const size_t k = 5;
  std::vector<float> queries(2 * index->dimension(), 0.25f);
  std::vector<Neighbour> out(2 * k);
  index->search(queries, k, kNever, out);
  size_t found = 0;
  for (size_t n = 0; n < k; ++n) found += out[n].id >= 0;
  require(found <= index->size(), "more neighbours than rows");
  MemorySink sink;
  index->write(sink, kNever);
  const std::vector<uint8_t> bytes = sink.take();
  MemorySource source(bytes);
  const auto again = VectorIndex::read(source, Kind::flat);
  require(again->size() == index->size() && again->dimension() == index->dimension(),
          "an index that was read does not survive saving");
  again->add(std::vector<float>(index->dimension(), 0.5f), {}, kNever);
  require(again->size() == index->size() + 1, "an addition is lost");
}

}  // namespace

void omnirouter::test::fuzz(Input& in) {
  static const std::vector<uint8_t> flat = example(false), graph = example(true);
  const uint8_t kind = in.byte() % 4;
  std::vector<uint8_t> bytes;
  if (kind == 0) {
    bytes.assign(in.rest().begin(), in.rest().end());
  } else {
    bytes = in.oneIn(2) ? graph : flat;
    for (size_t edits = kind == 1 ? 0 : 1 + in.below(6); edits > 0; --edits) {
      const size_t at = in.oneIn(3) ? in.below(60) : in.below(bytes.size());
      if (in.oneIn(2)) {  // a whole number of FAISS's, small or negative: a link, a level, an offset
        const int32_t number = static_cast<int32_t>(in.below(32)) - 2;
        std::memcpy(&bytes[std::min(at, bytes.size() - 4)], &number, sizeof number);
      } else {
        bytes[std::min(at, bytes.size() - 1)] = in.byte();
      }
    }
    if (kind == 3) bytes.resize(in.below(bytes.size() + 1));
  }
  // A checksum that fits, or none, as in FAISS's own files: so that what lies behind it is reached too.
  if (kind == 2 && bytes.size() > kTrailer) {
    bytes.resize(bytes.size() - kTrailer);
  }
  try {
    MemorySource source(bytes);
    use(VectorIndex::read(source, in.oneIn(2) ? Kind::flat : Kind::automatic));
    SavedIndex saved = parsed(bytes);
    if (saved.graph) useGraph(saved);
  } catch (const Error& error) {
    require(kind != 1, "a saved index is refused: " + std::string(error.what()));
    require(error.code() == "ERR_OMNI_CORRUPT" || error.code() == "ERR_OMNI_VERSION" ||
                error.code() == "ERR_OMNI_INVALID_ARGUMENT",
            "an unexpected error: " + error.code());
  }
}
