// Rows whose choice is still open, each with the models that can still win it, beside the exact sums of all the rows
// that are decided. The Lagrangian dual restricted to a RowSet is the dual of the whole problem for every price vector
// at which the decided rows keep their choice (trust_region.h says when that is proven).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "assignment/pair_columns.h"
#include "assignment/problem.h"
#include "compute/chunks.h"

namespace omnirouter::assignment {

// Sums over decided rows: the objective, and sign * quantity for every limit.
struct Sums {
  explicit Sums(size_t limits = 0) : limit(limits, 0.0) {}
  double objective = 0;
  std::vector<double> limit;

  void add(const Sums& other) {
    objective += other.objective;
    for (size_t l = 0; l < limit.size(); ++l) limit[l] += other.limit[l];
  }
};

class RowSet {
 public:
  explicit RowSet(size_t quantities = 0, size_t limits = 0) : decided(limits), quantities_(quantities) {}

  struct Row {
    uint32_t id;  // row of the problem
    uint16_t group;
    std::span<const uint8_t> models;
    const float* values;  // quantities x models.size()
    double copies = 1;    // how many rows like this there are (row_classes.h)
    double value(size_t quantity, size_t candidate) const {
      return static_cast<double>(values[quantity * models.size() + candidate]);
    }
    // The candidate that is this model; models.size() if none is.
    size_t candidate(uint8_t model) const {
      return static_cast<size_t>(std::find(models.begin(), models.end(), model) - models.begin());
    }
  };

  size_t size() const { return ids_.size(); }
  size_t candidates() const { return models_.size(); }
  // Rows with their copies.
  double rows() const {
    return counted() ? std::accumulate(copies_.begin(), copies_.end(), 0.0) : static_cast<double>(size());
  }
  bool counted() const { return !copies_.empty(); }
  size_t quantities() const { return quantities_; }
  Row operator[](size_t index) const {
    const size_t begin = starts_[index], end = starts_[index + 1];
    return {ids_[index],
            groups_[index],
            {models_.data() + begin, end - begin},
            values_.data() + begin * quantities_,
            copies_.empty() ? 1.0 : copies_[index]};
  }

  size_t candidatesOf(size_t index) const { return starts_[index + 1] - starts_[index]; }
  uint16_t groupOf(size_t index) const { return groups_[index]; }
  // Arranged when first asked for; a set that is asked must not change any more.
  const PairColumns& pairs() const {
    if (!pairs_) pairs_ = std::make_shared<const PairColumns>(*this);
    return *pairs_;
  }

  // Adds row i of the problem with the candidates named in `models`.
  void add(const Problem& problem, size_t i, uint64_t models);
  // Adds a row of another set, keeping the candidates whose bit in `keep` (by position) is set, or all.
  void add(const Row& row, uint64_t keep);
  void add(const Row& row) {
    const size_t candidates = row.models.size();
    add(row, candidates == kMaxModels ? ~uint64_t{0} : (uint64_t{1} << candidates) - 1);
  }
  void append(const RowSet& other);
  void reserve(size_t rows, size_t candidates);
  // Without rows, for another problem, in the same memory.
  void clear(size_t quantities, size_t limits);

  Sums decided;
  double weight = 1;  // how many rows of the problem an open row stands for (> 1 in a sample)

 private:
  size_t quantities_;
  std::vector<uint32_t> ids_;
  std::vector<uint16_t> groups_;
  std::vector<size_t> starts_{0};
  std::vector<uint8_t> models_;
  std::vector<float> values_;
  std::vector<double> copies_;  // empty: all 1
  mutable std::shared_ptr<const PairColumns> pairs_;
};

// The reduced values of a row's candidates at given prices, in their order; returns the place of the least.
size_t reduceRow(const Problem& problem, const Reduced& reduced, const RowSet::Row& row, double* r);

// Adds what candidate `c` of a row, in all its copies, contributes to the objective and to every limit.
void addChoice(const Problem& problem, const Terms& terms, const RowSet::Row& row, size_t c, Sums& sums);

// Which rows to look at: blocks of 16 consecutive rows, one from each of equal strata (fair to data sorted by
// anything), or all of them.
class RowSample {
 public:
  RowSample(size_t rows, size_t count, uint64_t seed);
  static RowSample all(size_t rows) { return {rows, rows, 0}; }

  size_t blocks() const { return blocks_; }
  size_t blockSize() const { return kBlock; }
  compute::Range operator[](size_t block) const;
  size_t size() const { return size_; }
  bool everyRow() const { return size_ == rows_; }
  double weight() const { return size_ == 0 ? 1.0 : static_cast<double>(rows_) / static_cast<double>(size_); }

 private:
  static constexpr size_t kBlock = 16;
  size_t rows_, blocks_, size_;
  uint64_t seed_;
};

// Asks for rows' part of the matrices, which will be read soon.
inline void prefetch(const Problem& problem, compute::Range rows) {
  constexpr size_t kLine = 16;  // floats
  for (size_t k = 0; k < problem.quantities.size(); ++k) {
    const float* values = problem.row(k, rows.begin);
    for (size_t e = 0; e < rows.size() * problem.models; e += kLine) __builtin_prefetch(values + e);
  }
}

// Calls visit(rows) for the rows of some blocks of a sample, in runs of consecutive ones.
template <class Visit>
void forEachRun(const Problem& problem, const RowSample& sample, compute::Range blocks, const Visit& visit) {
  if (sample.everyRow()) {
    visit(compute::Range{sample[blocks.begin].begin, sample[blocks.end - 1].end});
    return;
  }
  // A sample's blocks lie too far apart for the hardware to see them coming.
  constexpr size_t kBlocksAhead = 2;
  for (size_t b = blocks.begin; b < blocks.end; ++b) {
    if (b + kBlocksAhead < blocks.end) prefetch(problem, sample[b + kBlocksAhead]);
    visit(sample[b]);
  }
}

// The rows of a sample, all their allowed models open.
void openRows(const Problem& problem, const RowSample& sample, RowSet& set);
inline RowSet openRows(const Problem& problem, const RowSample& sample) {
  RowSet set;
  openRows(problem, sample, set);
  return set;
}

}  // namespace omnirouter::assignment
