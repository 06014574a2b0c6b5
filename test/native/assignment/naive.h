// The problem's definitions (problem.h) written out literally, one query and one limit at a time: what the solver's
// fast forms are compared with.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "assignment/problem.h"

namespace omnirouter::assignment::test {

// What choosing model j for row i adds to the limit's sum.
inline double amount(const Problem& p, const Limit& limit, size_t i, size_t j) {
  if (!limit.covers(static_cast<int>(p.group(i)))) return 0;
  if (limit.model != kAll && limit.model != static_cast<int>(j)) return 0;
  return limit.quantity == kRequests ? 1.0 : static_cast<double>(p.row(static_cast<size_t>(limit.quantity), i)[j]);
}

inline double sumOf(const Problem& p, const Limit& limit, const std::vector<uint8_t>& plan) {
  double sum = 0;
  for (size_t i = 0; i < p.rows; ++i) sum += amount(p, limit, i, plan[i]);
  return sum;
}

inline double objectiveOf(const Problem& p, size_t i, size_t j) {
  double sum = 0;
  for (size_t k = 0; k < p.quantities.size(); ++k) sum += p.weight(k, p.group(i)) * static_cast<double>(p.row(k, i)[j]);
  return sum;
}

inline bool isAllowed(const Problem& p, size_t i, size_t j) { return (p.allowedModels(i) >> j & 1) != 0; }

// r[i, j] at prices y.
inline double reducedValue(const Problem& p, const Eigen::VectorXd& y, size_t i, size_t j) {
  double r = objectiveOf(p, i, j);
  for (size_t l = 0; l < p.limits.size(); ++l)
    r += y[static_cast<Eigen::Index>(l)] * p.limits[l].sign() * amount(p, p.limits[l], i, j);
  return r;
}

inline double leastReducedValue(const Problem& p, const Eigen::VectorXd& y, size_t i) {
  double least = std::numeric_limits<double>::infinity();
  for (size_t j = 0; j < p.models; ++j)
    if (isAllowed(p, i, j)) least = std::min(least, reducedValue(p, y, i, j));
  return least;
}

// The Lagrangian dual D(y), and with tau > 0 its smoothed form D_tau(y).
inline double dual(const Problem& p, const Eigen::VectorXd& y, double tau = 0) {
  double value = 0;
  for (size_t i = 0; i < p.rows; ++i) {
    const double least = leastReducedValue(p, y, i);
    value += least;
    if (tau == 0) continue;
    double sum = 0;
    for (size_t j = 0; j < p.models; ++j)
      if (isAllowed(p, i, j)) sum += std::exp(-(reducedValue(p, y, i, j) - least) / tau);
    value -= tau * std::log(sum);
  }
  for (size_t l = 0; l < p.limits.size(); ++l)
    value -= y[static_cast<Eigen::Index>(l)] * p.limits[l].sign() * p.limits[l].bound;
  return value;
}

// sign * (bound - sum) of every limit.
inline std::vector<double> slacks(const Problem& p, const std::vector<uint8_t>& choice) {
  std::vector<double> slack;
  for (const Limit& limit : p.limits) {
    double total = 0;
    for (size_t i = 0; i < p.rows; ++i) total += amount(p, limit, i, choice[i]);
    slack.push_back(limit.sign() * (limit.bound - total));
  }
  return slack;
}

inline double objectiveOf(const Problem& p, const std::vector<uint8_t>& choice) {
  double sum = 0;
  for (size_t i = 0; i < p.rows; ++i) sum += objectiveOf(p, i, choice[i]);
  return sum;
}

// The size of the terms that make up D(y): what its rounding is relative to.
inline double magnitude(const Problem& p, const Eigen::VectorXd& y) {
  double sum = 0;
  for (size_t l = 0; l < p.limits.size(); ++l) {
    const double price = y[static_cast<Eigen::Index>(l)];
    sum += price * std::abs(p.limits[l].bound);
    for (size_t i = 0; i < p.rows; ++i) {
      double most = 0;
      for (size_t j = 0; j < p.models; ++j) most = std::max(most, amount(p, p.limits[l], i, j));
      sum += price * most;
    }
  }
  for (size_t i = 0; i < p.rows; ++i) {
    double most = 0;
    for (size_t j = 0; j < p.models; ++j) most = std::max(most, std::abs(objectiveOf(p, i, j)));
    sum += most;
  }
  return sum;
}

// Prices of about the natural size, a third of them zero.
inline Eigen::VectorXd randomPrices(const Eigen::VectorXd& unit, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(0, 1);
  Eigen::VectorXd prices(unit.size());
  for (Eigen::Index l = 0; l < unit.size(); ++l)
    prices[l] = uniform(random) < 1.0 / 3 ? 0.0 : 2 * uniform(random) * unit[l];
  return prices;
}

}  // namespace omnirouter::assignment::test
