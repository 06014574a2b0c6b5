// An answer of solve() beside the problem itself: its sums added up again, one query at a time, and for few rows its
// claims beside all plans there are.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "assignment/solver.h"
#include "native/assignment/answers.h"
#include "native/assignment/naive.h"

namespace omnirouter::assignment::test {

// Rounding of sums of a few values, relative to their size.
inline constexpr double kRounding = 1e-12;

// Visits all plans: visit(objective, sums of the limits).
class Plans {
 public:
  explicit Plans(const Problem& problem) : p_(problem), totals_((p_.rows + 1) * p_.limits.size()) {
    for (size_t i = 0; i < p_.rows; ++i)
      for (size_t j = 0; j < p_.models; ++j) {
        objective_.push_back(objectiveOf(p_, i, j));
        for (const Limit& limit : p_.limits) amount_.push_back(amount(p_, limit, i, j));
      }
  }
  template <class Visit>
  void forEach(const Visit& visit) {
    descend(0, 0.0, visit);
  }

 private:
  template <class Visit>
  void descend(size_t i, double objective, const Visit& visit) {
    const size_t limits = p_.limits.size();
    const double* total = totals_.data() + i * limits;
    if (i == p_.rows) return visit(objective, total);
    double* next = totals_.data() + (i + 1) * limits;
    for (size_t j = 0; j < p_.models; ++j) {
      if (!isAllowed(p_, i, j)) continue;
      const size_t cell = i * p_.models + j;
      for (size_t l = 0; l < limits; ++l) next[l] = total[l] + amount_[cell * limits + l];
      descend(i + 1, objective + objective_[cell], visit);
    }
  }

