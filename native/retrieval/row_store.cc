#include "retrieval/row_store.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "errors.h"

namespace omnirouter::retrieval {

namespace {
// 16 MB of vectors a block: a task on one block takes milliseconds, and the untouched rest of the last one is never
// backed by memory.
constexpr size_t kBlockFloats = size_t{4} << 20;
constexpr size_t kRowsPerLook = 256;  // at the cancel flag
constexpr int64_t kMostIds = int64_t{1} << 31;
}  // namespace

Rows::Rows(size_t dimension)
    : dimension_(dimension),
      shift_(std::bit_width(std::clamp<size_t>(kBlockFloats / std::max<size_t>(dimension, 1), 64, 8192)) - 1) {}

void checkVectors(std::span<const float> vectors, size_t dimension, const char* argument,
                  const compute::CancelFlag& cancel) {
  if (vectors.size() % dimension != 0)
    throw InvalidArgument(argument, std::string(argument) + " has " + std::to_string(vectors.size()) +
                                        " elements, which is not a multiple of the index's dimension " +
                                        std::to_string(dimension));
  for (size_t row = 0; row < vectors.size() / dimension; ++row) {
    if (row % kRowsPerLook == 0) cancel.throwIfRaised();
    double squares = 0;
    for (const float x : vectors.subspan(row * dimension, dimension)) squares += double{x} * x;
    if (!std::isfinite(squares))  // the square of a finite float is finite in double, and so are sums of them
      throw InvalidArgument(argument, std::string(argument) + " row " + std::to_string(row) +
                                          " holds NaN or Infinity; every value must be finite");
    if (std::sqrt(squares) > kLongest)
      throw InvalidArgument(argument, std::string(argument) + " row " + std::to_string(row) +
                                          " is longer than 1e19, where inner products overflow; normalise it");
  }
}

void RowStore::checkIds(std::span<const int32_t> ids) const {
  std::unordered_set<int32_t> fresh;
  fresh.reserve(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    const int32_t id = ids[i];
    const std::string which = "ids[" + std::to_string(i) + "]";
    if (id < 0) throw InvalidArgument(which, which + " is " + std::to_string(id) + "; ids must be >= 0");
    const bool known = numbered_ ? static_cast<size_t>(id) < rows_.size() : used_.contains(id);
    if (known) throw InvalidArgument(which, which + " is " + std::to_string(id) + ", which is in the index already");
    if (!fresh.insert(id).second)
      throw InvalidArgument(which, which + " is " + std::to_string(id) + ", which is in this call twice");
  }
}

// Whether ids are what rows would be given anyway.
bool RowStore::numbersOn(std::span<const int32_t> ids) const {
  for (size_t i = 0; i < ids.size(); ++i)
    if (static_cast<size_t>(ids[i]) != rows_.size() + i) return false;
  return true;
}

void RowStore::reserve(size_t rows) {
  while (rows_.blocks_.size() * rows_.perBlock() < rows)
    rows_.blocks_.push_back(std::make_shared<Block>(rows_.perBlock(), rows_.dimension()));
}

// Enters the ids of the next `count` rows; all or nothing.
void RowStore::takeIds(std::span<const int32_t> ids, size_t count) {
  const auto id = [&](size_t i) {
    return ids.empty() ? static_cast<int32_t>(nextId_ + static_cast<int64_t>(i)) : ids[i];
  };
  const auto place = [&](size_t i) { return rows_.size() + i; };
  int64_t highest = nextId_ - 1;
  for (size_t i = 0; i < count; ++i) {
    rows_.blocks_[place(i) / rows_.perBlock()]->ids[place(i) % rows_.perBlock()] = id(i);
    highest = std::max<int64_t>(highest, id(i));
  }
  if (!numbered_ || !ids.empty()) {
    if (numbered_) {
      used_.clear();
      for (size_t row = 0; row < rows_.size(); ++row) used_.insert(static_cast<int32_t>(row));
    }
    size_t done = 0;
    try {
      for (; done < count; ++done) used_.insert(id(done));
    } catch (...) {
      for (size_t i = 0; i < done; ++i) used_.erase(id(i));
      throw;
    }
    numbered_ = false;
  }
  nextId_ = highest + 1;
}

void RowStore::append(std::span<const float> vectors, std::span<const int32_t> ids, const compute::CancelFlag& cancel) {
  const size_t dimension = rows_.dimension();
  checkVectors(vectors, dimension, "vectors", cancel);
  const size_t count = vectors.size() / dimension;
  if (!ids.empty() && ids.size() != count)
    throw InvalidArgument(
        "ids", "ids has " + std::to_string(ids.size()) + " elements for " + std::to_string(count) + " vectors");
  if (static_cast<int64_t>(rows_.size() + count) >= kMostIds)
    throw InvalidArgument("vectors", "vectors would make the index hold more than 2^31 - 1 rows");
  checkIds(ids);
  if (numbered_ && numbersOn(ids)) ids = {};
  if (ids.empty() && nextId_ + static_cast<int64_t>(count) > kMostIds)
    throw InvalidArgument("ids", "ids must be given: numbering on from the highest id " + std::to_string(nextId_ - 1) +
                                     " would pass 2^31 - 1");

  // Rows past size() are invisible until the last line, so a failure or a cancellation on the way leaves no trace.
  reserve(rows_.size() + count);
  for (size_t i = 0; i < count; ++i) {
    if (i % kRowsPerLook == 0) cancel.throwIfRaised();
    const size_t row = rows_.size() + i;
    const std::span<const float> vector = vectors.subspan(i * dimension, dimension);
    const Block& block = *rows_.blocks_[row / rows_.perBlock()];
    const size_t place = row % rows_.perBlock();
    std::copy(vector.begin(), vector.end(), block.vectors.get() + place * dimension);
    block.coded[place] = encodeRow(vector, block.codes.get() + place * paddedCodes(dimension));
  }
  takeIds(ids, count);
  rows_.size_ += count;
}

}  // namespace omnirouter::retrieval
