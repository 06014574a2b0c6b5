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
  if (!(c.objective >= s.bound))
    return "the plan beats its own bound: " + std::to_string(c.objective) + " < " + std::to_string(s.bound);
  if (!s.conflict.empty()) return "a plan with a conflict";
  return std::nullopt;
}

}  // namespace omnirouter::assignment::test
