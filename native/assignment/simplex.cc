#include "assignment/simplex.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compute/random.h"

namespace omnirouter::assignment {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kForbidden = 1e200;
constexpr double kPerturbation = 1e-9;
// Weights this far below 0 are.
constexpr double kFeasible = 1e-9;
// Rates of change, and pivots, that are taken for 0, beside the direction's largest entry.
constexpr double kNoRate = 1e-10;
constexpr size_t kMostRows = 4096, kMostLimits = 96, kMostGroups = 64;
// How far prices are sent along a ray, in natural units.
constexpr double kFar = 1e6;
constexpr int kRefactorAfter = 100;
// The next step is expected to be no longer than so many times the last; where it is, more rows are looked at.
constexpr double kLonger = 2, kMuchLonger = 8;

}  // namespace

bool Simplex::suits(const Problem& problem) {
  return problem.rows <= kMostRows && problem.limits.size() <= kMostLimits && problem.groupCount <= kMostGroups;
}

Simplex::Outcome Simplex::maximise(const Problem& problem, const Terms& terms, const Scale& scale,
                                   const compute::CancelFlag& cancel, Eigen::VectorXd& prices) {
  load(problem, terms, scale, prices);
  chooseKeys();
  Outcome outcome = Outcome::stopped;
  const int most = 200 + 40 * static_cast<int>(limits_) + static_cast<int>(rows_);
  int sinceRefactored = 0;
  bool refreshed = false;
  for (steps_ = 0; steps_ < most; ++steps_) {
    if (++sinceRefactored > kRefactorAfter) {
      sinceRefactored = 0;
      if (!refactor()) break;
    }
    if ((steps_ & 15) == 15) {
      cancel.throwIfRaised();
      if (cancel.timeIsUp()) break;
    }
    weighPins();
    if (!pickLeaving()) {
      // The prices have come here step by step: once more from the basis itself.
      if (sinceRefactored > 1 && !refreshed && limits_ > 0) {
        refreshed = true;
        sinceRefactored = 0;
        if (!refactor()) break;
        continue;
      }
      outcome = Outcome::optimal;
      break;
    }
    refreshed = false;
    if (step() == Outcome::unbounded) {
      outcome = Outcome::unbounded;
      break;
    }
  }
  if (outcome == Outcome::unbounded) {
    const double far = kFar / *std::max_element(direction_.begin(), direction_.end());
    for (size_t l = 0; l < limits_; ++l)
      prices[static_cast<Eigen::Index>(l)] = std::max(0.0, direction_[l]) * far * priceUnit_[l];
    return outcome;
  }
  if (outcome == Outcome::optimal)
    finish(prices);
  else
    for (size_t l = 0; l < limits_; ++l) prices[static_cast<Eigen::Index>(l)] = y_[l] * priceUnit_[l];
  return outcome;
}

