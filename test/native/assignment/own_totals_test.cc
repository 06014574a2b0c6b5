// Limits at what some plan comes to, a hair wider: they hold together, all of them are nearly tight, and those of small
// groups leave room for a row or two. What "as good as today, for less" asks for.
#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include "assignment/solver.h"

using namespace omnirouter;
using namespace omnirouter::assignment;

namespace {

enum : int { kCost, kQuality, kTokens };

// The kind of problem, and the plan whose totals are its limits, drawn from a seed.
class OwnTotals {
 public:
  explicit OwnTotals(uint64_t seed) : random_(seed) {
    const size_t rows = 600 + below(2400), models = 2 + below(18), groups = below(2) != 0 ? 1 : 2 + below(20);
    const int grid = 1 << below(6);
    const bool perCall = below(4) == 0, free = below(8) == 0, masked = below(3) == 0;
    std::vector<double> price(models), ability(models), worth(groups), toll(models);
    for (size_t j = 0; j < models; ++j) {
      price[j] = std::exp(1.5 * normal_(random_));
      ability[j] = 0.7 * std::log(price[j]) + 0.5 * normal_(random_);
      toll[j] = std::max(0.0, normal_(random_)) * 2e-4;
    }
    const double scale = std::exp(1.5 * normal_(random_)) * 1e-3;
    for (double& each : worth) each = scale * std::exp(0.5 * normal_(random_));
    for (size_t i = 0; i < rows; ++i) {
      const double difficulty = normal_(random_), length = std::exp(5 + normal_(random_));
      groups_.push_back(static_cast<uint16_t>(below(groups)));
      allowed_.push_back(masked ? random_() | random_() | uint64_t{1} << below(models) : ~uint64_t{0});
      double least = 1e99;
      choice_.push_back(0);
      for (size_t j = 0; j < models; ++j) {
        const double logit = 1.5 * (ability[j] - difficulty) + 0.5 * normal_(random_);
        const double tokens = std::round(length * std::exp(0.3 * normal_(random_)));
        quality_.push_back(static_cast<float>(std::round(grid / (1 + std::exp(-logit))) / grid));
        tokens_.push_back(static_cast<float>(tokens));
        cost_.push_back(static_cast<float>(free ? 0 : perCall ? 1e-3 * price[j] : 1e-6 * tokens * price[j]));
        const double reduced = cost_.back() - worth[groups_[i]] * quality_.back() + toll[j];
        if ((allowed_[i] >> j & 1) == 0 || reduced >= least) continue;
        least = reduced;
        choice_[i] = static_cast<uint8_t>(j);
      }
    }
    problem.rows = rows;
    problem.models = models;
    problem.quantities = {{cost_.data(), 1e30}, {quality_.data(), 1}, {tokens_.data(), 1e30}};
    problem.groups = groups_.data();
    problem.groupCount = groups;
    problem.allowed = masked ? allowed_.data() : nullptr;
    const bool most = below(4) == 0;
    problem.objective = most ? std::vector<double>{0, -1, 0} : std::vector<double>{1, 0, 0};
    slack_ = below(2) != 0 ? 0.002 : 0.02;
    if (!most) limit(kQuality, true, kAll, kAll);
    if (most || below(4) == 0) limit(kCost, false, kAll, kAll);
    const bool floors = below(2) != 0, budgets = below(3) == 0, capacities = below(2) != 0, tokens = below(4) == 0;
    for (size_t g = 0; groups > 1 && g < groups; ++g) {
      if (floors && !most) limit(kQuality, true, static_cast<int>(g), kAll);
      if (budgets) limit(kCost, false, static_cast<int>(g), kAll);
    }
    for (size_t j = 0; j < models; ++j) {
      if (capacities) limit(kRequests, false, kAll, static_cast<int>(j));
      if (tokens) limit(kTokens, false, kAll, static_cast<int>(j));
    }
  }
  OwnTotals(const OwnTotals&) = delete;

  Problem problem;

 private:
  size_t below(size_t n) { return random_() % n; }

  void limit(int quantity, bool atLeast, int group, int model) {
    double total = 0;
    for (size_t i = 0; i < problem.rows; ++i)
      if ((group == kAll || groups_[i] == group) && (model == kAll || choice_[i] == model))
        total += quantity == kRequests ? 1.0
                                       : static_cast<double>(problem.row(static_cast<size_t>(quantity), i)[choice_[i]]);
    const double wider = total * (atLeast ? 1 - slack_ : 1 + slack_);
    problem.limits.push_back({quantity, atLeast, quantity == kRequests ? std::ceil(wider) : wider, group, model});
  }

  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::vector<float> cost_, quality_, tokens_;
  std::vector<uint16_t> groups_;
  std::vector<uint64_t> allowed_;
  std::vector<uint8_t> choice_;
  double slack_ = 0;
};

}  // namespace

TEST_CASE("a plan is found within another's totals, and is near the best") {
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    CAPTURE(seed);
    const OwnTotals own(seed);
    Options options;
    options.gapTolerance = 1e-4;
    const Solution s = solve(own.problem, options, {});
    CHECK(s.certificate.holds);
    CHECK(s.gap <= 2e-2);
  }
}
