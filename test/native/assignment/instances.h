// Random problems for the solver's tests, and the truth about the small ones by enumeration.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "assignment/problem.h"

namespace omnirouter::assignment::test {

inline constexpr int kCost = 0, kQuality = 1, kTokens = 2;

// A problem that owns its matrices.
struct Instance {
  std::vector<float> cost, quality, tokens;
  std::vector<uint64_t> allowed;
  std::vector<uint16_t> groups;
  Problem problem;

  Instance() = default;
  Instance(const Instance&) = delete;
  Instance(Instance&&) = default;
};

inline Instance randomInstance(uint64_t seed, size_t mostRows, size_t mostModels) {
  std::mt19937_64 random(seed);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  const auto unit = [&] { return std::uniform_real_distribution<double>(0, 1)(random); };
  Instance instance;
  Problem& p = instance.problem;
  p.rows = 1 + below(mostRows);
  p.models = 1 + below(mostModels);
  const size_t cells = p.rows * p.models;
  const bool perCall = below(4) == 0, grid = below(2) == 0, equalModels = below(8) == 0;
  const double unitCost = std::pow(10.0, -7.0 + 10.0 * unit());  // 1e-7 to 1e3 USD
  std::vector<double> price(p.models);
  for (double& x : price) x = below(10) == 0 ? 0.0 : unitCost * std::exp(3 * unit());
  for (size_t e = 0; e < cells; ++e) {
    const size_t j = equalModels ? 0 : e % p.models;
    const double q = equalModels && e % p.models ? instance.quality[e - 1] : unit();
    instance.cost.push_back(static_cast<float>(perCall || equalModels ? price[j] : price[j] * (0.5 + unit())));
    instance.quality.push_back(static_cast<float>(grid ? std::round(16 * q) / 16 : q));
    instance.tokens.push_back(static_cast<float>(below(500)));
  }
  p.quantities = {{instance.cost.data(), 1e30}, {instance.quality.data(), 1}, {instance.tokens.data(), 1e9}};
  p.groupCount = below(3) == 0 ? 2 : 1;
  if (p.groupCount > 1) {
    for (size_t i = 0; i < p.rows; ++i) instance.groups.push_back(static_cast<uint16_t>(below(2)));
    p.groups = instance.groups.data();
  }
  if (below(4) == 0) {
    for (size_t i = 0; i < p.rows; ++i)
      instance.allowed.push_back((random() & p.everyModel()) | (uint64_t{1} << below(p.models)));
    p.allowed = instance.allowed.data();
  }
  const auto n = static_cast<double>(p.rows);
  p.objective = below(3) == 0 ? std::vector<double>{0, -1, 0} : std::vector<double>{1, 0, 0};
  if (p.objective[1] != 0 && below(2)) p.tieBreak = kCost;
  if (below(4)) p.limits.push_back({kQuality, true, n * unit() * 1.05, kAll, kAll});
  if (below(3) == 0) p.limits.push_back({kCost, false, n * unitCost * 20 * unit(), kAll, kAll});
  if (p.groupCount > 1 && below(2))
    p.limits.push_back({kQuality, true, n * 0.5 * unit(), static_cast<int>(below(2)), kAll});
  const bool capacities = below(2), tokenCapacities = below(4) == 0;
  for (size_t j = 0; j < p.models; ++j) {
    if (capacities && below(4))
      p.limits.push_back({kRequests, false, static_cast<double>(below(p.rows + 1)), kAll, static_cast<int>(j)});
    if (tokenCapacities) p.limits.push_back({kTokens, false, n * 400 * unit(), kAll, static_cast<int>(j)});
  }
  return instance;
}

// Costs and qualities of a given size, nothing limited: the tests add what they need.
inline Instance plain(size_t rows, size_t models, uint64_t seed, double unitCost = 1) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  Instance instance;
  Problem& p = instance.problem;
  p.rows = rows;
  p.models = models;
  for (size_t e = 0; e < rows * models; ++e) {
    const double strength = static_cast<double>(e % models + 1) / static_cast<double>(models);
    instance.cost.push_back(static_cast<float>(unitCost * strength * strength * (0.5 + uniform(random))));
    instance.quality.push_back(static_cast<float>(std::min(1.0, strength * (0.3 + uniform(random)))));
    instance.tokens.push_back(static_cast<float>(1 + random() % 500));
  }
  p.quantities = {{instance.cost.data(), 1e30}, {instance.quality.data(), 1}, {instance.tokens.data(), 1e9}};
  p.objective = {1, 0, 0};
  return instance;
}

// The sum over the rows of the best value of each (most: greatest, else least).
inline double reachOf(const Problem& p, int quantity, bool most) {
  double sum = 0;
  for (size_t i = 0; i < p.rows; ++i) {
    const float* q = p.row(static_cast<size_t>(quantity), i);
    double best = static_cast<double>(q[0]);
    for (size_t j = 1; j < p.models; ++j) {
      const auto value = static_cast<double>(q[j]);
      best = most ? std::max(best, value) : std::min(best, value);
    }
    sum += best;
  }
  return sum;
}

struct Truth {
  bool feasible = false;
  double objective = std::numeric_limits<double>::infinity();
};

// All models^rows plans.
inline Truth enumerate(const Problem& p) {
  Truth truth;
  std::vector<size_t> choice(p.rows, 0);
  std::vector<double> total(p.limits.size());
  for (;;) {
    bool allowed = true;
    double objective = 0;
    std::fill(total.begin(), total.end(), 0.0);
    for (size_t i = 0; i < p.rows && allowed; ++i) {
      const size_t j = choice[i];
      allowed = p.allowedModels(i) >> j & 1;
      for (size_t k = 0; k < p.quantities.size(); ++k)
        objective += p.weight(k, p.group(i)) * static_cast<double>(p.row(k, i)[j]);
      for (size_t l = 0; l < p.limits.size(); ++l) {
        const Limit& limit = p.limits[l];
        if (!limit.covers(static_cast<int>(p.group(i))) || (limit.model != kAll && limit.model != static_cast<int>(j)))
          continue;
        total[l] +=
            limit.quantity == kRequests ? 1.0 : static_cast<double>(p.row(static_cast<size_t>(limit.quantity), i)[j]);
      }
    }
    bool holds = allowed;
    for (size_t l = 0; l < p.limits.size(); ++l)
      holds = holds && p.limits[l].sign() * (p.limits[l].bound - total[l]) >= -tolerance(p.limits[l]);
    if (holds) {
      truth.feasible = true;
      truth.objective = std::min(truth.objective, objective);
    }
    size_t i = 0;
    while (i < p.rows && ++choice[i] == p.models) choice[i++] = 0;
    if (i == p.rows) return truth;
  }
}

}  // namespace omnirouter::assignment::test
