#include "retrieval/index_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "errors.h"

namespace omnirouter::retrieval {

namespace {

static_assert(std::endian::native == std::endian::little, "FAISS files are in the byte order of their machine");
static_assert(sizeof(size_t) == 8, "FAISS files hold 64-bit lengths");

constexpr char kIdMap[] = "IxMp", kFlat[] = "IxFI", kHnsw[] = "IHNf", kTrailer[] = "OmniCRC1";
constexpr size_t kTrailerSize = 12;
constexpr int kInnerProductMetric = 0;
constexpr int64_t kUnusedHeaderField = 1 << 20;

[[noreturn]] void corrupt(const std::string& what) { throw Error("ERR_OMNI_CORRUPT", "", "the saved index " + what); }

void require(bool holds, const char* what) {
  if (!holds) corrupt(std::string("is damaged, or not one of ours: ") + what);
}

// ---- writing ----

template <class T>
void put(ByteSink& sink, const T& value) {
  sink.write(&value, sizeof value);
}

template <class T>
void putVector(ByteSink& sink, const std::vector<T>& values) {
  put(sink, values.size());
  sink.write(values.data(), values.size() * sizeof(T));
}

void putHeader(ByteSink& sink, const char* kind, const Rows& rows) {
  sink.write(kind, 4);
  put(sink, static_cast<int32_t>(rows.dimension()));
  put(sink, static_cast<int64_t>(rows.size()));
  put(sink, kUnusedHeaderField);
  put(sink, kUnusedHeaderField);
  put(sink, uint8_t{1});  // is_trained
  put(sink, kInnerProductMetric);
}

void putGraph(ByteSink& sink, const faiss::HNSW& hnsw) {
  putVector(sink, hnsw.assign_probas);
  putVector(sink, hnsw.cum_nneighbor_per_level);
  putVector(sink, hnsw.levels);
  putVector(sink, hnsw.offsets);
  putVector(sink, hnsw.neighbors);
  for (const int number : {hnsw.entry_point, hnsw.max_level, hnsw.efConstruction, hnsw.efSearch, hnsw.upper_beam})
    put(sink, number);
}

// ---- reading ----

template <class T>
T get(ByteSource& source) {
  T value;
  source.read(&value, sizeof value);
  return value;
}

// A length followed by as many elements, which must be `expected`.
template <class T>
std::vector<T> getVector(ByteSource& source, uint64_t expected, const char* what) {
  require(get<uint64_t>(source) == expected, what);
  require(expected <= source.left() / sizeof(T), what);
  std::vector<T> values(expected);
  source.read(values.data(), expected * sizeof(T));
  return values;
}

std::string getKind(ByteSource& source) {
  char kind[4];
  source.read(kind, sizeof kind);
  return {kind, sizeof kind};
}

struct Header {
  size_t dimension, rows;
  bool operator==(const Header&) const = default;
};

Header getHeader(ByteSource& source) {
  const auto dimension = get<int32_t>(source);
  const auto rows = get<int64_t>(source);
  get<int64_t>(source);
  get<int64_t>(source);
  require(get<uint8_t>(source) == 1, "not trained");
  require(get<int32_t>(source) == kInnerProductMetric, "not an inner-product index");
  require(dimension >= 1 && static_cast<size_t>(dimension) <= kMostDimensions, "dimension out of range");
  require(rows >= 0 && rows < (int64_t{1} << 31), "number of rows out of range");
  return {static_cast<size_t>(dimension), static_cast<size_t>(rows)};
}

// A graph that FAISS can walk without leaving its arrays: it follows links blindly, and reads a row's links of a level
// at an offset that is inside the row's own only if the row has that level. It stops at a row's first empty place, but
// takes a row whose last place is filled for full and measures all its links: so no place may be empty before a filled one.
std::shared_ptr<const Graph> getGraph(ByteSource& source, size_t rows) {
  auto graph = std::make_shared<Graph>();
  faiss::HNSW& hnsw = graph->hnsw;
  const auto probabilities = getVector<double>(source, hnsw.assign_probas.size(), "graph parameters");
  require(probabilities == hnsw.assign_probas, "graph parameters");
  const auto cumulated = getVector<int>(source, hnsw.cum_nneighbor_per_level.size(), "graph parameters");
  require(cumulated == hnsw.cum_nneighbor_per_level, "graph parameters");

  require(rows >= 1, "graph without rows");
  hnsw.levels = getVector<int>(source, rows, "graph levels");
  hnsw.offsets = getVector<size_t>(source, rows + 1, "graph offsets");
  const int mostLevels = static_cast<int>(hnsw.cum_nneighbor_per_level.size()) - 1;
  int highest = 0;
  size_t offset = 0;
  for (size_t row = 0; row < rows; ++row) {
    const int levels = hnsw.levels[row];
    require(levels >= 1 && levels <= mostLevels, "graph level out of range");
    highest = std::max(highest, levels);
    require(hnsw.offsets[row] == offset, "graph offsets");
    offset += static_cast<size_t>(hnsw.cum_nneighbor_per_level[static_cast<size_t>(levels)]);
  }
  require(hnsw.offsets[rows] == offset, "graph offsets");

  hnsw.neighbors = getVector<int>(source, offset, "graph links");
  for (size_t row = 0; row < rows; ++row)
    for (int level = 0; level < hnsw.levels[row]; ++level) {
      const size_t first = hnsw.offsets[row] + static_cast<size_t>(hnsw.cum_nneighbor_per_level[level]);
      const size_t end = hnsw.offsets[row] + static_cast<size_t>(hnsw.cum_nneighbor_per_level[level + 1]);
      for (size_t link = first; link < end; ++link) {
        const int to = hnsw.neighbors[link];
        require(to >= -1 && to < static_cast<int64_t>(rows), "graph link out of range");
        require(to < 0 || link == first || hnsw.neighbors[link - 1] >= 0, "graph link after an empty place");
        require(to < 0 || hnsw.levels[static_cast<size_t>(to)] > level, "graph link to a row that lacks the level");
      }
    }

  hnsw.entry_point = get<int>(source);
  hnsw.max_level = get<int>(source);
  require(hnsw.entry_point >= 0 && hnsw.entry_point < static_cast<int64_t>(rows), "graph entry out of range");
  require(hnsw.max_level == highest - 1 && hnsw.levels[static_cast<size_t>(hnsw.entry_point)] == highest,
          "graph entry not on the highest level");
  // How wide FAISS would build and search; ours are constants.
  require(get<int>(source) >= 1, "graph parameters");
  require(get<int>(source) >= 1, "graph parameters");
  require(get<int>(source) == hnsw.upper_beam, "graph parameters");
  return graph;
}

// Bytes the vectors and ids take at least, so that nothing is allocated for a file that cannot hold them.
void requireRoom(const ByteSource& source, const Header& header) {
  require(header.rows <= source.left() / (header.dimension * sizeof(float)), "shorter than its rows");
}

// The ids come after the vectors in the file, and rows are stored with their ids; so both are read whole first.
RowStore getRows(ByteSource& source, const Header& header) {
  requireRoom(source, header);
  const auto vectors = getVector<float>(source, header.rows * header.dimension, "vectors");
  const auto wide = getVector<int64_t>(source, header.rows, "ids");
  std::vector<int32_t> ids(wide.size());
  for (size_t i = 0; i < wide.size(); ++i) {
    require(wide[i] >= 0 && wide[i] < (int64_t{1} << 31), "id out of range");
    ids[i] = static_cast<int32_t>(wide[i]);
  }
  RowStore store(header.dimension);
  try {
    store.append(vectors, ids, compute::CancelFlag());  // finite values, ids not repeated
  } catch (const InvalidArgument& error) {
    corrupt(std::string("is damaged: ") + error.what());
  }
  return store;
}

void checkTrailer(ByteSource& source) {
  if (source.left() == 0) return;  // written by FAISS
  const uint32_t crc = source.crc();
  require(source.left() == kTrailerSize, "bytes after its end");
  char mark[8];
  source.read(mark, sizeof mark);
  require(std::memcmp(mark, kTrailer, sizeof mark) == 0, "bytes after its end");
  require(get<uint32_t>(source) == crc, "checksum differs");
}

}  // namespace

void writeIndex(const Rows& rows, const Graph* graph, ByteSink& sink) {
  putHeader(sink, kIdMap, rows);
  if (graph != nullptr) {
    putHeader(sink, kHnsw, rows);
    putGraph(sink, graph->hnsw);
  }
  putHeader(sink, kFlat, rows);
  put(sink, static_cast<uint64_t>(rows.size() * rows.dimension()));
  for (size_t row = 0; row < rows.size(); row += rows.perBlock())
    sink.write(rows.vector(row), std::min(rows.perBlock(), rows.size() - row) * rows.dimension() * sizeof(float));
  std::vector<int64_t> ids(rows.size());
  for (size_t row = 0; row < rows.size(); ++row) ids[row] = rows.id(row);
  putVector(sink, ids);
  const uint32_t crc = sink.crc();
  sink.write(kTrailer, 8);
  put(sink, crc);
}

SavedIndex readIndex(ByteSource& source) {
  require(getKind(source) == kIdMap, "unknown kind of index");
  const Header header = getHeader(source);
  requireRoom(source, header);
  std::shared_ptr<const Graph> graph;
  const std::string kind = getKind(source);
  require(kind == kHnsw || kind == kFlat, "unknown kind of inner index");
  require(getHeader(source) == header, "headers disagree");
  if (kind == kHnsw) {
    graph = getGraph(source, header.rows);
    require(getKind(source) == kFlat, "unknown kind of storage");
    require(getHeader(source) == header, "headers disagree");
  }
  SavedIndex saved{getRows(source, header), std::move(graph)};
  checkTrailer(source);
  return saved;
}

}  // namespace omnirouter::retrieval