  const Problem& p_;
  std::vector<double> totals_, objective_, amount_;
};

// What enumeration tells of a problem.
struct Facts {
  static constexpr double kNone = std::numeric_limits<double>::infinity();
  double best = kNone;              // least objective, limits with their tolerance
  double strict = kNone;            // least objective, limits as stated
  bool conflictHolds = true;        // no plan meets the limits of the conflict
  std::vector<double> reach;        // per limit, the least sign * sum while all others hold with their tolerance
  std::vector<double> strictReach;  // ... as stated
};

inline Facts enumerated(const Problem& p, const std::vector<int>& conflict) {
  Facts facts;
  const size_t limits = p.limits.size();
  facts.reach.assign(limits, Facts::kNone);
  facts.strictReach.assign(limits, Facts::kNone);
  std::vector<double> tolerances, rounding;
  for (const Limit& limit : p.limits) {
    tolerances.push_back(tolerance(limit));
    rounding.push_back(limit.quantity == kRequests ? 0 : kRounding * std::abs(limit.bound));
  }
  std::vector<char> missed(limits);
  const auto lower = [](double& least, double value) { least = std::min(least, value); };
  Plans(p).forEach([&](double objective, const double* total) {
    size_t broken = 0, strictlyBroken = 0, lastBroken = 0, lastStrictlyBroken = 0;
    for (size_t l = 0; l < limits; ++l) {
      const double over = p.limits[l].sign() * (total[l] - p.limits[l].bound);
      missed[l] = over > tolerances[l];
      if (missed[l]) ++broken, lastBroken = l;
      if (over > rounding[l]) ++strictlyBroken, lastStrictlyBroken = l;
    }
    if (broken == 0) lower(facts.best, objective);
    if (strictlyBroken == 0) lower(facts.strict, objective);
    for (size_t l = 0; l < limits; ++l) {
      const double sum = p.limits[l].sign() * total[l];
      if (broken == 0 || (broken == 1 && lastBroken == l)) lower(facts.reach[l], sum);
      if (strictlyBroken == 0 || (strictlyBroken == 1 && lastStrictlyBroken == l)) lower(facts.strictReach[l], sum);
    }
    bool meets = true;
    for (const int l : conflict) meets = meets && !missed[static_cast<size_t>(l)];
    if (meets) facts.conflictHolds = false;
  });
  return facts;
}

// The size of the numbers that a plan's objective and its bound are sums of.
inline double sizeOf(const Problem& p, const Solution& s) {
  return magnitude(p, Eigen::Map<const Eigen::VectorXd>(s.prices.data(), static_cast<Eigen::Index>(s.prices.size())));
}

// What is reported of the plan is so: nothing but the problem and the plan is looked at.
inline std::string falseReport(const Problem& p, const Solution& s) {
  if (const auto wrong = fault(p, s)) return *wrong;
  const Certificate& c = s.certificate;
  const auto differs = [&](double reported, double truth, double size) {
    return !(std::abs(reported - truth) <= kRounding * (size + std::abs(truth)));
  };
  if (differs(c.objective, objectiveOf(p, s.choice), sizeOf(p, s))) return "the objective is not the plan's";
  bool holds = true;
  for (size_t l = 0; l < p.limits.size(); ++l) {
    const Limit& limit = p.limits[l];
    const double total = sumOf(p, limit, s.choice);
    if (differs(c.total[l], total, 0)) return "a limit's sum is not the plan's";
    if (differs(c.slack[l], limit.sign() * (limit.bound - total), std::abs(limit.bound)))
      return "a limit's slack is not the plan's";
    holds = holds && limit.sign() * (total - limit.bound) <= tolerance(limit) + kRounding * tolerance(limit);
  }
  if (hasPlan(s.status) && !holds) return "a plan that misses a limit";
  for (size_t j = 0; j < p.models; ++j)
    if (c.requests[j] != static_cast<size_t>(std::count(s.choice.begin(), s.choice.end(), static_cast<uint8_t>(j))))
      return "a model's requests are not the plan's";
  for (size_t k = 0; k < p.quantities.size(); ++k) {
    double sum = 0;
    for (size_t i = 0; i < p.rows; ++i) sum += static_cast<double>(p.row(k, i)[s.choice[i]]);
    if (differs(c.quantity[k], sum, 0)) return "a quantity's sum is not the plan's";
  }
  const Eigen::Map<const Eigen::VectorXd> y(s.prices.data(), static_cast<Eigen::Index>(s.prices.size()));
  Problem wide;
  widen(relaxed(p, s.relaxed), wide);
  if (differs(c.dual, dual(wide, y), 3 * sizeOf(p, s))) return "the dual bound is not that of the prices";
  return "";
}

// The first thing said of the problem that enumeration refutes, or nothing.
inline std::string refuted(const Problem& p, const Solution& s, const Facts& facts, const Options& options) {
  const double size = kRounding * 100 * sizeOf(p, s);
  const bool feasible = facts.best < Facts::kNone, strictlyFeasible = facts.strict < Facts::kNone;
  if (feasible && s.status == Status::infeasible) return "a feasible problem is called infeasible";
  if (!feasible && hasPlan(s.status)) return "a plan where there is none";
  // Plans' sums here are those of the matrices but for the rounding of a few additions.
  const double sums = kRounding * std::abs(facts.best);
  if (feasible && s.relaxed.empty() && s.bound > facts.best + sums) return "the bound is above the optimum";
  if (feasible && s.relaxed.empty() && s.certificate.dual > facts.best + sums) return "the dual is above the optimum";
  if (hasPlan(s.status)) {
    const double excess = s.certificate.objective - facts.strict;
    const double gap = s.gap * std::max(std::abs(s.certificate.objective), std::abs(s.bound));
    if (s.status == Status::optimal) {
      if (s.certificate.objective > facts.best + 2 * kRounding * std::max(std::abs(facts.best), kRounding))
        return "a better plan than the optimal";
    }
    if (s.status == Status::withinTolerance && s.gap > options.gapTolerance) return "a gap beyond the tolerance";
    // Where objective and bound are nearly 0 the gap is measured by something larger.
    if (strictlyFeasible && excess > 0 && s.gap < 1e-3 && excess > 1.001 * gap + size && std::abs(facts.strict) > size)
      return "a better plan than the gap allows";
  }
  if (s.status != Status::infeasible) return "";
  if (!facts.conflictHolds && !s.conflict.empty()) return "the limits said to conflict do not";
  for (const Reachable& r : s.reachable) {
    const auto l = static_cast<size_t>(r.limit);
    const double sign = p.limits[l].sign(), rounding = kRounding * 100 * (std::abs(r.value) + std::abs(r.bound));
    if (r.found && sign * r.value < facts.reach[l] - rounding) return "a reachable value that no plan has";
    if (facts.strictReach[l] < Facts::kNone && sign * r.bound > facts.strictReach[l] + rounding)
      return "a plan beyond what is said to be reachable";
  }
  return "";
}

}  // namespace omnirouter::assignment::test