void Simplex::load(const Problem& problem, const Terms& terms, const Scale& scale, const Eigen::VectorXd& prices) {
  problem_ = &problem;
  terms_ = &terms;
  rows_ = problem.rows;
  models_ = problem.models;
  limits_ = problem.limits.size();
  unit_ = scale.objective;
  priceUnit_.resize(limits_);
  factor_.resize(limits_);
  y_.resize(limits_);
  bounded_.clear();
  channelOf_.assign(problem.quantities.size(), -1);
  for (size_t l = 0; l < limits_; ++l) {
    const auto e = static_cast<Eigen::Index>(l);
    const Limit& limit = problem.limits[l];
    priceUnit_[l] = scale.price[e];
    factor_[l] = limit.sign() * scale.price[e] / unit_;
    y_[l] = prices[e] / scale.price[e];
    if (limit.quantity == kRequests || channelOf_[static_cast<size_t>(limit.quantity)] >= 0) continue;
    channelOf_[static_cast<size_t>(limit.quantity)] = static_cast<int>(bounded_.size());
    bounded_.push_back(limit.quantity);
  }
  low_.assign(bounded_.size() * models_, kNever);
  high_.assign(bounded_.size() * models_, -kNever);
  cost_.resize(rows_ * models_);
  for (size_t i = 0; i < rows_; ++i) {
    const uint64_t allowed = problem.allowedModels(i);
    double* cost = cost_.data() + i * models_;
    for (size_t j = 0; j < models_; ++j) {
      // Multiples of the golden ratio: cheap, and no two rows of equal models alike.
      const double noise = static_cast<double>(compute::hash(i, j) >> 11) * 0x1p-53;
      cost[j] = (allowed >> j & 1) != 0 ? objectiveOf(i, j) + kPerturbation * noise : kForbidden;
    }
    for (size_t k = 0; k < bounded_.size(); ++k) {
      const float* q = problem.row(static_cast<size_t>(bounded_[k]), i);
      double *low = low_.data() + k * models_, *high = high_.data() + k * models_;
      for (size_t j = 0; j < models_; ++j) {
        low[j] = std::min(low[j], static_cast<double>(q[j]));
        high[j] = std::max(high[j], static_cast<double>(q[j]));
      }
    }
  }
  pins_.resize(limits_);
  inverse_.assign(limits_ * limits_, 0.0);
  excess_.resize(limits_);
  weights_.resize(limits_);
  direction_.resize(limits_);
  for (size_t l = 0; l < limits_; ++l) {
    pins_[l] = {-1, static_cast<int>(l), y_[l]};
    column(l)[l] = 1;
    excess_[l] = -problem.limits[l].bound * factor_[l];
  }
  key_.resize(rows_);
  pinsOf_.assign(rows_, 0);
  regret_.resize(rows_);
  seen_.assign(rows_, 0);
  stamp_ = 0;
  lastStep_ = kNever;
  length_.resize(limits_);
}

double Simplex::objectiveOf(size_t row, size_t model) const {
  const size_t group = problem_->group(row);
  double sum = 0;
  for (size_t k = 0; k < problem_->quantities.size(); ++k) {
    const double weight = problem_->weight(k, group);
    if (weight != 0) sum += weight * static_cast<double>(problem_->row(k, row)[model]);
  }
  return sum / unit_;
}

void Simplex::tabulate(const std::vector<double>& y, Table& table) const {
  const size_t groups = problem_->groupCount, channels = bounded_.size();
  table.base.assign(groups * models_, 0.0);
  table.weight.assign(groups * channels * models_, 0.0);
  for (size_t l = 0; l < limits_; ++l) {
    const double price = y[l] * factor_[l];
    if (price == 0) continue;
    const Limit& limit = problem_->limits[l];
    const size_t firstGroup = limit.group == kAll ? 0 : static_cast<size_t>(limit.group);
    const size_t lastGroup = limit.group == kAll ? groups : firstGroup + 1;
    for (size_t g = firstGroup; g < lastGroup; ++g) {
      double* values =
          limit.quantity == kRequests
              ? table.base.data() + g * models_
              : table.weight.data() +
                    (g * channels + static_cast<size_t>(channelOf_[static_cast<size_t>(limit.quantity)])) * models_;
      if (limit.model != kAll)
        values[limit.model] += price;
      else
        for (size_t j = 0; j < models_; ++j) values[j] += price;
    }
  }
}

// What the table says of a row's models; with the objective, reduced values.
void Simplex::reduced(size_t row, const Table& table, bool withObjective, double* out) const {
  const size_t group = problem_->group(row), channels = bounded_.size();
  const double* base = table.base.data() + group * models_;
  if (withObjective) {
    const double* cost = cost_.data() + row * models_;
    for (size_t j = 0; j < models_; ++j) out[j] = cost[j] + base[j];
  } else {
    for (size_t j = 0; j < models_; ++j) out[j] = base[j];
  }
  for (size_t k = 0; k < channels; ++k) {
    const double* weight = table.weight.data() + (group * channels + k) * models_;
    const float* q = problem_->row(static_cast<size_t>(bounded_[k]), row);
    for (size_t j = 0; j < models_; ++j) out[j] += weight[j] * static_cast<double>(q[j]);
  }
}

