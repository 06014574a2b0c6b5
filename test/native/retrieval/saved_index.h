// Indexes as bytes, for the tests of their files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "embeddings.h"
#include "errors.h"
#include "retrieval/vector_index.h"

namespace omnirouter::retrieval::test {

inline const compute::CancelFlag kNever;
constexpr size_t kTrailer = 12;

inline std::vector<uint8_t> saved(const VectorIndex& index) {
  MemorySink sink;
  index.write(sink, kNever);
  return sink.take();
}

inline std::shared_ptr<VectorIndex> loaded(const std::vector<uint8_t>& bytes) {
  MemorySource source(bytes);
  return VectorIndex::read(source, Kind::automatic);
}

inline std::shared_ptr<VectorIndex> example(size_t rows, size_t d, Kind kind) {
  const auto index = VectorIndex::create(d, kind);
  std::vector<int32_t> ids(rows);
  for (size_t i = 0; i < rows; ++i) ids[i] = static_cast<int32_t>(3 * (rows - i));
  if (rows > 0) index->add(embeddings(rows, d, 1), ids, kNever);
  index->settle(kNever);
  return index;
}

inline std::vector<Neighbour> search(const VectorIndex& index, const std::vector<float>& queries, size_t k) {
  std::vector<Neighbour> out(queries.size() / index.dimension() * k);
  index.search(queries, k, kNever, out);
  return out;
}

// "" if it loads, else the error's code.
inline std::string codeOf(const std::vector<uint8_t>& bytes) {
  try {
    const auto index = loaded(bytes);
    if (index->size() > 0) search(*index, std::vector<float>(index->dimension() * 3, 0.1f), 5);
    return "";
  } catch (const Error& error) {
    return error.code();
  }
}

// The checksum would hide what the structure's own checks catch, so files are altered without it, as FAISS writes them.
inline std::vector<uint8_t> withoutTrailer(std::vector<uint8_t> bytes) {
  bytes.resize(bytes.size() - kTrailer);
  return bytes;
}

}  // namespace omnirouter::retrieval::test
