// What a plan adds up to, kept per (group, quantity, model): every limit's total and the objective are sums of cells,
// so one walk over the chosen entries serves them all.
#pragma once

#include <span>
#include <vector>

#include "assignment/problem.h"

namespace omnirouter::assignment {

// Rows per chunk where every chunk keeps Cells of its own: fixed by the problem alone, few enough chunks for the memory
// (64 MiB of cells), enough of them for the threads.
size_t cellRows(const Problem& problem);

class Cells {
 public:
  Cells() = default;
  explicit Cells(const Problem& problem) { clear(problem); }
  // Of another plan, in the same memory.
  void clear(const Problem& problem) {
    problem_ = &problem;
    count_.assign(problem.groupCount * problem.models, 0);
    sum_.assign(problem.groupCount * problem.quantities.size() * problem.models, 0.0);
  }

  // Rows, each at its model.
  void add(size_t first, std::span<const uint8_t> choice) {
    addEach(
        choice.size(), [&](size_t i) { return first + i; }, [&](size_t i) { return choice[i]; });
  }
  void add(std::span<const uint32_t> rows, std::span<const uint8_t> choice) {
    addEach(
        rows.size(), [&](size_t i) { return rows[i]; }, [&](size_t i) { return choice[i]; });
  }

  void add(const Cells& other) {
    for (size_t e = 0; e < count_.size(); ++e) count_[e] += other.count_[e];
    for (size_t e = 0; e < sum_.size(); ++e) sum_[e] += other.sum_[e];
  }

  size_t requests(size_t model) const;
  double quantity(size_t k) const;
  double objective() const;
  double total(const Limit& limit) const;  // unsigned

 private:
  // Quantity by quantity, so that no addition waits for another but those of the same cell.
  template <class Row, class Model>
  void addEach(size_t count, const Row& row, const Model& model) {
    const size_t quantities = problem_->quantities.size(), models = problem_->models;
    const uint16_t* groups = problem_->groups;
    const auto group = [&](size_t i) { return groups ? size_t{groups[row(i)]} : 0; };
    size_t* counts = count_.data();
    for (size_t i = 0; i < count; ++i) ++counts[group(i) * models + model(i)];
    for (size_t k = 0; k < quantities; ++k) {
      const float* values = problem_->quantities[k].values;
      double* sum = sum_.data() + k * models;
      for (size_t i = 0; i < count; ++i)
        sum[group(i) * quantities * models + model(i)] += static_cast<double>(values[row(i) * models + model(i)]);
    }
  }

  double sum(size_t group, size_t k, size_t model) const {
    return sum_[(group * problem_->quantities.size() + k) * problem_->models + model];
  }
  const Problem* problem_ = nullptr;
  std::vector<size_t> count_;
  std::vector<double> sum_;
};

}  // namespace omnirouter::assignment
