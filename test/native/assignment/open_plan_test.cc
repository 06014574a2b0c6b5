#include "assignment/open_plan.h"

#include <doctest/doctest.h>

#include <memory>

#include "assignment/capacity_paths.h"
#include "native/assignment/instances.h"
#include "native/assignment/naive.h"
#include "native/assignment/opened.h"

using Eigen::Index;
using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

namespace {

// Plans with every row open, at some prices.
struct OpenPlans : Opened {
  OpenPlans(const Problem& problem, uint64_t seed, bool free) : Opened(problem) {
    std::mt19937_64 random(seed);
    if (!free) prices = randomPrices(scale.price, random);
  }

  // `chosen`: per row, the position among its allowed models.
  std::unique_ptr<OpenPlan> plan(const std::vector<size_t>& chosen) const {
    auto plan = std::make_unique<OpenPlan>(p, terms, scale, prices, Sums(p.limits.size()));
    for (size_t i = 0; i < rows.size(); ++i) plan->add(rows[i], chosen[i]);
    return plan;
  }
  std::vector<size_t> randomChoice(std::mt19937_64& random) const {
    std::vector<size_t> chosen;
    for (size_t i = 0; i < rows.size(); ++i) chosen.push_back(random() % rows[i].models.size());
    return chosen;
  }
  // Per row, the candidate of least regret.
  std::vector<size_t> bestChoice() const {
    std::vector<size_t> chosen;
    for (size_t i = 0; i < rows.size(); ++i) {
      size_t best = 0;
      for (size_t c = 1; c < rows[i].models.size(); ++c)
        if (reducedValue(p, prices, i, rows[i].models[c]) < reducedValue(p, prices, i, rows[i].models[best])) best = c;
      chosen.push_back(best);
    }
    return chosen;
  }
};

std::vector<uint8_t> modelsOf(const OpenPlan& plan) {
  std::vector<uint8_t> models;
  for (size_t row = 0; row < plan.rows().size(); ++row) models.push_back(plan.chosen(row).model);
  return models;
}

}  // namespace

TEST_CASE("an open plan's objective, slack and gap are the definitions'; the gap is primal minus dual") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, 40, 6);
    const OpenPlans opened(instance.problem, seed, false);
    std::mt19937_64 random(seed);
    const auto plan = opened.plan(opened.randomChoice(random));
    const Problem& p = instance.problem;
    const std::vector<uint8_t> choice = modelsOf(*plan);
    const double rounding = 1e-12 * magnitude(p, opened.prices) + 1e-300;
    CHECK(std::abs(plan->objective() - objectiveOf(p, choice)) <= rounding);
    const std::vector<double> slack = slacks(p, choice);
    for (size_t l = 0; l < slack.size(); ++l)
      CHECK(std::abs(plan->slack()[l] - slack[l]) <=
            1e-11 * (std::abs(slack[l]) + std::abs(p.limits[l].bound)) + 1e-300);
    // recovery.h: primal = D(y) + sum of regrets + sum of priced slacks.
    CHECK(std::abs(plan->gap() - (objectiveOf(p, choice) - dual(p, opened.prices))) <= 4 * rounding);
    for (const OpenPlan::Candidate& c : plan->candidates()) CHECK(c.regret >= 0);
  }
}

TEST_CASE("the effect of moves is the difference between the plans before and after, made afresh") {
  size_t excesses = 0, mended = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    const Instance instance = randomInstance(seed, 25, 6);
    const Problem& p = instance.problem;
    if (p.models < 2) continue;
    const OpenPlans opened(p, seed, false);
    std::mt19937_64 random(seed);
    std::vector<size_t> chosen = opened.randomChoice(random);
    const auto plan = opened.plan(chosen);
    for (int step = 0; step < 20; ++step) {
      std::vector<OpenPlan::Move> moves;
      std::vector<size_t> after = chosen;
      for (size_t m = 0; m < 1 + random() % 2; ++m) {
        const size_t row = random() % p.rows;
        if (!moves.empty() && moves[0].row == row) continue;
        after[row] = random() % opened.rows[row].models.size();
        moves.push_back({row, plan->rows()[row].firstCandidate + after[row]});
      }
      const OpenPlan::Effect effect = plan->effect(moves);
      const auto before = opened.plan(chosen), moved = opened.plan(after);
      const double rounding = 1e-11 * magnitude(p, opened.prices) + 1e-300;
      CHECK(std::abs(effect.objective - (moved->objective() - before->objective())) <= rounding);
      double regret = 0, excess = 0, size = 0;
      for (size_t row = 0; row < p.rows; ++row) regret += moved->chosen(row).regret - before->chosen(row).regret;
      CHECK(std::abs(effect.regret - regret) <= rounding);
      bool holds = true, clear = true;
      int nowHold = 0;
      for (size_t l = 0; l < p.limits.size(); ++l) {
        const double was = before->slack()[l], is = moved->slack()[l];
        const double price = opened.scale.price[static_cast<Index>(l)];
        const double blur = p.limits[l].quantity == kRequests ? 0.0 : 1e-9 * std::abs(p.limits[l].bound) + 1e-300;
        // A slack within rounding of nothing, or a change that is all rounding, may be seen either way.
        clear &= p.limits[l].quantity == kRequests ||
                 (std::abs(was) > blur && std::abs(is) > blur && (is == was || std::abs(is - was) > blur));
        excess += price * (std::max(0.0, -is) - std::max(0.0, -was));
        size += price * (std::abs(is) + std::abs(was) + std::abs(p.limits[l].bound));
        if (is != was) holds &= is >= 0;
        nowHold += was < 0 && is >= 0;
      }
      CHECK(std::abs(effect.excess - excess) <= 1e-9 * size + 1e-300);
      excesses += excess != 0;
      if (clear) {
        CHECK(effect.holds == holds);
        CHECK(effect.mended == nowHold);
        mended += nowHold > 0;
      }
      plan->apply(moves);
      chosen = after;
      CHECK(modelsOf(*plan) == modelsOf(*moved));
      CHECK(std::abs(plan->gap() - moved->gap()) <= 10 * rounding);
    }
  }
  CHECK(excesses > 500);
  CHECK(mended > 50);
}

