// The rows of a set that have two candidates, most of those that are open near the best prices, arranged for the kernel
// that takes them eight at a time (kernels/softmin_pairs.h): rows of one group that waver between the same two models lie
// together, value by value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace omnirouter::assignment {

class RowSet;

class PairColumns {
 public:
  explicit PairColumns(const RowSet& set);

  struct Run {
    size_t group, first, second;  // the models, ascending
    size_t rows;
    size_t begin;  // of its columns
    size_t stride() const { return (rows + 7) / 8 * 8; }
  };
  const std::vector<Run>& runs() const { return runs_; }
  const float* values(const Run& run) const { return values_.data() + run.begin; }
  // The sum over the run's rows of what the first candidate has of a quantity.
  double firstTotal(size_t run, size_t quantity) const { return totals_[run * quantities_ + quantity]; }
  // The other rows, by their place in the set.
  const std::vector<uint32_t>& others() const { return others_; }

 private:
  // Rows of a run at most: what one run takes is a small part of what a thread is given.
  static constexpr size_t kLongest = 1024;
  size_t quantities_;
  std::vector<Run> runs_;
  std::vector<float> values_;
  std::vector<double> totals_;
  std::vector<uint32_t> others_;
};

}  // namespace omnirouter::assignment