// Into entries_: what the model adds to the limits, times `sign`.
void Simplex::columnOf(size_t row, size_t model, double sign) {
  const size_t group = problem_->group(row);
  const auto add = [&](const Term& term) {
    const auto l = static_cast<size_t>(term.limit);
    const double q = term.quantity == kRequests
                         ? 1.0
                         : static_cast<double>(problem_->row(static_cast<size_t>(term.quantity), row)[model]);
    entries_.push_back({l, sign * factor_[l] * q});
  };
  for (const Term& term : terms_->shared(group)) add(term);
  for (const Term& term : terms_->own(group, model)) add(term);
}

void Simplex::addKey(size_t row, double sign) {
  entries_.clear();
  columnOf(row, key_[row], sign);
  for (const Entry& e : entries_) excess_[e.limit] += e.amount;
}

void Simplex::chooseKeys() {
  tabulate(y_, priced_);
  double r[kMaxModels];
  for (size_t i = 0; i < rows_; ++i) {
    reduced(i, priced_, true, r);
    size_t best = 0;
    for (size_t j = 1; j < models_; ++j)
      if (r[j] < r[best]) best = j;
    double second = kNever;
    for (size_t j = 0; j < models_; ++j)
      if (j != best) second = std::min(second, r[j]);
    key_[i] = static_cast<uint8_t>(best);
    regret_[i] = second - r[best];
    addKey(i, 1);
  }
}

// The pins' weights: of a model, its share of the query; of a limit, its slack.
void Simplex::weighPins() {
  for (size_t p = 0; p < limits_; ++p) {
    const double* c = column(p);
    double weight = 0, length = 0;
    for (size_t l = 0; l < limits_; ++l) {
      weight -= excess_[l] * c[l];
      length += c[l] * c[l];
    }
    weights_[p] = weight;
    length_[p] = length;
  }
}

// The pin to let go, and whichever way. False: the basis is optimal.
bool Simplex::pickLeaving() {
  double best = 0;
  bool isKey = false;
  for (size_t p = 0; p < limits_; ++p) {
    const Pin& pin = pins_[p];
    const double weight = weights_[p];
    double amiss;
    if (pin.row < 0) {
      // Of as much as the limit's own sum rounds.
      const double tolerance = kFeasible * (1 + std::abs(problem_->limits[static_cast<size_t>(pin.index)].bound *
                                                         factor_[static_cast<size_t>(pin.index)]));
      amiss = pin.value > 0 ? std::abs(weight) : -weight;
      if (amiss <= tolerance) continue;
    } else {
      // The keys of split rows are looked at with the first of the row's pins.
      double total = 0;
      bool first = true;
      for (size_t q = 0; q < limits_; ++q) {
        if (pins_[q].row != pin.row) continue;
        total += weights_[q];
        first &= q >= p;
      }
      if (first && total > 1 + kFeasible) {
        double length = 0;
        for (size_t l = 0; l < limits_; ++l) {
          double sum = 0;
          for (size_t q = 0; q < limits_; ++q)
            if (pins_[q].row == pin.row) sum += column(q)[l];
          length += sum * sum;
        }
        const double score = (total - 1) * (total - 1) / length;
        if (score > best) {
          best = score;
          leaving_ = p;
          isKey = true;
        }
      }
      amiss = -weight;
      if (amiss <= kFeasible) continue;
    }
    const double score = amiss * amiss / length_[p];
    if (score > best) {
      best = score;
      leaving_ = p;
      isKey = false;
    }
  }
  if (best == 0) return false;
  if (isKey) exchangeKey(leaving_);
  const Pin& pin = pins_[leaving_];
  sense_ = pin.row < 0 && weights_[leaving_] > 0 ? -1 : 1;
  slope_ = std::abs(weights_[leaving_]);
  return true;
}

