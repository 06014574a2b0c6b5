// What must be so of every answer of solve(), whatever the truth.
#pragma once

#include <cmath>
#include <optional>
#include <string>

#include "assignment/solver.h"

namespace omnirouter::assignment::test {

inline bool hasPlan(Status status) {
  return status == Status::optimal || status == Status::withinTolerance || status == Status::feasible;
}

// Bounds are of the limits as stated; a plan may use their tolerance, which is worth its price.
inline double toleranceWorth(const Problem& p, const Solution& s) {
  double worth = 0;
  for (size_t l = 0; l < p.limits.size(); ++l) worth += s.prices[l] * tolerance(p.limits[l]);
  return worth;
}

// The first thing wrong with an answer, or nothing.
inline std::optional<std::string> fault(const Problem& p, const Solution& s) {
  if (s.choice.size() != p.rows) return "choice has a wrong length";
  for (size_t i = 0; i < p.rows; ++i)
    if (s.choice[i] >= p.models || !(p.allowedModels(i) >> s.choice[i] & 1))
      return "query " + std::to_string(i) + " has a model that may not answer it";
  if (s.prices.size() != p.limits.size()) return "prices have a wrong length";
  for (const double price : s.prices)
    if (!(price >= 0 && std::isfinite(price))) return "a price is negative or not finite";
  const Certificate& c = s.certificate;
  if (!std::isfinite(c.objective) || std::isnan(c.dual) || std::isnan(s.bound) || !(s.gap >= 0))
    return "the certificate is not a number";
  if (c.holds != hasPlan(s.status)) return "the status contradicts the certificate";
  if (s.missed.empty() != c.holds || (s.violation > 0) == c.holds) return "what is missed contradicts the certificate";
  if (s.stop == Stop::proven && s.relaxed.empty() && s.status != Status::optimal && s.status != Status::infeasible)
    return "nothing is proven";
  if (!hasPlan(s.status)) return std::nullopt;
  const double size = std::max(std::abs(c.objective), std::abs(s.bound));
  double priced = 0;  // the terms whose rounding the dual carries
  for (size_t l = 0; l < p.limits.size(); ++l) priced += s.prices[l] * std::abs(p.limits[l].bound);
  if (!(c.objective >= s.bound - toleranceWorth(p, s) - 1e-9 * size - 1e-12 * priced))
    return "the plan beats its own bound: " + std::to_string(c.objective) + " < " + std::to_string(s.bound);
  if (!s.conflict.empty()) return "a plan with a conflict";
  return std::nullopt;
}

}  // namespace omnirouter::assignment::test
