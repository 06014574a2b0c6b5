#include "assignment/scaled_batch.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "assignment/kernels/softmin_row.h"
#include "compute/random.h"

namespace omnirouter::assignment {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kForbidden = 1e200;
// Of the objective's spread: rules out cycling among ties.
constexpr double kPerturbation = 1e-9;
constexpr double kGoldenRatio = 0.6180339887498949;
constexpr size_t kNowhere = ~size_t{0};

}  // namespace

void ScaledBatch::load(const Problem& problem, const Terms& terms, const Scale& scale) {
  problem_ = &problem;
  terms_ = &terms;
  models_ = problem.models;
  padded_ = paddedToEight(models_);
  limits_ = problem.limits.size();
  unit_ = scale.objective;
  perturbation_.resize(models_);
  for (size_t j = 0; j < models_; ++j) perturbation_[j] = static_cast<double>(compute::hash(1, j) >> 11) * 0x1p-53;
  priceUnit_.resize(limits_);
  factor_.resize(limits_);
  bounded_.clear();
  placeOf_.assign(problem.quantities.size(), kNowhere);
  for (size_t l = 0; l < limits_; ++l) {
    const Limit& limit = problem.limits[l];
    priceUnit_[l] = scale.price[static_cast<Eigen::Index>(l)];
    factor_[l] = limit.sign() * priceUnit_[l] / unit_;
    if (limit.quantity == kRequests || placeOf(limit.quantity) != kNowhere) continue;
    placeOf_[static_cast<size_t>(limit.quantity)] = bounded_.size();
    bounded_.push_back(limit.quantity);
  }
  orderRows(problem.rows);
  low_.assign(bounded() * models_, kNever);
  high_.assign(bounded() * models_, -kNever);
  least_.resize(bounded() * rows_);
  most_.resize(bounded() * rows_);
  cost_.resize(rows_ * padded_);
  values_.resize(rows_ * bounded() * padded_);
  for (size_t i = 0; i < rows_; ++i) loadRow(i);
}

void ScaledBatch::orderRows(size_t rows) {
  rows_ = rows;
  ids_.resize(rows);
  groups_.resize(rows);
  size_t stride = static_cast<size_t>(kGoldenRatio * static_cast<double>(rows));
  while (std::gcd(stride, rows) > 1) ++stride;
  for (size_t i = 0, id = 0; i < rows; ++i, id = (id + stride) % rows) {
    ids_[i] = static_cast<uint32_t>(id);
    groups_[i] = static_cast<uint16_t>(problem_->group(id));
  }
}

void ScaledBatch::loadRow(size_t row) {
  const Problem& problem = *problem_;
  const size_t rowGroup = group(row), id = ids_[row];
  double* cost = cost_.data() + row * padded_;
  // No two rows alike, nor any two models: their bends do not come at once.
  const double share = kPerturbation * (1 + static_cast<double>(compute::hash(0, id) >> 11) * 0x1p-53);
  for (size_t j = 0; j < models_; ++j) cost[j] = share * perturbation_[j];
  for (size_t k = 0; k < problem.quantities.size(); ++k) {
    const double weight = problem.weight(k, rowGroup) / unit_;
    if (weight == 0) continue;
    const float* q = problem.row(k, id);
    for (size_t j = 0; j < models_; ++j) cost[j] += weight * static_cast<double>(q[j]);
  }
  const uint64_t allowed = problem.allowedModels(id);
  if (allowed != problem.everyModel())
    for (size_t j = 0; j < models_; ++j)
      if ((allowed >> j & 1) == 0) cost[j] = kForbidden;
  for (size_t j = models_; j < padded_; ++j) cost[j] = kForbidden;
  for (size_t k = 0; k < bounded(); ++k) {
    const float* q = problem.row(static_cast<size_t>(bounded_[k]), id);
    double* values = values_.data() + (row * bounded() + k) * padded_;
    double *low = low_.data() + k * models_, *high = high_.data() + k * models_;
    double least = kNever, most = -kNever;
    for (size_t j = 0; j < models_; ++j) {
      const auto x = static_cast<double>(q[j]);
      values[j] = x;
      low[j] = std::min(low[j], x);
      high[j] = std::max(high[j], x);
      least = std::min(least, x);
      most = std::max(most, x);
    }
    for (size_t j = models_; j < padded_; ++j) values[j] = 0;
    least_[k * rows_ + row] = least;
    most_[k * rows_ + row] = most;
  }
}

double ScaledBatch::objective(size_t row, size_t model) const {
  const size_t rowGroup = group(row);
  double sum = 0;
  for (size_t k = 0; k < problem_->quantities.size(); ++k)
    sum += problem_->weight(k, rowGroup) / unit_ * static_cast<double>(problem_->row(k, id(row))[model]);
  return sum;
}

void ScaledBatch::tabulate(std::span<const double> prices, PriceTable& table) const {
  table.base.assign(groups() * padded_, 0.0);
  table.weight.assign(groups() * bounded() * padded_, 0.0);
  for (size_t l = 0; l < limits_; ++l) {
    const double price = prices[l] * factor_[l];
    if (price == 0) continue;
    const Limit& of = limit(l);
    const size_t first = of.group == kAll ? 0 : static_cast<size_t>(of.group);
    const size_t last = of.group == kAll ? groups() : first + 1;
    for (size_t g = first; g < last; ++g) {
      double* values = of.quantity == kRequests
                           ? table.base.data() + g * padded_
                           : table.weight.data() + (g * bounded() + placeOf(of.quantity)) * padded_;
      if (of.model != kAll)
        values[of.model] += price;
      else
        for (size_t j = 0; j < models_; ++j) values[j] += price;
    }
  }
}

}  // namespace omnirouter::assignment