// The pinned model becomes its row's key, and the key is pinned. The equations of the row's pins become
// r_j - r_new = (r_j - r_old) - (r_new - r_old), and the pin's own changes its sign.
void Simplex::exchangeKey(size_t pin) {
  const auto row = static_cast<size_t>(pins_[pin].row);
  addKey(row, -1);
  std::swap(key_[row], reinterpret_cast<uint8_t&>(pins_[pin].index));
  addKey(row, 1);
  double* c = column(pin);
  double total = 0;
  for (size_t q = 0; q < limits_; ++q) {
    if (pins_[q].row != static_cast<int>(row)) continue;
    total += weights_[q];
    if (q == pin) continue;
    const double* other = column(q);
    for (size_t l = 0; l < limits_; ++l) c[l] += other[l];
  }
  for (size_t l = 0; l < limits_; ++l) c[l] = -c[l];
  weights_[pin] = 1 - total;
  regret_[row] = 0;
}

// The row's models that its pins tie to the key.
uint64_t Simplex::pinned(size_t row) const {
  uint64_t models = 0;
  for (const Pin& pin : pins_)
    if (pin.row == static_cast<int>(row)) models |= uint64_t{1} << pin.index;
  return models;
}

// The first model to overtake `from` on the way, no sooner than `after`.
void Simplex::bendOf(size_t row, uint8_t from, double after, const double* r, const double* v, double tiny) {
  const uint64_t tied = pinsOf_[row] > 0 ? pinned(row) : 0;
  Bend bend{kNever, static_cast<uint32_t>(row), 0, 0};
  for (size_t j = 0; j < models_; ++j) {
    const double faster = v[from] - v[j];
    if (!(faster > tiny) || (tied >> j & 1) != 0) continue;
    const double at = (r[j] - r[from]) / faster;
    if (at < bend.at) {
      bend.at = at;
      bend.model = static_cast<uint8_t>(j);
      bend.drop = faster;
    }
  }
  if (bend.at == kNever) return;
  bend.at = std::max(bend.at, after);
  bends_.push_back(bend);
  std::push_heap(bends_.begin(), bends_.end());
}

// Looks at all rows that can bend within `reach` and were not looked at before.
void Simplex::findBends(double reach, double tiny) {
  double r[kMaxModels], v[kMaxModels];
  for (size_t i = 0; i < rows_; ++i) {
    if (seen_[i] == stamp_ || !(regret_[i] <= reach * spread_[problem_->group(i)])) continue;
    seen_[i] = stamp_;
    reduced(i, priced_, true, r);
    reduced(i, rates_, false, v);
    const uint8_t key = key_[i];
    const uint64_t tied = uint64_t{1} << key | (pinsOf_[i] > 0 ? pinned(i) : 0);
    double least = kNever;
    for (size_t j = 0; j < models_; ++j)
      if ((tied >> j & 1) == 0) least = std::min(least, r[j]);
    regret_[i] = least - r[key];
    bendOf(i, key, 0, r, v, tiny);
  }
}

