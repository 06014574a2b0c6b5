#include "assignment/simplex_basis.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace omnirouter::assignment {

namespace {

// Of as much as sums round.
constexpr double kRounding = 1e-9;

}  // namespace

void SimplexBasis::start(const ScaledBatch& batch, const std::vector<double>& prices) {
  batch_ = &batch;
  limits_ = batch.limits();
  pins_.resize(limits_);
  inverse_.assign(limits_ * limits_, 0.0);
  excess_.resize(limits_);
  weights_.resize(limits_);
  length_.resize(limits_);
  for (size_t l = 0; l < limits_; ++l) {
    pins_[l] = {-1, static_cast<int>(l), prices[l]};
    row(l)[l] = 1;
  }
  key_.resize(batch.rows());
  pinsOf_.assign(batch.rows(), 0);
  onPins_.resize(batch.rows());
  above_.resize(batch.bounded() * batch.rows());
  below_.resize(batch.bounded() * batch.rows());
}

uint64_t SimplexBasis::tied(size_t row) const {
  uint64_t models = uint64_t{1} << key_[row];
  if (pinsOf_[row] > 0)
    for (const Pin& pin : pins_)
      if (pin.row == static_cast<int>(row)) models |= uint64_t{1} << pin.index;
  return models;
}

void SimplexBasis::giveKey(size_t row, uint8_t model) {
  key_[row] = model;
  for (size_t k = 0; k < batch_->bounded(); ++k) {
    const double value = batch_->values(row, k)[model];
    above_[k * key_.size() + row] = value - batch_->least(k)[row];
    below_[k * key_.size() + row] = batch_->most(k)[row] - value;
  }
}

void SimplexBasis::addKey(size_t row) {
  batch_->forEachAmount(row, key_[row], [&](size_t l, double amount) { excess_[l] += amount; });
}

void SimplexBasis::sum() {
  for (size_t l = 0; l < limits_; ++l) excess_[l] = -batch_->bound(l);
  for (size_t i = 0; i < batch_->rows(); ++i) addKey(i);
}

void SimplexBasis::moveKey(size_t row, uint8_t model) {
  batch_->forEachAmount(row, key_[row], [&](size_t l, double amount) { excess_[l] -= amount; });
  giveKey(row, model);
  addKey(row);
}

void SimplexBasis::weighPins() {
  std::fill(weights_.begin(), weights_.end(), 0.0);
  std::fill(length_.begin(), length_.end(), 0.0);
  double *weights = weights_.data(), *length = length_.data();
  for (size_t l = 0; l < limits_; ++l) {
    const double *r = row(l), excess = excess_[l];
    for (size_t p = 0; p < limits_; ++p) {
      weights[p] -= excess * r[p];
      length[p] += r[p] * r[p];
    }
  }
  for (const Pin& pin : pins_)
    if (pin.row >= 0) onPins_[static_cast<size_t>(pin.row)] = 0;
  for (size_t p = 0; p < limits_; ++p)
    if (pins_[p].row >= 0) onPins_[static_cast<size_t>(pins_[p].row)] += weights_[p];
}

// How much the key of the pin's row lacks, for the length of the direction that lets it go. 0: nothing, or it is told by
// an earlier pin of the row.
double SimplexBasis::keyScore(size_t p, double enough) {
  const int row = pins_[p].row;
  const double amiss = std::exchange(onPins_[static_cast<size_t>(row)], 0.0) - 1;
  if (amiss <= enough) return 0;
  double length = length_[p];
  if (pinsOf_[static_cast<size_t>(row)] > 1) {
    length = 0;
    for (size_t l = 0; l < limits_; ++l) {
      double sum = 0;
      for (size_t q = p; q < limits_; ++q)
        if (pins_[q].row == row) sum += entry(l, q);
      length += sum * sum;
    }
  }
  return amiss * amiss / length;
}

// The one most amiss for the length of its direction: steepest edge (Forrest and Goldfarb, 1992).
bool SimplexBasis::chooseLeaving(double enough, Leaving& leaving) {
  enough = std::max(enough, kRounding);
  weighPins();
  double best = 0;
  bool isKey = false;
  for (size_t p = 0; p < limits_; ++p) {
    const Pin& pin = pins_[p];
    const double weight = weights_[p];
    double amiss;
    if (pin.row < 0) {
      const double tolerance = std::max(enough, kRounding * std::abs(batch_->bound(static_cast<size_t>(pin.index))));
      amiss = pin.value > 0 ? std::abs(weight) : -weight;
      if (amiss <= tolerance) continue;
    } else {
      if (const double score = keyScore(p, enough); score > best) {
        best = score;
        leaving.pin = p;
        isKey = true;
      }
      amiss = -weight;
      if (amiss <= enough) continue;
    }
    const double score = amiss * amiss / length_[p];
    if (score > best) {
      best = score;
      leaving.pin = p;
      isKey = false;
    }
  }
  if (best == 0) return false;
  if (isKey) exchangeKey(leaving.pin);
  const double weight = weights_[leaving.pin];
  leaving.sense = pins_[leaving.pin].row < 0 && weight > 0 ? -1 : 1;
  leaving.slope = std::abs(weight);
  return true;
}

