// The vectors and their ids: rows that are only ever appended, readable without a lock while more are added.
//
// Rows lie in blocks that never move. A Rows value is a snapshot: it keeps its blocks alive and never looks past the
// rows that were complete when it was taken, so an addition, however long, blocks no search.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_set>
#include <vector>

#include "compute/cancel.h"
#include "retrieval/row_codes.h"

namespace omnirouter::retrieval {

// Elements of a vector, at most.
constexpr size_t kMostDimensions = 65536;

struct Block {
  Block(size_t rows, size_t dimension)
      : vectors(std::make_unique_for_overwrite<float[]>(rows * dimension)),
        ids(std::make_unique_for_overwrite<int32_t[]>(rows)),
        codes(std::make_unique_for_overwrite<int8_t[]>(rows * paddedCodes(dimension))),
        coded(std::make_unique_for_overwrite<CodedRow[]>(rows)) {}
  std::unique_ptr<float[]> vectors;
  std::unique_ptr<int32_t[]> ids;
  std::unique_ptr<int8_t[]> codes;
  std::unique_ptr<CodedRow[]> coded;
};

class Rows {
 public:
  explicit Rows(size_t dimension);

  size_t dimension() const { return dimension_; }
  size_t size() const { return size_; }
  // Rows per block; depends on the dimension alone, so that work split by blocks is the same everywhere.
  size_t perBlock() const { return size_t{1} << shift_; }
  size_t blocks() const { return (size_ + perBlock() - 1) >> shift_; }

  const float* vector(size_t row) const {
    return blocks_[row >> shift_]->vectors.get() + (row & (perBlock() - 1)) * dimension_;
  }
  int32_t id(size_t row) const { return blocks_[row >> shift_]->ids[row & (perBlock() - 1)]; }
  // paddedCodes(dimension()) of them.
  const int8_t* codes(size_t row) const {
    return blocks_[row >> shift_]->codes.get() + (row & (perBlock() - 1)) * paddedCodes(dimension_);
  }
  // Consecutive for rows of a block, as vectors and codes are.
  const CodedRow& coded(size_t row) const { return blocks_[row >> shift_]->coded[row & (perBlock() - 1)]; }

 private:
  friend class RowStore;
  size_t dimension_;
  size_t shift_;
  size_t size_ = 0;
  std::vector<std::shared_ptr<Block>> blocks_;
};

// Adds rows; one thread at a time.
class RowStore {
 public:
  explicit RowStore(size_t dimension) : rows_(dimension) {}

  const Rows& rows() const { return rows_; }

  // Appends all or nothing. Without ids, rows are numbered on from the highest id so far. Throws InvalidArgument naming
  // the row for a value that is not finite, a vector too long for float arithmetic, a negative or repeated id.
  void append(std::span<const float> vectors, std::span<const int32_t> ids, const compute::CancelFlag& cancel);

 private:
  void reserve(size_t rows);
  void takeIds(std::span<const int32_t> ids, size_t count);
  void checkIds(std::span<const int32_t> ids) const;
  bool numbersOn(std::span<const int32_t> ids) const;

  Rows rows_;
  int64_t nextId_ = 0;
  // Ids in use, kept only from the first add on that does not number on: until then id == row.
  bool numbered_ = true;
  std::unordered_set<int32_t> used_;
};

// Checks that `vectors` is whole rows of finite values, none longer than kLongest. `argument` is the caller's name for
// it in the error.
void checkVectors(std::span<const float> vectors, size_t dimension, const char* argument,
                  const compute::CancelFlag& cancel);

// Inner products of vectors up to this length cannot overflow a float, whatever the order of summation.
constexpr double kLongest = 1e19;

}  // namespace omnirouter::retrieval
