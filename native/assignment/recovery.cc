#include "assignment/recovery.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "assignment/capacity_paths.h"
#include "assignment/exact.h"
#include "assignment/open_plan.h"

namespace omnirouter::assignment {

double tolerance(const Limit& limit) {
  return limit.quantity == kRequests ? 0.0 : 1e-7 * std::abs(limit.bound);
}

namespace {

// Rows this close to a tie, in units of tau, are rounded from their softmin weights; e^-7 is a weight of 0.1
// %.
constexpr double kTied = 7.0;
// Pairs of moves are searched among this many best single moves.
constexpr size_t kPairMoves = 256;

// A row's softmin weights at the last temperature.
struct Weights {
  double p[kMaxModels];
  size_t best;
  double margin;  // second smallest reduced value minus the smallest
};

Weights weigh(const Problem& problem, const Reduced& reduced, const RowSet::Row& row, double tau) {
  Weights w;
  const size_t quantities = problem.quantities.size();
  double least = std::numeric_limits<double>::infinity(), second = least;
  w.best = 0;
  for (size_t c = 0; c < row.models.size(); ++c) {
    double r = reduced.base(row.group)[row.models[c]];
    for (size_t k = 0; k < quantities; ++k)
      r += reduced.weight(row.group, k)[row.models[c]] * static_cast<double>(row.values[c * quantities + k]);
    w.p[c] = r;
    if (r < least) {
      second = least;
      least = r;
      w.best = c;
    } else {
      second = std::min(second, r);
    }
  }
  w.margin = second - least;
  double total = 0;
  for (size_t c = 0; c < row.models.size(); ++c)
    total += w.p[c] = tau > 0 ? std::exp(-(w.p[c] - least) / tau) : c == w.best;
  for (size_t c = 0; c < row.models.size(); ++c) w.p[c] /= total;
  return w;
}

// Largest-remainder rounding in row order: the running difference between what the weights ask of a (group,
// model) and what it was given decides each tied row, so every sum stays within one row of the smoothed
// optimum's.
class ErrorDiffusion {
 public:
  explicit ErrorDiffusion(const Problem& problem)
      : models_(problem.models), carry_(problem.groupCount * problem.models, 0.0) {}
  size_t round(const RowSet::Row& row, const Weights& weights) {
    double* carry = carry_.data() + row.group * models_;
    size_t chosen = weights.best;
    for (size_t c = 0; c < row.models.size(); ++c) {
      carry[row.models[c]] += weights.p[c];
      if (weights.p[c] > 1e-3 && carry[row.models[c]] > carry[row.models[chosen]]) chosen = c;
    }
    carry[row.models[chosen]] -= 1;
    return chosen;
  }

