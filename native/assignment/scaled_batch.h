// A batch of at most some thousand rows in natural units, in which prices, costs and amounts are of order 1, laid out for
// registers of eight models: what the simplex (simplex.h) looks at again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "assignment/newton.h"
#include "assignment/problem.h"

namespace omnirouter::assignment {

// What prices, or a direction of theirs, add to reduced values: per group and model, and times a bounded quantity.
struct PriceTable {
  std::vector<double> base, weight;
};

class ScaledBatch {
 public:
  // The problem and its terms are looked at as long as the batch is. Memory of the batch before serves again. Rows are in
  // an order of which every beginning is spread over the whole (multiples of the golden ratio, modulo 1).
  void load(const Problem& problem, const Terms& terms, const Scale& scale);

  // The batch is its first rows, a sample, with bounds in proportion; at first it is all.
  void take(size_t rows) { rows_ = rows; }
  bool whole() const { return rows_ == ids_.size(); }

  size_t rows() const { return rows_; }
  size_t id(size_t row) const { return ids_[row]; }  // in the problem
  size_t models() const { return models_; }
  size_t padded() const { return padded_; }
  size_t limits() const { return limits_; }
  size_t groups() const { return problem_->groupCount; }
  size_t group(size_t row) const { return groups_[row]; }
  const Limit& limit(size_t l) const { return problem_->limits[l]; }
  double bound(size_t l) const {
    const double share = whole() ? 1 : static_cast<double>(rows_) / static_cast<double>(ids_.size());
    return limit(l).bound * factor_[l] * share;
  }
  double priceUnit(size_t l) const { return priceUnit_[l]; }
  double factor(size_t l) const { return factor_[l]; }

  // Quantities that some limit bounds, and the place of a bounded quantity among them.
  size_t bounded() const { return bounded_.size(); }
  size_t placeOf(int quantity) const { return placeOf_[static_cast<size_t>(quantity)]; }

  // Perturbed. Models that may not answer cost more than any matter.
  const double* cost(size_t row) const { return cost_.data() + row * padded_; }
  const double* values(size_t row, size_t k) const { return values_.data() + (row * bounded() + k) * padded_; }
  // The objective as it is.
  double objective(size_t row, size_t model) const;
  // Of a bounded quantity and a model, over all rows; and of a bounded quantity, for every row, over the models.
  double low(size_t k, size_t model) const { return low_[k * models_ + model]; }
  double high(size_t k, size_t model) const { return high_[k * models_ + model]; }
  const double* least(size_t k) const { return least_.data() + k * ids_.size(); }
  const double* most(size_t k) const { return most_.data() + k * ids_.size(); }

  // Calls visit(limit, amount) for what the model adds to the limits.
  template <class Visit>
  void forEachAmount(size_t row, size_t model, const Visit& visit) const {
    const size_t rowGroup = group(row);
    const auto add = [&](const Term& term) {
      const double q = term.quantity == kRequests ? 1.0 : values(row, placeOf(term.quantity))[model];
      visit(static_cast<size_t>(term.limit), factor_[static_cast<size_t>(term.limit)] * q);
    };
    for (const Term& term : terms_->shared(rowGroup)) add(term);
    for (const Term& term : terms_->own(rowGroup, model)) add(term);
  }

  void tabulate(std::span<const double> prices, PriceTable& table) const;

 private:
  void orderRows(size_t rows);
  void loadRow(size_t row);

  const Problem* problem_ = nullptr;
  const Terms* terms_ = nullptr;
  size_t rows_ = 0;  // taken
  size_t models_ = 0, padded_ = 0, limits_ = 0;
  std::vector<uint32_t> ids_;         // per row
  std::vector<uint16_t> groups_;      // per row
  double unit_ = 1;                   // of the objective
  std::vector<double> priceUnit_;     // per limit
  std::vector<double> factor_;        // per limit, of its quantity, with its sign
  std::vector<int> bounded_;          // quantities
  std::vector<size_t> placeOf_;       // of every quantity
  std::vector<double> perturbation_;  // per model
  std::vector<double> cost_;          // rows x padded
  std::vector<double> values_;        // rows x bounded x padded
  std::vector<double> low_, high_;    // bounded x models
  std::vector<double> least_, most_;  // bounded x rows
};

}  // namespace omnirouter::assignment