// The pinned model becomes its row's key, and the key is pinned. The equations of the row's pins become
// r_j - r_new = (r_j - r_old) - (r_new - r_old), and the pin's own changes its sign.
void SimplexBasis::exchangeKey(size_t p) {
  const int split = pins_[p].row;
  const auto before = static_cast<int>(key_[static_cast<size_t>(split)]);
  moveKey(static_cast<size_t>(split), static_cast<uint8_t>(pins_[p].index));
  pins_[p].index = before;
  for (size_t l = 0; l < limits_; ++l) {
    double sum = 0;
    for (size_t q = 0; q < limits_; ++q)
      if (pins_[q].row == split) sum += entry(l, q);
    row(l)[p] = -sum;
  }
  double total = 0;
  for (size_t q = 0; q < limits_; ++q)
    if (pins_[q].row == split) total += weights_[q];
  weights_[p] = 1 - total;
}

// The product form of the inverse (Dantzig and Orchard-Hays, 1954), multiplied out: it is small.
void SimplexBasis::replace(size_t p, const Pin& by) {
  if (pins_[p].row >= 0) --pinsOf_[static_cast<size_t>(pins_[p].row)];
  pins_[p] = by;
  work_.assign(limits_, 0.0);
  if (by.row < 0) {
    work_[static_cast<size_t>(by.index)] = 1;
  } else {
    const auto split = static_cast<size_t>(by.row);
    ++pinsOf_[split];
    batch_->forEachAmount(split, static_cast<size_t>(by.index), [&](size_t l, double amount) { work_[l] += amount; });
    batch_->forEachAmount(split, key_[split], [&](size_t l, double amount) { work_[l] -= amount; });
  }
  share_.assign(limits_, 0.0);
  double* share = share_.data();
  for (size_t l = 0; l < limits_; ++l) {
    const double *r = row(l), amount = work_[l];
    if (amount == 0) continue;
    for (size_t q = 0; q < limits_; ++q) share[q] += amount * r[q];
  }
  const double pivot = share[p];
  share[p] = 0;
  for (size_t l = 0; l < limits_; ++l) {
    double* r = row(l);
    if (r[p] == 0) continue;
    const double c = r[p] /= pivot;
    for (size_t q = 0; q < limits_; ++q) r[q] -= c * share[q];
  }
}

bool SimplexBasis::refactor() {
  const size_t n = limits_, wide = 2 * n;
  work_.assign(n * wide, 0.0);  // rows: an equation, and beside it the unit matrix
  for (size_t p = 0; p < n; ++p) {
    double* equation = work_.data() + p * wide;
    if (pins_[p].row < 0) {
      equation[pins_[p].index] = 1;
    } else {
      const auto split = static_cast<size_t>(pins_[p].row);
      batch_->forEachAmount(split, static_cast<size_t>(pins_[p].index),
                            [&](size_t l, double amount) { equation[l] += amount; });
      batch_->forEachAmount(split, key_[split], [&](size_t l, double amount) { equation[l] -= amount; });
    }
    equation[n + p] = 1;
  }
  // Gauss and Jordan, with partial pivoting.
  for (size_t k = 0; k < n; ++k) {
    size_t pivot = k;
    for (size_t p = k + 1; p < n; ++p)
      if (std::abs(work_[p * wide + k]) > std::abs(work_[pivot * wide + k])) pivot = p;
    double* top = work_.data() + k * wide;
    if (pivot != k) std::swap_ranges(top, top + wide, work_.data() + pivot * wide);
    if (!(std::abs(top[k]) > 1e-12)) return false;
    const double scale = 1 / top[k];
    for (size_t e = k; e < wide; ++e) top[e] *= scale;
    for (size_t p = 0; p < n; ++p) {
      double* other = work_.data() + p * wide;
      const double share = other[k];
      if (p == k || share == 0) continue;
      for (size_t e = k; e < wide; ++e) other[e] -= share * top[e];
    }
  }
  for (size_t l = 0; l < n; ++l) std::copy_n(work_.data() + l * wide + n, n, row(l));
  sum();
  return true;
}

void SimplexBasis::prices(std::vector<double>& out) const {
  out.assign(limits_, 0.0);
  for (size_t p = 0; p < limits_; ++p) {
    const Pin& pin = pins_[p];
    double value = pin.value;
    if (pin.row >= 0) {
      const auto split = static_cast<size_t>(pin.row);
      value = batch_->objective(split, key_[split]) - batch_->objective(split, static_cast<size_t>(pin.index));
    }
    if (value == 0) continue;
    for (size_t l = 0; l < limits_; ++l) out[l] += value * entry(l, p);
  }
  for (double& price : out) price = std::max(0.0, price);
}

void SimplexBasis::roundTo(uint8_t* choice) const {
  for (size_t i = 0; i < batch_->rows(); ++i) choice[batch_->id(i)] = key_[i];
  for (size_t p = 0; p < limits_; ++p) {
    if (pins_[p].row < 0) continue;
    double total = 0, most = 0;
    int model = 0;
    for (size_t q = 0; q < limits_; ++q) {
      if (pins_[q].row != pins_[p].row) continue;
      total += weights_[q];
      if (weights_[q] > most) {
        most = weights_[q];
        model = pins_[q].index;
      }
    }
    if (most > 1 - total) choice[batch_->id(static_cast<size_t>(pins_[p].row))] = static_cast<uint8_t>(model);
  }
}

}  // namespace omnirouter::assignment
