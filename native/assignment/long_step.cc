#include "assignment/long_step.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace omnirouter::assignment {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// The slope of D is 0 below this.
constexpr double kFlat = 1e-9;
// Rates of change that are taken for 0, beside the direction's largest entry.
constexpr double kNoRate = 1e-10;
// Beyond this there are no bends but of models that may not answer.
constexpr double kFarthest = 1e90;
// The next step is expected to be no longer than so many times the last; where it is, more rows are looked at, and beyond
// the last of these distances all.
constexpr double kLonger = 2, kMuchLonger = 8, kShortest = 1e-9, kFar = 1e6;

}  // namespace

void LongStep::start(const ScaledBatch& batch, const std::vector<double>& prices) {
  batch_ = &batch;
  kernel_ = findFirstBend(compute::isa());
  y_ = prices;
  direction_.resize(batch.limits());
  regret_.resize(batch.rows());
  rise_.resize(batch.rows());
  looked_.resize(batch.rows());
  look_.resize(batch.rows());
  found_.resize(batch.rows());
  bends_.reserve(2 * batch.rows());
  last_ = kFarthest;
  batch.tabulate(y_, priced_);
}

void LongStep::chooseKeys(SimplexBasis& basis) {
  const size_t models = batch_->models(), padded = batch_->padded(), bounded = batch_->bounded();
  double r[kMaxModels];
  for (size_t i = 0; i < batch_->rows(); ++i) {
    if (basis.pinned(i)) continue;
    const size_t group = batch_->group(i);
    const double *cost = batch_->cost(i), *base = priced_.base.data() + group * padded;
    for (size_t j = 0; j < models; ++j) r[j] = cost[j] + base[j];
    for (size_t k = 0; k < bounded; ++k) {
      const double *weight = priced_.weight.data() + (group * bounded + k) * padded, *q = batch_->values(i, k);
      for (size_t j = 0; j < models; ++j) r[j] += weight[j] * q[j];
    }
    double least = r[0], second = kNever;
    size_t best = 0;
    for (size_t j = 1; j < models; ++j) {
      second = std::min(second, std::max(r[j], least));
      if (r[j] < least) best = j;
      least = std::min(r[j], least);
    }
    basis.giveKey(i, static_cast<uint8_t>(best));
    regret_[i] = second - least;
  }
  basis.sum();
}

// The direction, what it does to reduced values, and how far prices may go.
void LongStep::aim(const SimplexBasis::Leaving& leaving, const SimplexBasis& basis) {
  const size_t limits = batch_->limits();
  double largest = 0;
  for (size_t l = 0; l < limits; ++l) {
    direction_[l] = leaving.sense * basis.entry(l, leaving.pin);
    largest = std::max(largest, std::abs(direction_[l]));
  }
  tiny_ = kNoRate * largest;
  for (double& entry : direction_)
    if (std::abs(entry) < tiny_) entry = 0;
  batch_->tabulate(direction_, rates_);
  // Prices of pinned limits stay where they are.
  wall_ = kNever;
  for (size_t l = 0; l < limits; ++l)
    if (direction_[l] < 0 && y_[l] < wall_ * -direction_[l]) {
      bool held = false;
      for (size_t p = 0; p < limits; ++p)
        held |= p != leaving.pin && basis.pin(p).row < 0 && basis.pin(p).index == static_cast<int>(l);
      if (held) continue;
      wall_ = y_[l] / -direction_[l];
      wallLimit_ = l;
    }
}

// Of a key's own limits, and of those on all models, whose quantities its row has so much less or more of with others.
void LongStep::boundRises(const SimplexBasis& basis) {
  const size_t bounded = batch_->bounded(), groups = batch_->groups();
  const size_t models = batch_->models(), padded = batch_->padded();
  sharedRate_.assign(groups * bounded, 0.0);
  for (size_t l = 0; l < batch_->limits(); ++l) {
    const Limit& limit = batch_->limit(l);
    if (limit.model != kAll || limit.quantity == kRequests) continue;
    const size_t k = batch_->placeOf(limit.quantity);
    for (size_t g = 0; g < groups; ++g)
      if (limit.covers(static_cast<int>(g))) sharedRate_[g * bounded + k] += direction_[l] * batch_->factor(l);
  }
  ownRise_.resize(groups * models);
  for (size_t g = 0; g < groups; ++g) {
    double least = kNever, largest = 0;
    double* rise = ownRise_.data() + g * models;
    for (size_t j = 0; j < models; ++j) {
      double fastest = rates_.base[g * padded + j], slowest = fastest;
      for (size_t k = 0; k < bounded; ++k) {
        const double rate = rates_.weight[(g * bounded + k) * padded + j] - sharedRate_[g * bounded + k];
        const double a = rate * batch_->low(k, j), b = rate * batch_->high(k, j);
        fastest += std::max(a, b);
        slowest += std::min(a, b);
      }
      rise[j] = fastest;
      least = std::min(least, slowest);
      largest = std::max({largest, std::abs(fastest), std::abs(slowest)});
    }
    for (size_t j = 0; j < models; ++j) rise[j] += 1e-12 * largest - least;
  }
  for (size_t i = 0; i < batch_->rows(); ++i) rise_[i] = ownRise_[batch_->group(i) * models + basis.key(i)];
  for (size_t k = 0; k < bounded; ++k) {
    const double *above = basis.above(k), *below = basis.below(k);
    if (groups == 1) {
      const double rate = std::abs(sharedRate_[k]), *room = sharedRate_[k] > 0 ? above : below;
      if (rate == 0) continue;
      for (size_t i = 0; i < batch_->rows(); ++i) rise_[i] += rate * room[i];
    } else {
      for (size_t i = 0; i < batch_->rows(); ++i) {
        const double rate = sharedRate_[batch_->group(i) * bounded + k];
        rise_[i] += rate > 0 ? rate * above[i] : -rate * below[i];
      }
    }
  }
}

