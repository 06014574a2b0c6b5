// Every kind of limit mixed with every other, beside the truth by enumeration: what solve() says of its plan, of its
// bound, of infeasibility and of the nearest reachable values. OMNIROUTER_TEST_FULL=1 tries six times as many.
#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "assignment/choose.h"
#include "assignment/solver.h"
#include "compute/pool.h"
#include "native/assignment/answers.h"
#include "native/assignment/mixtures.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

// Rounding of sums of a few values, relative to their size.
constexpr double kRounding = 1e-12;

uint64_t howMany(uint64_t ordinarily) {
  const char* full = std::getenv("OMNIROUTER_TEST_FULL");
  return full != nullptr && std::string_view(full) == "1" ? 6 * ordinarily : ordinarily;
}

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

Facts enumerated(const Problem& p, const std::vector<int>& conflict) {
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
double sizeOf(const Problem& p, const Solution& s) {
  return magnitude(p, Eigen::Map<const Eigen::VectorXd>(s.prices.data(), static_cast<Eigen::Index>(s.prices.size())));
}

// What is reported of the plan is so: nothing but the problem and the plan is looked at.
std::string falseReport(const Problem& p, const Solution& s) {
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
  if (differs(c.dual, dual(p, y), sizeOf(p, s))) return "the dual bound is not that of the prices";
  return "";
}

// The first thing said of the problem that enumeration refutes, or nothing.
std::string refuted(const Problem& p, const Solution& s, const Facts& facts, const Options& options) {
  const double size = kRounding * 100 * sizeOf(p, s);
  const bool feasible = facts.best < Facts::kNone, strictlyFeasible = facts.strict < Facts::kNone;
  if (feasible && s.status == Status::infeasible) return "a feasible problem is called infeasible";
  if (!feasible && hasPlan(s.status)) return "a plan where there is none";
  if (strictlyFeasible && s.bound > facts.strict + size) return "the bound is above the optimum";
  if (strictlyFeasible && s.certificate.dual > facts.strict + size) return "the dual is above the optimum";
  if (hasPlan(s.status)) {
    const double excess = s.certificate.objective - facts.strict;
    const double gap = s.gap * std::max(std::abs(s.certificate.objective), std::abs(s.bound));
    if (s.status == Status::optimal && s.certificate.objective > facts.best + size) return "a better plan than the optimal";
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

struct Tally {
  int problems = 0, feasible = 0, infeasible = 0, unsettled = 0, unexplained = 0, bare = 0;
  std::set<int> kinds;

  void count(const Problem& p, const Solution& s, bool isFeasible) {
    ++problems;
    ++(isFeasible ? feasible : infeasible);
    unsettled += s.status != (isFeasible ? Status::optimal : Status::infeasible);
    unexplained += s.status == Status::infeasible && s.conflict.empty();
    bare += p.limits.empty();
    for (const Limit& l : p.limits)
      kinds.insert((((l.quantity + 1) * 2 + l.atLeast) * 2 + (l.group != kAll)) * 2 + (l.model != kAll));
  }
};

void trySmall(uint64_t seed, size_t rows, size_t models, Tally& tally) {
  CAPTURE(seed);
  CAPTURE(rows);
  CAPTURE(models);
  const Mixture mixture = randomMixture(seed, rows, models);
  const Problem& p = mixture.problem;
  const Solution s = solve(p, {}, {});
  const Facts facts = enumerated(p, s.conflict);
  CHECK(falseReport(p, s) == "");
  CHECK(refuted(p, s, facts, {}) == "");
  tally.count(p, s, facts.best < Facts::kNone);

  // Other options may settle less; they may not say what is false.
  Draws draw(seed ^ 0x5eed);
  Options options;
  options.nodeLimit = draw.oneIn(2) ? 0 : draw.below(60);
  options.seed = draw.bits();
  options.diagnose = !draw.oneIn(4);
  options.gapTolerance = draw.oneIn(2) ? 0 : 0.01;
  std::vector<double> warm;
  if (draw.oneIn(2)) {
    for (const double price : s.prices) warm.push_back(draw.oneIn(3) ? price * 10 * draw.unit() : price);
    options.warmStart = warm;
  }
  const Solution hurried = solve(p, options, {});
  const Facts hurriedFacts = hurried.conflict == s.conflict ? facts : enumerated(p, hurried.conflict);
  CHECK(falseReport(p, hurried) == "");
  CHECK(refuted(p, hurried, hurriedFacts, options) == "");
}

}  // namespace

TEST_CASE("mixtures of every kind of limit on few rows: what is said is what enumeration finds") {
  // Waking threads for five rows takes longer than the rows.
  const size_t threads = compute::Pool::shared().threads();
  compute::Pool::shared().setThreads(1);
  Tally tally;
  const uint64_t problems = howMany(10'000);
  for (uint64_t seed = 0; seed < problems; ++seed) trySmall(seed, 1 + seed % 8, 1 + seed / 8 % 5, tally);
  MESSAGE("of " << tally.problems << ": " << tally.feasible << " feasible, " << tally.infeasible << " infeasible, "
                << tally.unsettled << " not settled, " << tally.unexplained << " infeasible without a conflict");
  CHECK(tally.unsettled == 0);
  CHECK(tally.feasible > tally.problems / 2);
  CHECK(tally.infeasible > tally.problems / 10);
  CHECK(tally.bare > 100);
  CHECK(tally.kinds.size() == 40);  // five quantities, at least and at most, any group and one, any model and one
  compute::Pool::shared().setThreads(threads);
}

TEST_CASE("mixtures on up to 14 rows of two or three models") {
  const size_t threads = compute::Pool::shared().threads();
  compute::Pool::shared().setThreads(1);
  Tally tally;
  const uint64_t problems = howMany(200);
  for (uint64_t seed = 0; seed < problems; ++seed) {
    const bool two = seed % 2 == 0;
    trySmall(1'000'000 + seed, (two ? 9 : 7) + seed / 2 % (two ? 6 : 4), two ? 2 : 3, tally);
  }
  MESSAGE("of " << tally.problems << ": " << tally.unsettled << " not settled");
  CHECK(tally.unsettled == 0);
  compute::Pool::shared().setThreads(threads);
}
