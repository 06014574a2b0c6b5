#include "assignment/simplex.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "assignment/kernels/softmin_row.h"
#include "compute/random.h"

namespace omnirouter::assignment {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kForbidden = 1e200, kAtNoTime = 1e100;
constexpr double kPerturbation = 1e-9;
// Weights this far below 0 are.
constexpr double kFeasible = 1e-9;
// Rates of change, and pivots, that are taken for 0, beside the direction's largest entry.
constexpr double kNoRate = 1e-10;
constexpr size_t kMostRows = 2048, kMostLimits = 96, kMostGroups = 64;
// How far prices are sent along a ray, in natural units.
constexpr double kFar = 1e6;
constexpr int kRefactorAfter = 100;
// The next step is expected to be no longer than so many times the last; where it is, more rows are looked at.
constexpr double kLonger = 2, kMuchLonger = 8, kShortest = 1e-9;

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
    if (!step()) {
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
  kernel_ = findFirstBend(compute::isa());
  rows_ = problem.rows;
  models_ = problem.models;
  padded_ = paddedToEight(models_);
  limits_ = problem.limits.size();
  unit_ = scale.objective;
  priceUnit_.resize(limits_);
  factor_.resize(limits_);
  y_.resize(limits_);
  bounded_.clear();
  constexpr size_t kNowhere = ~size_t{0};
  placeOf_.assign(problem.quantities.size(), kNowhere);
  for (size_t l = 0; l < limits_; ++l) {
    const auto e = static_cast<Eigen::Index>(l);
    const Limit& limit = problem.limits[l];
    priceUnit_[l] = scale.price[e];
    factor_[l] = limit.sign() * scale.price[e] / unit_;
    y_[l] = prices[e] / scale.price[e];
    if (limit.quantity == kRequests || placeOf_[static_cast<size_t>(limit.quantity)] != kNowhere) continue;
    placeOf_[static_cast<size_t>(limit.quantity)] = bounded_.size();
    bounded_.push_back(limit.quantity);
  }
  low_.assign(bounded_.size() * models_, kNever);
  high_.assign(bounded_.size() * models_, -kNever);
  least_.resize(bounded_.size() * rows_);
  most_.resize(bounded_.size() * rows_);
  cost_.resize(rows_ * padded_);
  values_.resize(rows_ * bounded_.size() * padded_);
  for (size_t i = 0; i < rows_; ++i) loadRow(i);

  pins_.resize(limits_);
  inverse_.assign(limits_ * limits_, 0.0);
  excess_.resize(limits_);
  weights_.resize(limits_);
  length_.resize(limits_);
  direction_.resize(limits_);
  for (size_t l = 0; l < limits_; ++l) {
    pins_[l] = {-1, static_cast<int>(l), y_[l]};
    column(l)[l] = 1;
    excess_[l] = -problem.limits[l].bound * factor_[l];
  }
  key_.resize(rows_);
  pinsOf_.assign(rows_, 0);
  regret_.resize(rows_);
  rise_.resize(rows_);
  looked_.resize(rows_);
  lastStep_ = kNever;
}

void Simplex::loadRow(size_t row) {
  const Problem& problem = *problem_;
  const size_t group = problem.group(row);
  double* cost = cost_.data() + row * padded_;
  // No two rows alike: their bends do not come at once.
  for (size_t j = 0; j < models_; ++j)
    cost[j] = kPerturbation * static_cast<double>(compute::hash(row, j) >> 11) * 0x1p-53;
  for (size_t k = 0; k < problem.quantities.size(); ++k) {
    const double weight = problem.weight(k, group) / unit_;
    if (weight == 0) continue;
    const float* q = problem.row(k, row);
    for (size_t j = 0; j < models_; ++j) cost[j] += weight * static_cast<double>(q[j]);
  }
  const uint64_t allowed = problem.allowedModels(row);
  if (allowed != problem.everyModel())
    for (size_t j = 0; j < models_; ++j)
      if ((allowed >> j & 1) == 0) cost[j] = kForbidden;
  for (size_t j = models_; j < padded_; ++j) cost[j] = kForbidden;
  for (size_t k = 0; k < bounded_.size(); ++k) {
    const float* q = problem.row(static_cast<size_t>(bounded_[k]), row);
    double* values = values_.data() + (row * bounded_.size() + k) * padded_;
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

// As it is, not perturbed.
double Simplex::objectiveOf(size_t row, size_t model) const {
  const size_t group = problem_->group(row);
  double sum = 0;
  for (size_t k = 0; k < problem_->quantities.size(); ++k)
    sum += problem_->weight(k, group) / unit_ * static_cast<double>(problem_->row(k, row)[model]);
  return sum;
}

void Simplex::tabulate(const std::vector<double>& y, Table& table) const {
  const size_t groups = problem_->groupCount, bounded = bounded_.size();
  table.base.assign(groups * padded_, 0.0);
  table.weight.assign(groups * bounded * padded_, 0.0);
  for (size_t l = 0; l < limits_; ++l) {
    const double price = y[l] * factor_[l];
    if (price == 0) continue;
    const Limit& limit = problem_->limits[l];
    const size_t first = limit.group == kAll ? 0 : static_cast<size_t>(limit.group);
    const size_t last = limit.group == kAll ? groups : first + 1;
    for (size_t g = first; g < last; ++g) {
      double* values =
          limit.quantity == kRequests
              ? table.base.data() + g * padded_
              : table.weight.data() + (g * bounded + placeOf_[static_cast<size_t>(limit.quantity)]) * padded_;
      if (limit.model != kAll)
        values[limit.model] += price;
      else
        for (size_t j = 0; j < models_; ++j) values[j] += price;
    }
  }
}

// Into entries_: what the model adds to the limits, times `sign`.
void Simplex::columnOf(size_t row, size_t model, double sign) {
  const size_t group = problem_->group(row);
  const auto add = [&](const Term& term) {
    const auto l = static_cast<size_t>(term.limit);
    const double q = term.quantity == kRequests ? 1.0 : value(row, placeOf_[static_cast<size_t>(term.quantity)])[model];
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

void Simplex::setKey(size_t row, uint8_t model) {
  addKey(row, -1);
  key_[row] = model;
  addKey(row, 1);
}

void Simplex::chooseKeys() {
  tabulate(y_, priced_);
  double r[kMaxModels];
  for (size_t i = 0; i < rows_; ++i) {
    const size_t group = problem_->group(i);
    const double *cost = cost_.data() + i * padded_, *base = priced_.base.data() + group * padded_;
    for (size_t j = 0; j < models_; ++j) r[j] = cost[j] + base[j];
    for (size_t k = 0; k < bounded_.size(); ++k) {
      const double *weight = priced_.weight.data() + (group * bounded_.size() + k) * padded_, *q = value(i, k);
      for (size_t j = 0; j < models_; ++j) r[j] += weight[j] * q[j];
    }
    double least = r[0], second = kNever;
    size_t best = 0;
    for (size_t j = 1; j < models_; ++j) {
      second = std::min(second, std::max(r[j], least));
      if (r[j] < least) best = j;
      least = std::min(r[j], least);
    }
    key_[i] = static_cast<uint8_t>(best);
    regret_[i] = second - least;
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

// How much the key of the pin's row lacks, for the length of the direction that lets it go. 0: nothing, or it is told by
// an earlier pin of the row.
double Simplex::keyScore(size_t pin) {
  const int row = pins_[pin].row;
  double total = weights_[pin], length = length_[pin];
  if (pinsOf_[static_cast<size_t>(row)] > 1) {
    work_.assign(limits_, 0.0);
    total = length = 0;
    for (size_t q = 0; q < limits_; ++q) {
      if (pins_[q].row != row) continue;
      if (q < pin) return 0;
      total += weights_[q];
      const double* c = column(q);
      for (size_t l = 0; l < limits_; ++l) work_[l] += c[l];
    }
    for (size_t l = 0; l < limits_; ++l) length += work_[l] * work_[l];
  }
  return total > 1 + kFeasible ? (total - 1) * (total - 1) / length : 0;
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
      if (const double score = keyScore(p); score > best) {
        best = score;
        leaving_ = p;
        isKey = true;
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
  slope_ = std::abs(weights_[leaving_]);
  return true;
}

// The pinned model becomes its row's key, and the key is pinned. The equations of the row's pins become
// r_j - r_new = (r_j - r_old) - (r_new - r_old), and the pin's own changes its sign.
void Simplex::exchangeKey(size_t pin) {
  const auto row = static_cast<size_t>(pins_[pin].row);
  const auto before = static_cast<int>(key_[row]);
  setKey(row, static_cast<uint8_t>(pins_[pin].index));
  pins_[pin].index = before;
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
  regret_[row] = -kNever;
}

// The row's key and the models that its pins tie to it.
uint64_t Simplex::tied(size_t row) const {
  uint64_t models = uint64_t{1} << key_[row];
  if (pinsOf_[row] > 0)
    for (const Pin& pin : pins_)
      if (pin.row == static_cast<int>(row)) models |= uint64_t{1} << pin.index;
  return models;
}

// rise_: per row, no model gets cheaper beside the key faster than this. Of limits on all models the row's own values
// tell; of a model's own limits, the greatest and the least of its values in any row.
void Simplex::boundRises() {
  const size_t bounded = bounded_.size(), groups = problem_->groupCount;
  sharedRate_.assign(groups * bounded, 0.0);
  for (size_t l = 0; l < limits_; ++l) {
    const Limit& limit = problem_->limits[l];
    if (limit.model != kAll || limit.quantity == kRequests) continue;
    const size_t k = placeOf_[static_cast<size_t>(limit.quantity)];
    for (size_t g = 0; g < groups; ++g)
      if (limit.covers(static_cast<int>(g))) sharedRate_[g * bounded + k] += direction_[l] * factor_[l];
  }
  ownRise_.resize(groups * models_);
  for (size_t g = 0; g < groups; ++g) {
    double least = kNever, largest = 0;
    double* rise = ownRise_.data() + g * models_;
    for (size_t j = 0; j < models_; ++j) {
      double fastest = rates_.base[g * padded_ + j], slowest = fastest;
      for (size_t k = 0; k < bounded; ++k) {
        const double rate = rates_.weight[(g * bounded + k) * padded_ + j] - sharedRate_[g * bounded + k];
        const double a = rate * low_[k * models_ + j], b = rate * high_[k * models_ + j];
        fastest += std::max(a, b);
        slowest += std::min(a, b);
      }
      rise[j] = fastest;
      least = std::min(least, slowest);
      largest = std::max({largest, std::abs(fastest), std::abs(slowest)});
    }
    for (size_t j = 0; j < models_; ++j) rise[j] += 1e-12 * largest - least;
  }
  for (size_t i = 0; i < rows_; ++i) {
    const size_t group = problem_->group(i), key = key_[i];
    double rise = ownRise_[group * models_ + key];
    for (size_t k = 0; k < bounded; ++k) {
      const double rate = sharedRate_[group * bounded + k];
      rise += rate * (value(i, k)[key] - (rate > 0 ? least_ : most_)[k * rows_ + i]);
    }
    rise_[i] = rise;
  }
}

void Simplex::pushBend(const BendRow& row, const FirstBend& bend, double after) {
  if (bend.at >= kAtNoTime) return;
  bends_.push_back({std::max(bend.at, after), row.row, bend.model, bend.drop});
  std::push_heap(bends_.begin(), bends_.end());
}

// Looks at all rows that can bend within `reach` and were not looked at before.
void Simplex::findBends(double reach) {
  look_.clear();
  for (size_t i = 0; i < rows_; ++i) {
    if (looked_[i] != 0 || !(regret_[i] <= reach * rise_[i])) continue;
    looked_[i] = 1;
    look_.push_back({static_cast<uint32_t>(i), static_cast<uint16_t>(problem_->group(i)), key_[i], tied(i)});
  }
  found_.resize(look_.size());
  kernel_(bendTables(), look_.data(), look_.size(), found_.data());
  for (size_t n = 0; n < look_.size(); ++n) {
    const uint32_t row = look_[n].row;
    regret_[row] = found_[n].regret;
    // One farther off is found again if it comes to that.
    if (found_[n].at <= reach)
      pushBend(look_[n], found_[n], 0);
    else
      looked_[row] = 0;
  }
}

BendTables Simplex::bendTables() const {
  return {cost_.data(),
          values_.data(),
          priced_.base.data(),
          priced_.weight.data(),
          rates_.base.data(),
          rates_.weight.data(),
          padded_,
          bounded_.size(),
          tiny_};
}

// Along the pin's direction as far as D rises. False: it rises for ever.
bool Simplex::step() {
  const double* c = column(leaving_);
  const double sense = pins_[leaving_].row < 0 && weights_[leaving_] > 0 ? -1 : 1;
  double largest = 0;
  for (size_t l = 0; l < limits_; ++l) largest = std::max(largest, std::abs(c[l]));
  tiny_ = kNoRate * largest;
  for (size_t l = 0; l < limits_; ++l) direction_[l] = std::abs(c[l]) < tiny_ ? 0 : sense * c[l];
  // Where a price would fall below 0: those of pinned limits stay where they are.
  double wall = kNever;
  size_t wallLimit = limits_;
  for (size_t l = 0; l < limits_; ++l)
    if (direction_[l] < 0 && y_[l] < wall * -direction_[l]) {
      bool held = false;
      for (size_t p = 0; p < limits_; ++p)
        held |= p != leaving_ && pins_[p].row < 0 && pins_[p].index == static_cast<int>(l);
      if (held) continue;
      wall = y_[l] / -direction_[l];
      wallLimit = l;
    }
  tabulate(direction_, rates_);
  boundRises();

  std::fill(looked_.begin(), looked_.end(), uint8_t{0});
  bends_.clear();
  double reach = std::min(kLonger * lastStep_, wall), length = 0, slope = slope_;
  findBends(reach);
  Pin entering{-1, -1, 0};
  for (;;) {
    const double next = bends_.empty() ? kNever : bends_.front().at;
    if (next > reach && reach < wall) {
      reach = std::min(wall, reach > kFar ? kNever : kMuchLonger * reach);
      findBends(reach);
      continue;
    }
    if (next >= wall) {
      if (wall == kNever) return false;
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
    if (slope <= kFeasible || pinsOf_[bend.row] > 0) {
      entering = {static_cast<int>(bend.row), bend.model, 0};
      break;
    }
    setKey(bend.row, bend.model);
    regret_[bend.row] = -kNever;
    const BendRow row{bend.row, static_cast<uint16_t>(problem_->group(bend.row)), bend.model,
                      uint64_t{1} << bend.model};
    FirstBend then;
    kernel_(bendTables(), &row, 1, &then);
    pushBend(row, then, length);
  }
  for (size_t l = 0; l < limits_; ++l) y_[l] = std::max(0.0, y_[l] + length * direction_[l]);
  if (entering.row < 0) y_[static_cast<size_t>(entering.index)] = 0;
  for (size_t i = 0; i < rows_; ++i) regret_[i] -= length * rise_[i];
  lastStep_ = std::max(length, kShortest);
  tabulate(y_, priced_);
  replace(leaving_, entering);
  return true;
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

// The prices that the pins' equations have with costs as they are.
void Simplex::finish(Eigen::VectorXd& prices) {
  std::fill(y_.begin(), y_.end(), 0.0);
  for (size_t p = 0; p < limits_; ++p) {
    const Pin& pin = pins_[p];
    double value = pin.value;
    if (pin.row >= 0) {
      const auto row = static_cast<size_t>(pin.row);
      value = objectiveOf(row, key_[row]) - objectiveOf(row, static_cast<size_t>(pin.index));
    }
    if (value == 0) continue;
    const double* c = column(p);
    for (size_t l = 0; l < limits_; ++l) y_[l] += value * c[l];
  }
  for (size_t l = 0; l < limits_; ++l) prices[static_cast<Eigen::Index>(l)] = std::max(0.0, y_[l]) * priceUnit_[l];
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