BendTables LongStep::tables(double reach) const {
  return {batch_->cost(0),
          batch_->values(0, 0),
          priced_.base.data(),
          priced_.weight.data(),
          rates_.base.data(),
          rates_.weight.data(),
          batch_->padded(),
          batch_->bounded(),
          tiny_,
          reach};
}

void LongStep::push(uint32_t row, const FirstBend& bend, double after) {
  bends_.push_back({std::max(bend.at, after), row, bend.model, bend.drop});
  std::push_heap(bends_.begin(), bends_.end());
}

// Looks at all rows that can bend within `reach` and were not found to before.
void LongStep::look(double reach, const SimplexBasis& basis) {
  // Without branches: which rows are near is hard to foresee.
  size_t count = 0;
  for (size_t i = 0; i < batch_->rows(); ++i) {
    look_[count].row = static_cast<uint32_t>(i);
    count += static_cast<size_t>((looked_[i] == 0) & (regret_[i] <= reach * rise_[i]));
  }
  for (size_t n = 0; n < count; ++n) {
    const uint32_t row = look_[n].row;
    const uint8_t key = basis.key(row);
    look_[n] = {row, static_cast<uint16_t>(batch_->group(row)), key,
                basis.pinned(row) ? basis.tied(row) : uint64_t{1} << key};
  }
  kernel_(tables(reach), look_.data(), count, found_.data());
  for (size_t n = 0; n < count; ++n) {
    const uint32_t row = look_[n].row;
    regret_[row] = found_[n].regret;
    if (!(found_[n].at <= reach)) continue;
    looked_[row] = 1;
    push(row, found_[n], 0);
  }
}

// Looks at a row whose key was just passed.
void LongStep::lookOn(const Bend& passed, double reach) {
  regret_[passed.row] = -kNever;
  const BendRow row{passed.row, static_cast<uint16_t>(batch_->group(passed.row)), passed.model,
                    uint64_t{1} << passed.model};
  FirstBend then;
  kernel_(tables(reach), &row, 1, &then);
  if (then.at <= reach)
    push(passed.row, then, passed.at);
  else
    looked_[passed.row] = 0;
}

bool LongStep::take(const SimplexBasis::Leaving& leaving, SimplexBasis& basis) {
  const int released = basis.pin(leaving.pin).row;
  const auto forget = [&](int row) {
    if (row >= 0) regret_[static_cast<size_t>(row)] = -kNever;
  };
  forget(released);
  aim(leaving, basis);
  boundRises(basis);
  std::fill(looked_.begin(), looked_.end(), uint8_t{0});
  bends_.clear();
  double reach = std::min({kLonger * last_, wall_, kFarthest}), length = 0, slope = leaving.slope;
  look(reach, basis);
  SimplexBasis::Pin entering{-1, -1, 0};
  for (;;) {
    const double next = bends_.empty() ? kNever : bends_.front().at;
    const double farthest = std::min(wall_, kFarthest);
    if (next > reach && reach < farthest) {
      reach = reach > kFar ? farthest : std::min(farthest, kMuchLonger * reach);
      look(reach, basis);
      continue;
    }
    if (next >= wall_ || next == kNever) {
      if (wall_ == kNever) return false;
      length = wall_;
      entering = {-1, static_cast<int>(wallLimit_), 0};
      break;
    }
    std::pop_heap(bends_.begin(), bends_.end());
    const Bend bend = bends_.back();
    bends_.pop_back();
    length = bend.at;
    slope -= bend.drop;
    // A row that is split already cannot be passed: its pins would lose their meaning.
    if (slope <= kFlat || basis.pinned(bend.row)) {
      entering = {static_cast<int>(bend.row), bend.model, 0};
      break;
    }
    basis.moveKey(bend.row, bend.model);
    lookOn(bend, reach);
  }
  for (size_t l = 0; l < y_.size(); ++l) y_[l] = std::max(0.0, y_[l] + length * direction_[l]);
  if (entering.row < 0) y_[static_cast<size_t>(entering.index)] = 0;
  for (size_t i = 0; i < batch_->rows(); ++i) regret_[i] -= length * rise_[i];
  last_ = std::max(length, kShortest);
  batch_->tabulate(y_, priced_);
  basis.replace(leaving.pin, entering);
  forget(released);
  forget(entering.row);
  return true;
}

}  // namespace omnirouter::assignment
