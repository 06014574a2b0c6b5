// Random problems in which every kind of limit meets every other, and degenerate data is common: ties, equal models,
// nothing to pay, groups of one row, bounds that one plan holds by exactly 0 and bounds that all plans miss by a hair.
// Drawn with whole numbers, products and quotients only, so that a seed is the same problem on every platform.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "assignment/problem.h"
#include "compute/random.h"
#include "native/assignment/naive.h"

namespace omnirouter::assignment::test {

class Draws {
 public:
  explicit Draws(uint64_t seed) : seed_(seed) {}
  uint64_t bits() { return compute::hash(seed_, next_++); }
  size_t below(size_t n) { return static_cast<size_t>(bits() % n); }
  bool oneIn(size_t n) { return below(n) == 0; }
  // In [0, 1).
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

 private:
  uint64_t seed_, next_ = 0;
};

struct Mixture {
  enum { cost, quality, tokens, latency, kinds };
  std::array<std::vector<float>, kinds> values;
  std::vector<uint64_t> allowed;
  std::vector<uint16_t> groups;
  Problem problem;

  Mixture() = default;
  Mixture(const Mixture&) = delete;
  Mixture(Mixture&&) = default;
};

// A cell of one of the four matrices; `unit` is the size of a cost in USD.
inline float drawValue(Draws& draw, int kind, bool grid, double unit) {
  const double u = grid ? static_cast<double>(draw.below(17)) / 16 : draw.unit();
  switch (kind) {
    case Mixture::quality:
      return static_cast<float>(u);
    case Mixture::tokens:
      return static_cast<float>(grid ? 100 * draw.below(5) : draw.below(500));
    case Mixture::latency:
      return static_cast<float>(8 * u);
    default:
      return static_cast<float>(unit * u);
  }
}

inline void drawValues(Draws& draw, Mixture& m) {
  constexpr double kUnits[] = {1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 1e1, 1e2, 1e3};
  Problem& p = m.problem;
  const double unit = kUnits[draw.below(std::size(kUnits))];
  const bool equalModels = draw.oneIn(10);
  for (int kind = 0; kind < Mixture::kinds; ++kind) {
    const bool grid = draw.oneIn(2), constant = draw.oneIn(12), perModel = draw.oneIn(5);
    auto& values = m.values[static_cast<size_t>(kind)];
    values.reserve(p.rows * p.models);
    for (size_t e = 0; e < p.rows * p.models; ++e) {
      const size_t j = e % p.models;
      const size_t like = constant ? 0 : perModel ? j : equalModels ? e - j : e;
      values.push_back(like < e ? values[like] : drawValue(draw, kind, grid, unit));
    }
    p.quantities.push_back({values.data(), kind == Mixture::quality ? 1.0 : 1e30});
  }
  // Free models.
  if (draw.oneIn(6))
    for (size_t e = draw.below(p.models); e < p.rows * p.models; e += p.models) m.values[Mixture::cost][e] = 0;
}

inline void drawRows(Draws& draw, Mixture& m) {
  Problem& p = m.problem;
  if (draw.oneIn(2)) {
    p.groupCount = draw.oneIn(4) ? std::min(p.rows, kMaxGroups) : 1 + draw.below(4);  // groups of one row; or few
    const bool single = p.groupCount == p.rows;
    for (size_t i = 0; i < p.rows; ++i)
      m.groups.push_back(static_cast<uint16_t>(single ? i : draw.below(p.groupCount)));
    p.groups = m.groups.data();
  }
  if (draw.oneIn(2)) return;
  const size_t style = draw.below(3);  // any masks; some rows forced; every row forced
  for (size_t i = 0; i < p.rows; ++i) {
    const uint64_t one = uint64_t{1} << draw.below(p.models);
    const uint64_t some = (draw.bits() & p.everyModel()) | one;
    m.allowed.push_back(style == 0 ? some : style == 2 || draw.oneIn(3) ? one : p.everyModel());
  }
  p.allowed = m.allowed.data();
}

inline void drawObjective(Draws& draw, Problem& p) {
  switch (draw.below(8)) {
    case 0:
    case 1:
      p.objective = {0, -1, 0, 0};
      if (draw.oneIn(2)) p.tieBreak = Mixture::cost;
      break;
    case 2:
      p.objective = {1, 0, 0, 0.001 * static_cast<double>(draw.below(50))};  // USD per second
      break;
    case 3:
      p.objective = {0, 0, 0, 1};
      break;
    case 4:
      p.objective = {draw.unit(), -draw.unit(), 0.01 * draw.unit(), draw.unit()};
      break;
    case 5:
      p.objective = {1, 0, 0, 0};
      p.objectiveGroup = static_cast<int>(draw.below(p.groupCount));
      break;
    default:
      p.objective = {1, 0, 0, 0};
  }
}

inline std::vector<uint8_t> drawPlan(Draws& draw, const Problem& p) {
  std::vector<uint8_t> plan;
  for (size_t i = 0; i < p.rows; ++i) {
    size_t j = draw.below(p.models);
    while (!isAllowed(p, i, j)) j = (j + 1) % p.models;
    plan.push_back(static_cast<uint8_t>(j));
  }
  return plan;
}

// The best sum any plan can have, were this the only limit.
inline double bestSum(const Problem& p, const Limit& limit) {
  double sum = 0;
  for (size_t i = 0; i < p.rows; ++i) {
    double best = -std::numeric_limits<double>::infinity();
    for (size_t j = 0; j < p.models; ++j)
      if (isAllowed(p, i, j)) best = std::max(best, -limit.sign() * amount(p, limit, i, j));
    sum += best;
  }
  return -limit.sign() * sum;
}

// A bound near what binds: `plan` holds it by 0 or by something, or misses it; or no plan at all can hold it.
inline double drawBound(Draws& draw, const Problem& p, const Limit& limit, const std::vector<uint8_t>& plan) {
  const double sum = sumOf(p, limit, plan), best = bestSum(p, limit), tighter = -limit.sign();
  const bool counts = limit.quantity == kRequests;
  switch (draw.below(40)) {
    case 0:  // reached by the best plan alone, by exactly 0
      return best;
    case 1:  // by a hair beyond what can be reached: twice the tolerance
      return counts ? best + tighter : best * (1 + tighter * 2e-7);
    case 2:
    case 3:  // anywhere
      return counts ? static_cast<double>(draw.below(p.rows + 2)) : 2 * draw.unit() * std::max(sum, best);
    case 4:  // tighter than the plan
      return counts ? sum + tighter : sum + (best - sum) * draw.unit();
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:  // looser
      return counts ? std::max(0.0, sum - tighter * static_cast<double>(draw.below(3)))
                    : sum - tighter * sum * 0.4 * draw.unit();
    default:
      return sum;
  }
}

inline void drawLimits(Draws& draw, Problem& p) {
  const std::vector<uint8_t> plan = drawPlan(draw, p);
  const auto add = [&](Limit limit) {
    limit.bound = drawBound(draw, p, limit, plan);
    p.limits.push_back(limit);
  };
  for (size_t l = draw.below(5); l > 0; --l) {
    Limit limit;
    limit.quantity = static_cast<int>(draw.below(Mixture::kinds + 1)) - 1;
    limit.atLeast = draw.oneIn(2);
    if (draw.oneIn(2)) limit.group = static_cast<int>(draw.below(p.groupCount));
    if (draw.oneIn(2)) limit.model = static_cast<int>(draw.below(p.models));
    add(limit);
  }
  // A capacity for every model; the plan's own counts add up to exactly N.
  if (draw.oneIn(4)) {
    const int quantity = draw.oneIn(3) ? Mixture::tokens : kRequests;
    const bool uneven = draw.oneIn(2), exact = draw.oneIn(2);
    for (size_t j = 0; j < p.models; ++j) {
      Limit limit{quantity, false, 0, kAll, static_cast<int>(j)};
      if (uneven && draw.oneIn(3)) continue;
      if (exact) {
        limit.bound = sumOf(p, limit, plan);
        p.limits.push_back(limit);
      } else {
        add(limit);
      }
    }
  }
  // A floor or a budget for every group.
  if (p.groupCount > 1 && p.groupCount <= 8 && draw.oneIn(4)) {
    const bool floor = draw.oneIn(2);
    for (size_t g = 0; g < p.groupCount; ++g)
      add({floor ? Mixture::quality : Mixture::cost, floor, 0, static_cast<int>(g), kAll});
  }
}

inline Mixture randomMixture(uint64_t seed, size_t rows, size_t models) {
  Draws draw(seed);
  Mixture m;
  m.problem.rows = rows;
  m.problem.models = models;
  drawValues(draw, m);
  drawRows(draw, m);
  drawObjective(draw, m.problem);
  drawLimits(draw, m.problem);
  return m;
}

}  // namespace omnirouter::assignment::test
