// solve() and chooseByPrices() on any problem that checkProblem lets pass: no crash, an answer whose sums are those of its
// plan, and for small problems nothing that enumeration refutes.
#include <vector>

#include "assignment/choose.h"
#include "assignment/frontier.h"
#include "assignment/solver.h"
#include "errors.h"
#include "native/assignment/naive.h"
#include "native/assignment/refutation.h"
#include "native/fuzz/input.h"

using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;
using namespace omnirouter::test;

namespace {

struct Decoded {
  std::vector<std::vector<float>> values;
  std::vector<uint64_t> allowed;
  std::vector<uint16_t> groups;
  std::vector<double> warmStart;
  Problem problem;
  Options options;
  bool ordinary = true;  // sizes that add up without losing all digits
};

// Often exactly what one plan comes to, the same for all limits, so that many of them can hold together.
double bound(Input& in, const Problem& p, const Limit& limit, double size) {
  const auto n = static_cast<double>(p.rows);
  if (in.oneIn(2)) {
    double sum = 0;
    for (size_t i = 0; i < p.rows; ++i) {
      size_t j = (i * 7 + i / 3) % p.models;
      while (!isAllowed(p, i, j)) j = (j + 1) % p.models;
      sum += amount(p, limit, i, j);
    }
    return sum;
  }
  if (limit.quantity == kRequests) return static_cast<double>(in.below(p.rows + 2));
  if (in.oneIn(16)) return -in.unit() * size;
  return n * in.unit() * size * 1.1;
}

void decode(Input& in, Decoded& d) {
  Problem& p = d.problem;
  // Mostly small; now and then many models, or rows enough for samples and screening.
  p.models = in.oneIn(8) ? 1 + in.below(64) : 1 + in.below(5);
  p.rows = p.models <= 5 && in.oneIn(16) ? in.below(6000) : in.below(12);
  const size_t quantities = in.oneIn(16) ? in.below(9) : 2;
  std::vector<double> size(quantities);
  for (size_t k = 0; k < quantities; ++k) {
    size[k] = k == 1 ? 1.0 : std::pow(10.0, static_cast<double>(in.below(13)) - 8.0);
    const bool odd = in.oneIn(16);
    if (odd) d.ordinary = false;
    auto& q = d.values.emplace_back(p.rows * p.models);
    // Long matrices repeat a pattern that depends on where it starts.
    const size_t drawn = std::min<size_t>(q.size(), 256);
    for (size_t e = 0; e < q.size(); ++e)
      q[e] = e < drawn ? static_cast<float>(odd ? in.raw() : in.unit() * size[k]) : q[(e * 7 + e / drawn) % drawn];
    p.quantities.push_back({q.data(), 1e30});
    p.objective.push_back(0);
  }
  if (quantities > 0) {
    const size_t first = in.below(quantities);
    p.objective[first] = in.oneIn(3) ? -1 : 1;
    if (in.oneIn(4)) p.objective[in.below(quantities)] += (in.unit() - 0.25) * 100;
    if (in.oneIn(6)) p.tieBreak = static_cast<int>(in.below(quantities));
  }
  if (in.oneIn(3)) {
    p.groupCount = 1 + in.below(in.oneIn(4) ? 40 : 3);
    for (size_t i = 0; i < p.rows; ++i)
      d.groups.push_back(static_cast<uint16_t>(i < 64 ? in.below(p.groupCount) : i % p.groupCount));
    p.groups = d.groups.data();
    if (in.oneIn(8)) p.objectiveGroup = static_cast<int>(in.below(p.groupCount));
  }
  if (in.oneIn(3)) {
    for (size_t i = 0; i < p.rows; ++i) {
      const uint64_t any = i < 64 ? in.byte() * uint64_t{0x0101010101010101} : d.allowed[i % 64];
      d.allowed.push_back(any == 0 ? uint64_t{1} << i % p.models : any | uint64_t{1} << i % p.models);
    }
    p.allowed = d.allowed.data();
  }
  const size_t limits = in.oneIn(16) ? in.below(70) : in.below(7);
  for (size_t l = 0; l < limits; ++l) {
    Limit limit;
    limit.quantity = static_cast<int>(in.below(quantities + 1)) - 1;
    limit.atLeast = in.oneIn(3);
    if (in.oneIn(2)) limit.model = static_cast<int>(in.below(p.models));
    if (in.oneIn(3)) limit.group = static_cast<int>(in.below(p.groupCount));
    limit.bound = bound(in, p, limit, limit.quantity < 0 ? 0 : size[static_cast<size_t>(limit.quantity)]);
    if (in.oneIn(32)) {
      limit.bound = in.raw();
      d.ordinary = false;
    }
    p.limits.push_back(limit);
  }
  d.options.seed = in.byte();
  d.options.nodeLimit = in.oneIn(4) ? in.below(50) : 3000;
  d.options.diagnose = !in.oneIn(8);
  d.options.relax = in.oneIn(4);
  if (in.oneIn(8)) d.options.ties = in.byte();
  if (in.oneIn(16)) d.options.timeLimit = 0;
  if (in.oneIn(8)) {
    for (size_t l = 0; l < limits; ++l) d.warmStart.push_back(in.unit() * std::pow(10.0, in.below(9)));
    d.options.warmStart = d.warmStart;
  }
}

bool enumerable(const Problem& p) {
  double plans = 1;
  for (size_t i = 0; i < p.rows; ++i) plans *= static_cast<double>(p.models);
  return plans * static_cast<double>(p.limits.size() + 1) <= 3e4;
}

// By prices every query has a model of least reduced value, up to rounding.
void checkRouting(const Problem& p, const std::vector<double>& prices) {
  const Eigen::Map<const Eigen::VectorXd> mapped(prices.data(), static_cast<Eigen::Index>(prices.size()));
  const Eigen::VectorXd y = mapped;
  std::vector<uint8_t> routed(p.rows, 255);
  chooseByPrices(p, prices, routed.data());
  for (size_t i = 0; i < p.rows; ++i) {
    require(routed[i] < p.models && isAllowed(p, i, routed[i]), "prices route to a model that may not answer");
    double size = 0;
    for (size_t k = 0; k < p.quantities.size(); ++k)
      for (size_t j = 0; j < p.models; ++j) size += std::abs(p.objective[k]) * static_cast<double>(p.row(k, i)[j]);
    for (size_t l = 0; l < p.limits.size(); ++l)
      for (size_t j = 0; j < p.models; ++j) size += prices[l] * amount(p, p.limits[l], i, j);
    require(reducedValue(p, y, i, routed[i]) <= leastReducedValue(p, y, i) + kRounding * size,
            "prices route past a better model");
  }
}

// Around the bound of the first limit.
void checkFrontier(const Decoded& d) {
  if (d.problem.limits.empty()) return;
  const double bound = d.problem.limits[0].bound;
  const std::vector<double> bounds = {bound, 0.9 * bound, 1.1 * bound};
  const Frontier frontier = sweep(d.problem, 0, bounds, d.options, assignment::Plans::keep, {});
  for (const FrontierPoint& point : frontier.points)
    require(point.choice.size() == (hasPlan(point.status) ? d.problem.rows : 0),
            "a point of a frontier contradicts its status");
}

}  // namespace

void omnirouter::test::fuzz(Input& in) {
  Decoded d;
  decode(in, d);
  try {
    const Solution s = solve(d.problem, d.options, {});
    if (!d.ordinary) {
      require(s.choice.size() == d.problem.rows, "choice has a wrong length");
      for (size_t i = 0; i < d.problem.rows; ++i)
        require(s.choice[i] < d.problem.models && (d.problem.allowedModels(i) >> s.choice[i] & 1) == 1,
                "a model that may not answer");
      return;
    }
    const std::string wrong = falseReport(d.problem, s);
    require(wrong.empty(), wrong);
    if (enumerable(d.problem)) {
      const std::string untrue = refuted(d.problem, s, enumerated(d.problem, s.conflict), d.options);
      require(untrue.empty(), untrue);
    }
    checkRouting(d.problem, s.prices);
    if (!s.relaxed.empty())
      require(certify(relaxed(d.problem, s.relaxed), s.prices, s.choice.data(), {}).holds,
              "a relaxed plan misses a relaxed limit");
    if (d.warmStart.empty()) checkFrontier(d);
  } catch (const InvalidArgument&) {
  }
}
