// Compressed sparse rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace omnirouter::prediction {

struct SparseMatrix {
  size_t columns = 0;
  std::vector<size_t> begin{0};  // row i holds entries [begin[i], begin[i + 1])
  std::vector<uint32_t> column;
  std::vector<float> value;

  size_t rows() const { return begin.size() - 1; }

  SparseMatrix transposed() const {
    SparseMatrix result;
    result.columns = rows();
    result.begin.assign(columns + 1, 0);
    for (const uint32_t c : column) ++result.begin[c + 1];
    for (size_t c = 0; c < columns; ++c) result.begin[c + 1] += result.begin[c];
    result.column.resize(column.size());
    result.value.resize(value.size());
    std::vector<size_t> next(result.begin.begin(), result.begin.end() - 1);
    for (size_t row = 0; row < rows(); ++row) {
      for (size_t entry = begin[row]; entry < begin[row + 1]; ++entry) {
        const size_t place = next[column[entry]]++;
        result.column[place] = static_cast<uint32_t>(row);
        result.value[place] = value[entry];
      }
    }
    return result;
  }
};

}  // namespace omnirouter::prediction
