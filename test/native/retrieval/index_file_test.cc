#include "retrieval/index_file.h"

#include <doctest/doctest.h>
#include <faiss/Index.h>
#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/impl/io.h>
#include <faiss/index_io.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "embeddings.h"
#include "errors.h"
#include "retrieval/vector_index.h"

using namespace omnirouter;
using namespace omnirouter::retrieval;

namespace {

const compute::CancelFlag kNever;
constexpr size_t kTrailer = 12;

std::vector<uint8_t> saved(const VectorIndex& index) {
  MemorySink sink;
  index.write(sink, kNever);
  return sink.take();
}

std::shared_ptr<VectorIndex> loaded(const std::vector<uint8_t>& bytes) {
  MemorySource source(bytes);
  return VectorIndex::read(source, Kind::automatic);
}

std::shared_ptr<VectorIndex> example(size_t rows, size_t d, Kind kind) {
  const auto index = VectorIndex::create(d, kind);
  std::vector<int32_t> ids(rows);
  for (size_t i = 0; i < rows; ++i) ids[i] = static_cast<int32_t>(3 * (rows - i));
  if (rows > 0) index->add(embeddings(rows, d, 1), ids, kNever);
  index->settle(kNever);
  return index;
}

std::vector<Neighbour> search(const VectorIndex& index, const std::vector<float>& queries, size_t k) {
  std::vector<Neighbour> out(queries.size() / index.dimension() * k);
  index.search(queries, k, kNever, out);
  return out;
}

// "" if it loads, else the error's code.
std::string codeOf(const std::vector<uint8_t>& bytes) {
  try {
    const auto index = loaded(bytes);
    if (index->size() > 0) search(*index, std::vector<float>(index->dimension() * 3, 0.1f), 5);
    return "";
  } catch (const Error& error) {
    return error.code();
  }
}

// The checksum would hide what the structure's own checks catch, so files are altered without it, as FAISS writes them.
std::vector<uint8_t> withoutTrailer(std::vector<uint8_t> bytes) {
  bytes.resize(bytes.size() - kTrailer);
  return bytes;
}

}  // namespace

TEST_CASE("an index is the same after saving and loading") {
  for (const Kind kind : {Kind::flat, Kind::hnsw})
    for (const size_t rows : {0, 1, 200, 1'500}) {
      const auto index = example(rows, 12, kind);
      const auto bytes = saved(*index);
      const auto again = loaded(bytes);
      CHECK(again->size() == rows);
      CHECK(again->hasGraph() == index->hasGraph());
      CHECK(saved(*again) == bytes);
      const auto a = search(*index, embeddings(5, 12, 2), 4), b = search(*again, embeddings(5, 12, 2), 4);
      for (size_t i = 0; i < a.size() && !index->hasGraph(); ++i) CHECK(a[i].id == b[i].id);
    }
}

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

TEST_CASE("any altered byte is noticed") {
  for (const Kind kind : {Kind::flat, Kind::hnsw}) {
    const auto bytes = saved(*example(1'100, 3, kind));
    std::mt19937 random(5);
    for (size_t i = 0; i < 400; ++i) {
      auto altered = bytes;
      const size_t offset = i < 100 ? i : random() % bytes.size();  // the headers, and everywhere
      altered[offset] ^= static_cast<uint8_t>(1u << (random() % 8));
      INFO("offset ", offset, " of ", bytes.size());
      CHECK(codeOf(altered) == "ERR_OMNI_CORRUPT");
    }
  }
}

TEST_CASE("any truncation is noticed, but for the loss of the checksum alone") {
  const auto bytes = saved(*example(1'100, 3, Kind::hnsw));
  std::mt19937 random(6);
  for (size_t i = 0; i < 300; ++i) {
    const size_t length = i < 150 ? i : random() % bytes.size();
    if (length == bytes.size() - kTrailer) continue;
    INFO("length ", length, " of ", bytes.size());
    CHECK(codeOf({bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length)}) == "ERR_OMNI_CORRUPT");
  }
  for (size_t cut = 1; cut < kTrailer; ++cut)
    CHECK(codeOf({bytes.begin(), bytes.end() - static_cast<ptrdiff_t>(cut)}) == "ERR_OMNI_CORRUPT");
}

TEST_CASE("without a checksum, altered bytes give an error or an index that is safe to search") {
  for (const Kind kind : {Kind::flat, Kind::hnsw}) {
    const auto bytes = withoutTrailer(saved(*example(1'100, 3, kind)));
    std::mt19937 random(7);
    size_t refused = 0;
    for (size_t i = 0; i < 1'000; ++i) {
      auto altered = bytes;
      const size_t offset = i < 200 ? i : random() % (bytes.size() - 8);
      const uint64_t value = i % 3 == 0 ? random() : i % 3 == 1 ? ~uint64_t{0} : uint64_t{1} << (random() % 64);
      std::memcpy(&altered[offset], &value, i % 2 == 0 ? 4 : 8);
      const std::string code = codeOf(altered);
      CHECK((code == "" || code == "ERR_OMNI_CORRUPT"));
      refused += code != "";
    }
    CHECK(refused > 100);
  }
}

TEST_CASE("foreign bytes are refused") {
  CHECK(codeOf({}) == "ERR_OMNI_CORRUPT");
  CHECK(codeOf(std::vector<uint8_t>(1'000, 0)) == "ERR_OMNI_CORRUPT");
  const std::string text = "{\"version\": 1, \"this is\": \"not an index at all\"}";
  CHECK(codeOf({text.begin(), text.end()}) == "ERR_OMNI_CORRUPT");
  faiss::IndexFlatL2 euclidean(3);
  faiss::VectorIOWriter writer;
  faiss::write_index(&euclidean, &writer);
  CHECK(codeOf(writer.data) == "ERR_OMNI_CORRUPT");
}

TEST_CASE("the checksum is zlib's CRC-32, in any pieces") {
  const std::string text = "123456789";
  CHECK(crc32(0, text.data(), text.size()) == 0xCBF43926u);  // the check value of the CRC catalogue
  std::vector<uint8_t> bytes(1'000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7);
  const uint32_t whole = crc32(0, bytes.data(), bytes.size());
  for (const size_t cut : {1, 7, 8, 9, 500, 999})
    CHECK(crc32(crc32(0, bytes.data(), cut), bytes.data() + cut, bytes.size() - cut) == whole);
}