Simplex::Outcome Simplex::step() {
  const double* c = column(leaving_);
  double largest = 0;
  for (size_t l = 0; l < limits_; ++l) {
    direction_[l] = sense_ * c[l];
    largest = std::max(largest, std::abs(direction_[l]));
  }
  const double tiny = kNoRate * largest;
  for (double& d : direction_)
    if (std::abs(d) < tiny) d = 0;
  // Where a price would fall below 0.
  double wall = kNever;
  size_t wallLimit = limits_;
  for (size_t l = 0; l < limits_; ++l) {
    if (!(direction_[l] < 0)) continue;
    const double at = y_[l] / -direction_[l];
    if (at >= wall) continue;
    bool held = false;
    for (size_t p = 0; p < limits_; ++p) held |= p != leaving_ && pins_[p].row < 0 && pins_[p].index == static_cast<int>(l);
    if (held) continue;
    wall = at;
    wallLimit = l;
  }
  tabulate(direction_, rates_);
  spread_.resize(problem_->groupCount);
  const size_t channels = bounded_.size();
  for (size_t g = 0; g < problem_->groupCount; ++g) {
    double fastest = -kNever, slowest = kNever;
    for (size_t j = 0; j < models_; ++j) {
      double least = rates_.base[g * models_ + j], most = least;
      for (size_t k = 0; k < channels; ++k) {
        const double w = rates_.weight[(g * channels + k) * models_ + j];
        const double a = w * low_[k * models_ + j], b = w * high_[k * models_ + j];
        least += std::min(a, b);
        most += std::max(a, b);
      }
      fastest = std::max(fastest, most);
      slowest = std::min(slowest, least);
    }
    spread_[g] = (fastest - slowest) * (1 + 1e-12);
  }

  ++stamp_;
  bends_.clear();
  double reach = std::min(kLonger * lastStep_, wall);
  findBends(reach, tiny);
  double length = 0, slope = slope_;
  Pin entering{-1, -1, 0};
  for (;;) {
    const double next = bends_.empty() ? kNever : bends_.front().at;
    if (next > reach && reach < wall) {
      reach = bends_.empty() ? (reach > 1e9 ? wall : kMuchLonger * std::max(reach, 1e-12)) : std::min(wall, std::max(next, kMuchLonger * reach));
      findBends(reach, tiny);
      continue;
    }
    if (next >= wall) {
      if (wall == kNever) return Outcome::unbounded;
      length = wall;
      entering = {-1, static_cast<int>(wallLimit), 0};
      break;
    }
    std::pop_heap(bends_.begin(), bends_.end());
    const Bend bend = bends_.back();
    bends_.pop_back();
    length = bend.at;
    slope -= bend.drop;
    // A row that is split already cannot be passed: its pins would lose their meaning.
    if (slope <= 0 || pinsOf_[bend.row] > 0) {
      entering = {static_cast<int>(bend.row), bend.model, 0};
      break;
    }
    addKey(bend.row, -1);
    key_[bend.row] = bend.model;
    addKey(bend.row, 1);
    double r[kMaxModels], v[kMaxModels];
    reduced(bend.row, priced_, true, r);
    reduced(bend.row, rates_, false, v);
    bendOf(bend.row, bend.model, length, r, v, tiny);
    regret_[bend.row] = -kNever;
  }
  for (size_t l = 0; l < limits_; ++l) y_[l] = std::max(0.0, y_[l] + length * direction_[l]);
  if (entering.row < 0) y_[static_cast<size_t>(entering.index)] = 0;
  for (size_t i = 0; i < rows_; ++i) regret_[i] -= length * spread_[problem_->group(i)];
  lastStep_ = std::max(length, 1e-9);
  tabulate(y_, priced_);
  replace(leaving_, entering);
  return Outcome::optimal;
}

void Simplex::replace(size_t pin, Pin by) {
  if (pins_[pin].row >= 0) {
    --pinsOf_[static_cast<size_t>(pins_[pin].row)];
    regret_[static_cast<size_t>(pins_[pin].row)] = -kNever;
  }
  pins_[pin] = by;
  entries_.clear();
  if (by.row < 0) {
    entries_.push_back({static_cast<size_t>(by.index), 1.0});
  } else {
    const auto row = static_cast<size_t>(by.row);
    ++pinsOf_[row];
    regret_[row] = -kNever;
    columnOf(row, static_cast<size_t>(by.index), 1);
    columnOf(row, key_[row], -1);
  }
  double* c = column(pin);
  double pivot = 0;
  for (const Entry& e : entries_) pivot += e.amount * c[e.limit];
  for (size_t l = 0; l < limits_; ++l) c[l] /= pivot;
  for (size_t q = 0; q < limits_; ++q) {
    if (q == pin) continue;
    double* other = column(q);
    double share = 0;
    for (const Entry& e : entries_) share += e.amount * other[e.limit];
    if (share == 0) continue;
    for (size_t l = 0; l < limits_; ++l) other[l] -= share * c[l];
  }
}

