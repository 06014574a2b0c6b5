// FAISS's own reader and writer beside ours. Takes the whole of FAISS, where the addon takes its graph alone.
#include <doctest/doctest.h>
#include <faiss/Index.h>
#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/impl/io.h>
#include <faiss/index_io.h>

#include <memory>
#include <vector>

#include "saved_index.h"

using namespace omnirouter;
using namespace omnirouter::retrieval;
using namespace omnirouter::retrieval::test;

TEST_CASE("FAISS reads what we write, finds the same, and writes the same bytes") {
  for (const Kind kind : {Kind::flat, Kind::hnsw}) {
    const auto index = example(1'500, 12, kind);
    const auto bytes = saved(*index);
    faiss::VectorIOReader reader;
    reader.data = bytes;
    const std::unique_ptr<faiss::Index> theirs(faiss::read_index(&reader));
    CHECK(theirs->ntotal == 1'500);
    const auto* map = dynamic_cast<faiss::IndexIDMap*>(theirs.get());
    REQUIRE(map != nullptr);
    CHECK((dynamic_cast<faiss::IndexHNSW*>(map->index) != nullptr) == index->hasGraph());

    const auto queries = embeddings(20, 12, 2);
    std::vector<float> similarities(20);
    std::vector<faiss::Index::idx_t> labels(20);
    theirs->search(20, queries.data(), 1, similarities.data(), labels.data());
    const auto ours = search(*index, queries, 1);
    size_t equal = 0;
    for (size_t i = 0; i < 20; ++i) equal += ours[i].id == labels[i];
    CHECK(equal >= 19);  // two searches of a graph may differ

    faiss::VectorIOWriter writer;
    faiss::write_index(theirs.get(), &writer);
    CHECK(writer.data == withoutTrailer(bytes));
    CHECK(codeOf(writer.data) == "");
  }
}

TEST_CASE("we read an index that FAISS built") {
  const size_t d = 12, n = 800;
  const auto vectors = embeddings(n, d, 1);
  faiss::IndexHNSWFlat inner(d, kLinks, faiss::METRIC_INNER_PRODUCT);
  faiss::IndexIDMap map(&inner);
  std::vector<faiss::Index::idx_t> ids(n);
  for (size_t i = 0; i < n; ++i) ids[i] = static_cast<faiss::Index::idx_t>(2 * i);
  map.add_with_ids(n, vectors.data(), ids.data());
  faiss::VectorIOWriter writer;
  faiss::write_index(&map, &writer);
  const auto index = loaded(writer.data);
  CHECK(index->hasGraph());
  CHECK(search(*index, {vectors.begin() + 5 * d, vectors.begin() + 6 * d}, 1)[0].id == 10);
}

TEST_CASE("kinds of index that are not ours are refused") {
  faiss::IndexFlatL2 euclidean(3);
  faiss::VectorIOWriter writer;
  faiss::write_index(&euclidean, &writer);
  CHECK(codeOf(writer.data) == "ERR_OMNI_CORRUPT");
}