 private:
  size_t models_;
  std::vector<double> carry_;
};

struct Single {
  OpenPlan::Move move;
  OpenPlan::Effect effect;
};

// Every change of one row, with its effect.
std::vector<Single> singles(const OpenPlan& plan) {
  std::vector<Single> moves;
  moves.reserve(plan.candidates().size());
  for (size_t row = 0; row < plan.rows().size(); ++row) {
    const OpenPlan::Row& r = plan.rows()[row];
    for (size_t c = r.firstCandidate; c < r.lastCandidate; ++c) {
      if (c == r.chosen) continue;
      const OpenPlan::Move move{row, c};
      moves.push_back({move, plan.effect({&move, 1})});
    }
  }
  return moves;
}

void sortByRegret(std::vector<Single>& moves) {
  std::stable_sort(moves.begin(), moves.end(),
                   [](const Single& a, const Single& b) { return a.effect.regret < b.effect.regret; });
}

// Pairs of different rows among the first moves.
template <class Visit>
void forEachPair(const std::vector<Single>& moves, const Visit& visit) {
  const size_t tried = std::min(moves.size(), kPairMoves);
  for (size_t a = 0; a < tried; ++a)
    for (size_t b = a + 1; b < tried; ++b)
      if (moves[a].move.row != moves[b].move.row) visit(moves[a], moves[b]);
}

// Moves, singly or in pairs, until every limit holds: always the change that buys most relief per regret.
void mendViolations(OpenPlan& plan, const compute::CancelFlag& cancel) {
  const auto price = [](const OpenPlan::Effect& e) { return std::max(e.regret, 0.0) / -e.excess; };
  const int maxChanges = 64 + 4 * static_cast<int>(plan.rows().size());
  for (int change = 0; change < maxChanges && plan.violations() > 0; ++change) {
    cancel.throwIfRaised();
    std::vector<Single> moves = singles(plan);
    OpenPlan::Move chosen[2];
    size_t count = 0;
    double best = std::numeric_limits<double>::infinity();
    for (const Single& single : moves)
      if (single.effect.excess < 0 && price(single.effect) < best) {
        best = price(single.effect);
        chosen[0] = single.move;
        count = 1;
      }
    if (best > 0) {
      // A move that relieves one limit at another's expense, with one that makes good for it.
      sortByRegret(moves);
      forEachPair(moves, [&](const Single& a, const Single& b) {
        const OpenPlan::Move both[2] = {a.move, b.move};
        const OpenPlan::Effect effect = plan.effect(both);
        if (effect.excess >= 0 || price(effect) >= best) return;
        best = price(effect);
        std::copy(both, both + 2, chosen);
        count = 2;
      });
    }
    if (count == 0) return;
    plan.apply({chosen, count});
  }
}

// Sells slack: the single move or pair of moves that lowers the objective most while every limit holds,
// repeated. Only rows whose regret is below the gap can take part in a better plan (reduced-cost fixing).
void improve(OpenPlan& plan, double enough, const compute::CancelFlag& cancel) {
  constexpr int kMaxChanges = 200;
  for (int change = 0; change < kMaxChanges && plan.gap() > enough; ++change) {
    cancel.throwIfRaised();
    std::vector<Single> moves = singles(plan);
    std::erase_if(moves, [&](const Single& s) { return s.effect.regret > plan.gap(); });
    sortByRegret(moves);
    double best = -1e-12 * std::abs(plan.objective());
    OpenPlan::Move chosen[2];
    size_t count = 0;
    for (const Single& s : moves)
      if (s.effect.holds && s.effect.objective < best) {
        best = s.effect.objective;
        chosen[0] = s.move;
        count = 1;
      }
    forEachPair(moves, [&](const Single& a, const Single& b) {
      if (a.effect.objective + b.effect.objective >= best) return;
      const OpenPlan::Move both[2] = {a.move, b.move};
      const OpenPlan::Effect effect = plan.effect(both);
      if (!effect.holds) return;
      best = effect.objective;
      std::copy(both, both + 2, chosen);
      count = 2;
    });
    if (count == 0) return;
    plan.apply({chosen, count});
  }
}

}  // namespace

Recovery recover(const Problem& problem, const Terms& terms, const RowSet& set, const Scale& scale,
                 const Eigen::VectorXd& prices, double tau, double gapTolerance, uint8_t* choice,
                 const compute::CancelFlag& cancel) {
  // Round every open row; keep the ones nearest to a tie, and every tied one's neighbours in margin, for the
  // search.
  const Reduced reduced(problem, {prices.data(), static_cast<size_t>(prices.size())});
  ErrorDiffusion diffusion(problem);
  std::vector<double> margin(set.size());
  std::vector<uint8_t> rounded(set.size());
  for (size_t i = 0; i < set.size(); ++i) {
    const RowSet::Row row = set[i];
    const Weights weights = weigh(problem, reduced, row, tau);
    margin[i] = weights.margin;
    rounded[i] =
        static_cast<uint8_t>(weights.margin < kTied * tau ? diffusion.round(row, weights) : weights.best);
  }
  std::vector<size_t> order(set.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const size_t wanted = std::min(set.size(), 768 + 24 * problem.models + 8 * problem.limits.size());
  std::nth_element(
      order.begin(), order.begin() + static_cast<ptrdiff_t>(wanted), order.end(),
      [&](size_t a, size_t b) { return margin[a] != margin[b] ? margin[a] < margin[b] : a < b; });
  std::sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(wanted));

  // The rows outside the search are settled as rounded.
  Sums totals = set.decided;
  std::vector<bool> searched(set.size(), false);
  for (size_t o = 0; o < wanted; ++o) searched[order[o]] = true;
  for (size_t i = 0; i < set.size(); ++i) {
    const RowSet::Row row = set[i];
    const size_t c = rounded[i];
    choice[row.id] = row.models[c];
    if (searched[i]) continue;
    addChoice(problem, terms, row, c, totals);
  }
  OpenPlan plan(problem, terms, scale, prices, std::move(totals));
  for (size_t o = 0; o < wanted; ++o) plan.add(set[order[o]], rounded[order[o]]);

  mendCapacities(problem, plan, cancel);
  mendViolations(plan, cancel);
  const double enough = gapTolerance * std::abs(plan.objective());
  if (plan.violations() == 0) improve(plan, enough, cancel);

  for (size_t row = 0; row < plan.rows().size(); ++row) choice[plan.rows()[row].id] = plan.chosen(row).model;
  return {plan.violations() == 0, plan.objective(), plan.slack()};
}

}  // namespace omnirouter::assignment
