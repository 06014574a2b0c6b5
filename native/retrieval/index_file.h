// The saved form of an index: FAISS's own file format, then a checksum that FAISS does not read.
//
//   IndexIDMap "IxMp"            header, inner index, ids
//     IndexFlat "IxFI"           header, vectors
//     or IndexHNSWFlat "IHNf"    header, graph, IndexFlat
//   trailer                      "OmniCRC1", CRC-32 of all before it      (12 bytes; absent in FAISS's own)
//
// faiss::read_index reads it, and this reads what faiss::write_index makes of such an index with our graph parameters.
// The parsing is our own because FAISS's trusts its input: here every number is checked before memory is allocated or
// indexed by it, so that any bytes give an index that is safe to search, or an error.
#pragma once

#include <memory>

#include "retrieval/byte_stream.h"
#include "retrieval/graph.h"
#include "retrieval/row_store.h"

namespace omnirouter::retrieval {

struct SavedIndex {
  RowStore store;
  std::shared_ptr<const Graph> graph;  // of all rows, or null
};

// `graph` covers all rows, or is null for a flat file.
void writeIndex(const Rows& rows, const Graph* graph, ByteSink& sink);

// Reads to the end of the source. Throws Error ERR_OMNI_CORRUPT for anything writeIndex cannot have written.
SavedIndex readIndex(ByteSource& source);

}  // namespace omnirouter::retrieval