// The inverse and the sums afresh. False: the pins' equations have no inverse to speak of.
bool Simplex::refactor() {
  const size_t n = limits_;
  work_.assign(n * 2 * n, 0.0);  // rows: an equation, and beside it the unit matrix
  for (size_t p = 0; p < n; ++p) {
    entries_.clear();
    if (pins_[p].row < 0) {
      entries_.push_back({static_cast<size_t>(pins_[p].index), 1.0});
    } else {
      columnOf(static_cast<size_t>(pins_[p].row), static_cast<size_t>(pins_[p].index), 1);
      columnOf(static_cast<size_t>(pins_[p].row), key_[static_cast<size_t>(pins_[p].row)], -1);
    }
    for (const Entry& e : entries_) work_[p * 2 * n + e.limit] += e.amount;
    work_[p * 2 * n + n + p] = 1;
  }
  for (size_t k = 0; k < n; ++k) {
    size_t pivot = k;
    for (size_t p = k + 1; p < n; ++p)
      if (std::abs(work_[p * 2 * n + k]) > std::abs(work_[pivot * 2 * n + k])) pivot = p;
    double* top = work_.data() + k * 2 * n;
    if (pivot != k) std::swap_ranges(top, top + 2 * n, work_.data() + pivot * 2 * n);
    if (!(std::abs(top[k]) > 1e-12)) return false;
    const double scale = 1 / top[k];
    for (size_t e = k; e < 2 * n; ++e) top[e] *= scale;
    for (size_t p = 0; p < n; ++p) {
      double* row = work_.data() + p * 2 * n;
      const double share = row[k];
      if (p == k || share == 0) continue;
      for (size_t e = k; e < 2 * n; ++e) row[e] -= share * top[e];
    }
  }
  for (size_t p = 0; p < n; ++p)
    for (size_t l = 0; l < n; ++l) column(p)[l] = work_[l * 2 * n + n + p];
  for (size_t l = 0; l < n; ++l) excess_[l] = -problem_->limits[l].bound * factor_[l];
  for (size_t i = 0; i < rows_; ++i) addKey(i, 1);
  return true;
}

// The prices that the pins' equations have.
void Simplex::pricesOf(bool perturbed, std::vector<double>& y) const {
  y.assign(limits_, 0.0);
  for (size_t p = 0; p < limits_; ++p) {
    const Pin& pin = pins_[p];
    double value = pin.value;
    if (pin.row >= 0) {
      const auto row = static_cast<size_t>(pin.row), model = static_cast<size_t>(pin.index);
      value = perturbed ? cost_[row * models_ + key_[row]] - cost_[row * models_ + model]
                        : objectiveOf(row, key_[row]) - objectiveOf(row, model);
    }
    if (value == 0) continue;
    const double* c = column(p);
    for (size_t l = 0; l < limits_; ++l) y[l] += value * c[l];
  }
}

void Simplex::finish(Eigen::VectorXd& prices) const {
  std::vector<double> y;
  pricesOf(false, y);
  for (size_t l = 0; l < limits_; ++l) prices[static_cast<Eigen::Index>(l)] = std::max(0.0, y[l]) * priceUnit_[l];
}

void Simplex::roundTo(uint8_t* choice) const {
  std::copy(key_.begin(), key_.end(), choice);
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
    if (most > 1 - total) choice[pins_[p].row] = static_cast<uint8_t>(model);
  }
}

}  // namespace omnirouter::assignment
