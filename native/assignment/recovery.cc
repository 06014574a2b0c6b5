#include "assignment/recovery.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "assignment/capacity_paths.h"
#include "assignment/even_rounding.h"
#include "assignment/nearest_rows.h"
#include "assignment/neighbourhoods.h"

namespace omnirouter::assignment {

namespace {

// Moves, singly or in pairs, until every limit holds: always the change that buys most relief per regret.
void mendViolations(const Problem& problem, OpenPlan& plan, const compute::CancelFlag& cancel) {
  const auto price = [](const OpenPlan::Effect& e) { return std::max(e.regret, 0.0) / -e.excess; };
  constexpr int kMaxChanges = 300;  // more are for the next round, with rows nearer to where it stands
  constexpr int kLateChanges = 60;  // what a plan may still ask for once time is up
  for (int change = 0; change < kMaxChanges && plan.violations() > 0; ++change) {
    cancel.throwIfRaised();
    if (change >= kLateChanges && cancel.timeIsUp()) return;
    std::vector<Single> moves = singles(plan, std::numeric_limits<double>::infinity());
    for (Single& single : moves) single.relief = plan.relief(single.move);
    OpenPlan::Move chosen[2];
    size_t count = 0;
    double best = std::numeric_limits<double>::infinity();
    // No move relieves more than all there is.
    const double excess = plan.excess();
    const auto affordable = [&] { return best * excess; };
    for (const Single& single : moves) {
      if (single.regret > affordable() || single.relief <= 0) continue;
      const OpenPlan::Effect effect = plan.effect({&single.move, 1});
      if (effect.excess >= 0 || price(effect) >= best) continue;
      best = price(effect);
      chosen[0] = single.move;
      count = 1;
    }
    if (best > 0) {
      // A move that relieves one limit at another's expense, with one that makes good for it.
      const auto tryBoth = [&](const Single& a, const Single& b) {
        const double relief = a.relief + b.relief;
        if (relief <= 0 || std::max(0.0, a.regret + b.regret) > best * relief) return;
        const OpenPlan::Move both[2] = {a.move, b.move};
        const OpenPlan::Effect effect = plan.effect(both);
        if (effect.excess >= 0 || price(effect) >= best) return;
        best = price(effect);
        std::copy(both, both + 2, chosen);
        count = 2;
      };
      forEachPair(moves, affordable, tryBoth);
      // Relief per regret: what costs nothing comes first, by how much it relieves.
      const auto rank = [](const Single& single) {
        return single.relief > 0 ? -single.relief / std::max(single.regret, 1e-300) : 0.0;
      };
      if (count == 0) forEachRelay(problem, plan, moves, rank, affordable, tryBoth);
      if (count == 0) forEachExchange(problem, plan, moves, affordable, tryBoth);
    }
    if (count == 0) return;
    plan.apply({chosen, count});
  }
}

// Sells slack: the single move, pair of moves or chain of three that lowers the objective most while every limit holds,
// repeated. What a change adds to the regrets must be paid from the priced slack, or it raises the objective (the identity
// above).
void improve(const Problem& problem, OpenPlan& plan, double enough, const compute::CancelFlag& cancel) {
  constexpr int kMaxChanges = 200;
  for (int change = 0; change < kMaxChanges && plan.gap() > enough && !cancel.timeIsUp(); ++change) {
    cancel.throwIfRaised();
    std::vector<Single> moves = singles(plan, plan.gap());
    for (Single& single : moves) single.broken = plan.breaks(single.move);
    // What one of several moves breaks, another must mend.
    const auto mends = [&](const Single& a, const Single& b) {
      return a.broken < 0 || plan.relieves(b.move, a.broken);
    };
    const double forSale = plan.pricedSlack();
    double best = -1e-12 * std::abs(plan.objective());
    OpenPlan::Move chosen[3];
    size_t count = 0;
    for (const Single& s : moves)
      if (s.objective < best && s.broken < 0) {
        best = s.objective;
        chosen[0] = s.move;
        count = 1;
      }
    const auto affordable = [&] { return forSale; };
    const auto tryBoth = [&](const Single& a, const Single& b) {
      if (a.objective + b.objective >= best || !mends(a, b) || !mends(b, a)) return;
      const OpenPlan::Move both[2] = {a.move, b.move};
      const OpenPlan::Effect effect = plan.effect(both);
      if (!effect.holds) return;
      best = effect.objective;
      std::copy(both, both + 2, chosen);
      count = 2;
    };
    forEachPair(moves, affordable, tryBoth);
    if (count == 0) {
      const auto gain = [](const Single& single) { return single.broken < 0 ? 0.0 : single.objective; };
      forEachRelay(problem, plan, moves, gain, affordable, tryBoth);
    }
    if (count == 0) forEachExchange(problem, plan, moves, affordable, tryBoth);
    if (count == 0)
      forEachChain(problem, plan, moves, affordable, [&](const Single& a, const Single& b, const Single& c) {
        if (a.objective + b.objective + c.objective >= best) return;
        if (!mends(a, b) && !mends(a, c)) return;
        if (!mends(b, a) && !mends(b, c)) return;
        if (!mends(c, a) && !mends(c, b)) return;
        const OpenPlan::Move all[3] = {a.move, b.move, c.move};
        const OpenPlan::Effect effect = plan.effect(all);
        if (!effect.holds) return;
        best = effect.objective;
        std::copy(all, all + 3, chosen);
        count = 3;
      });
    if (count == 0) return;
    plan.apply({chosen, count});
  }
}

// The positions of the chosen models among the rows' candidates.
std::vector<uint8_t> candidatesOf(const RowSet& set, const uint8_t* choice) {
  std::vector<uint8_t> chosen(set.size());
  for (size_t i = 0; i < set.size(); ++i) {
    const RowSet::Row row = set[i];
    chosen[i] = static_cast<uint8_t>(row.candidate(choice[row.id]));
  }
  return chosen;
}

}  // namespace

Recovery recover(const Problem& problem, const Terms& terms, const RowSet& set, const Scale& scale,
                 const Eigen::VectorXd& prices, double tau, double gapTolerance, uint8_t* choice,
                 const compute::CancelFlag& cancel) {
  const Reduced reduced(problem, {prices.data(), static_cast<size_t>(prices.size())});
  std::vector<uint8_t> chosen = tau > 0 ? roundEvenly(problem, reduced, set, tau) : candidatesOf(set, choice);

  // Search the nearest rows; where they run out with limits still missed, search again around what was reached.
  constexpr int kRounds = 16;
  Recovery recovery;
  std::vector<size_t> missed;
  for (int round = 0; round < kRounds; ++round) {
    cancel.throwIfRaised();
    const std::vector<size_t> nearest = nearestRows(problem, reduced, set, chosen, missed);
    Sums totals = set.decided;
    size_t next = 0;
    for (size_t i = 0; i < set.size(); ++i) {
      if (next < nearest.size() && nearest[next] == i)
        ++next;
      else
        addChoice(problem, terms, set[i], chosen[i], totals);
    }
    OpenPlan plan(problem, terms, scale, prices, std::move(totals));
    for (const size_t i : nearest) plan.add(set[i], chosen[i]);

    mendCapacities(problem, plan, cancel);
    mendViolations(problem, plan, cancel);
    const bool holds = plan.violations() == 0;
    if (holds) improve(problem, plan, gapTolerance * std::abs(plan.objective()), cancel);

    bool changed = false;
    for (size_t p = 0; p < nearest.size(); ++p) {
      const OpenPlan::Row& row = plan.rows()[p];
      const auto now = static_cast<uint8_t>(row.chosen - row.firstCandidate);
      changed |= now != chosen[nearest[p]];
      chosen[nearest[p]] = now;
    }
    recovery = {holds, plan.objective(), plan.slack()};
    // A first round has not looked for what it misses.
    if (holds || (!changed && round > 0) || cancel.timeIsUp()) break;
    missed.clear();
    for (size_t l = 0; l < problem.limits.size(); ++l)
      if (plan.violated(l)) missed.push_back(l);
  }
  for (size_t i = 0; i < set.size(); ++i) {
    const RowSet::Row row = set[i];
    choice[row.id] = row.models[chosen[i]];
  }
  return recovery;
}

}  // namespace omnirouter::assignment