// What lets recovery.cc look at few of all pairs.
TEST_CASE("what a move breaks and relieves by itself bounds what several do together") {
  size_t broken = 0, whole = 0, relieving = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    Instance instance = randomInstance(seed, 25, 6);
    Problem& p = instance.problem;
    if (p.models < 2 || p.rows < 2) continue;
    // A model that is to have a row: what leaves it may break this.
    if (seed % 2) p.limits.push_back({kRequests, true, 1, kAll, 0});
    const OpenPlans opened(p, seed, false);
    std::mt19937_64 random(seed);
    const auto plan = opened.plan(opened.randomChoice(random));
    const auto randomMove = [&](size_t row) {
      const OpenPlan::Row& r = plan->rows()[row];
      return OpenPlan::Move{row, r.firstCandidate + random() % (r.lastCandidate - r.firstCandidate)};
    };
    for (int step = 0; step < 20; ++step) {
      const size_t row = random() % p.rows;
      const OpenPlan::Move moves[2] = {randomMove(row), randomMove((row + 1) % p.rows)};
      const OpenPlan::Effect alone = plan->effect({moves, 1}), both = plan->effect(moves);
      const int limit = plan->breaks(moves[0]);
      if (plan->violations() == 0) CHECK((limit < 0) == alone.holds);
      if (limit >= 0) {
        CHECK_FALSE(plan->violated(static_cast<size_t>(limit)));
        CHECK_FALSE(alone.holds);
        if (!plan->relieves(moves[1], limit)) CHECK_FALSE(both.holds);
      }
      ++(limit >= 0 ? broken : whole);
      const double relief = plan->relief(moves[0]) + plan->relief(moves[1]);
      CHECK(-both.excess <= relief + 1e-9 * (plan->excess() + relief));
      relieving += relief > 0;
    }
  }
  CHECK(broken > 200);
  CHECK(whole > 500);
  CHECK(relieving > 500);
}

TEST_CASE("augmenting paths relieve every capacity that can be relieved, at the least regret") {
  size_t relieved = 0, impossible = 0;
  for (uint64_t seed = 0; seed < 2500; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Instance instance = randomInstance(seed, 6, 4);
    Problem& p = instance.problem;
    p.limits.clear();
    p.tieBreak = -1;
    size_t room = 0;
    for (size_t j = 0; j < p.models; ++j) {
      const size_t slots = random() % (p.rows + 1);
      room += slots;
      if (random() % 8) p.limits.push_back({kRequests, false, static_cast<double>(slots), kAll, static_cast<int>(j)});
    }
    const OpenPlans opened(p, seed, true);
    const auto plan = opened.plan(opened.bestChoice());
    const bool needed = plan->violations() > 0;
    mendCapacities(p, *plan, {});
    const Truth truth = enumerate(p);
    CHECK((plan->violations() == 0) == truth.feasible);
    if (!truth.feasible) {
      ++impossible;
      continue;
    }
    relieved += needed;
    CHECK(plan->objective() == doctest::Approx(truth.objective).epsilon(1e-9));
  }
  CHECK(relieved > 400);
  CHECK(impossible > 100);
}

TEST_CASE("augmenting paths fill capacities to the last slot in a large batch") {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Instance instance = randomInstance(seed, 300, 8);
    Problem& p = instance.problem;
    p.limits.clear();
    p.allowed = nullptr;
    size_t left = p.rows;
    for (size_t j = 0; j < p.models; ++j) {
      const size_t slots = j + 1 == p.models ? left : random() % (left + 1);
      left -= slots;
      p.limits.push_back({kRequests, false, static_cast<double>(slots), kAll, static_cast<int>(j)});
    }
    const OpenPlans opened(p, seed, true);
    const auto plan = opened.plan(opened.bestChoice());
    mendCapacities(p, *plan, {});
    CHECK(plan->violations() == 0);
    for (const double slack : plan->slack()) CHECK(slack == 0);
  }
}
