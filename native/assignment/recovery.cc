#include "assignment/recovery.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "assignment/capacity_paths.h"
#include "assignment/exact.h"
#include "assignment/open_plan.h"
#include "compute/exp.h"

namespace omnirouter::assignment {

double tolerance(const Limit& limit) { return limit.quantity == kRequests ? 0.0 : 1e-7 * std::abs(limit.bound); }

namespace {

// Rows this close to a tie, in units of tau, are rounded from their softmin weights; e^-7 is a weight of 0.1 %.
constexpr double kTied = 7.0;
// Pairs of moves are searched among this many best single moves.
constexpr size_t kPairMoves = 256;
// So many rows are searched without looking for the nearest.
constexpr size_t kAllRows = 256;
// Rows that are looked at for each limit missed.
constexpr size_t kPerMissed = 64;
// The share of all that priced slack costs from which a limit's is worth a longer search.
constexpr double kWorthFilling = 0.05;

// A row's softmin weights at the last temperature.
struct Weights {
  double p[kMaxModels];
  size_t best;
  double margin;  // second smallest reduced value minus the smallest
};

Weights weigh(const Problem& problem, const Reduced& reduced, const RowSet::Row& row, double tau) {
  Weights w;
  w.best = reduceRow(problem, reduced, row, w.p);
  const double least = w.p[w.best];
  double second = std::numeric_limits<double>::infinity();
  for (size_t c = 0; c < row.models.size(); ++c)
    if (c != w.best) second = std::min(second, w.p[c]);
  w.margin = second - least;
  double total = 0;
  for (size_t c = 0; c < row.models.size(); ++c)
    total += w.p[c] = tau > 0 ? compute::expOfMinus(std::min((w.p[c] - least) / tau, 700.0)) : c == w.best;
  for (size_t c = 0; c < row.models.size(); ++c) w.p[c] /= total;
  return w;
}

// Gives each tied row a model with the probability that its weights say, drawn from the golden-ratio sequence, whose
// first n members spread over [0, 1) as evenly as any (discrepancy O(log n / n)): so the sums stay within a few rows of
// the smoothed optimum's wherever many rows are tied alike, and a row's own preference among them is kept. One sequence
// for every group and every lowest of the tied models, because rows tied between the same models are tied by the same
// trade of cost for quality.
class EvenRounding {
 public:
  explicit EvenRounding(const Problem& problem)
      : models_(problem.models), drawn_(problem.groupCount * problem.models, 0) {}
  size_t round(const RowSet::Row& row, const Weights& weights) {
    size_t lowest = 0;
    while (lowest + 1 < row.models.size() && weights.p[lowest] <= kNegligible) ++lowest;
    uint64_t& n = drawn_[row.group * models_ + row.models[lowest]];
    // Fractional parts of n / golden ratio, exactly, in 64-bit fixed point.
    double left = static_cast<double>((++n * 0x9E3779B97F4A7C15u) >> 11) * 0x1p-53;
    for (size_t c = 0; c < row.models.size(); ++c)
      if ((left -= weights.p[c]) < 0) return c;
    return weights.best;
  }

 private:
  static constexpr double kNegligible = 1e-3;
  size_t models_;
  std::vector<uint64_t> drawn_;
};

struct Single {
  OpenPlan::Move move;
  double regret, objective;  // what the move adds
  int broken = -1;           // a limit that does not hold after the move alone
  double relief = 0;         // of the limits missed
};

// Every change of one row that adds at most `most` to the regrets. The kPairMoves of least regret come first, in order.
std::vector<Single> singles(const OpenPlan& plan, double most) {
  std::vector<Single> moves;
  for (size_t row = 0; row < plan.rows().size(); ++row) {
    const OpenPlan::Row& r = plan.rows()[row];
    const OpenPlan::Candidate& from = plan.candidates()[r.chosen];
    for (size_t c = r.firstCandidate; c < r.lastCandidate; ++c) {
      const OpenPlan::Candidate& to = plan.candidates()[c];
      // False of NaN too, the difference of two infinite regrets: nothing is to be sorted by it.
      if (c != r.chosen && to.regret - from.regret <= most)
        moves.push_back({{row, c}, to.regret - from.regret, to.objective - from.objective, -1, 0});
    }
  }
  const auto before = [](const Single& a, const Single& b) {
    return a.regret != b.regret ? a.regret < b.regret : a.move.to < b.move.to;
  };
  const auto paired = moves.begin() + static_cast<ptrdiff_t>(std::min(moves.size(), kPairMoves));
  std::nth_element(moves.begin(), paired, moves.end(), before);
  std::sort(moves.begin(), paired, before);
  return moves;
}

// Pairs of different rows among the first moves, as long as the regrets of both stay within `regretLimit()`.
template <class RegretLimit, class Visit>
void forEachPair(const std::vector<Single>& moves, const RegretLimit& regretLimit, const Visit& visit) {
  const size_t tried = std::min(moves.size(), kPairMoves);
  for (size_t a = 0; a < tried; ++a)
    for (size_t b = a + 1; b < tried; ++b) {
      if (moves[a].regret + moves[b].regret > regretLimit()) break;
      if (moves[a].move.row != moves[b].move.row) visit(moves[a], moves[b]);
    }
}

// Pairs of moves that change places: a row from one model to another, and one of the same group the other way. Whatever
// is limited per model or per group changes little, so that these still fit where no other pair does. Among all moves.
template <class RegretLimit, class Visit>
void forEachExchange(const Problem& problem, const OpenPlan& plan, const std::vector<Single>& moves,
                     const RegretLimit& regretLimit, const Visit& visit) {
  const size_t models = problem.models;
  std::vector<std::vector<const Single*>> between(problem.groupCount * models * models);
  for (const Single& single : moves) {
    const size_t group = problem.group(plan.rows()[single.move.row].id);
    const size_t from = plan.chosen(single.move.row).model, to = plan.candidates()[single.move.to].model;
    between[(group * models + from) * models + to].push_back(&single);
  }
  for (auto& list : between)
    std::sort(list.begin(), list.end(), [](const Single* a, const Single* b) {
      return a->regret != b->regret ? a->regret < b->regret : a->move.to < b->move.to;
    });
  for (size_t group = 0; group < problem.groupCount; ++group)
    for (size_t j = 0; j < models; ++j)
      for (size_t k = j + 1; k < models; ++k) {
        const auto& back = between[(group * models + k) * models + j];
        for (const Single* a : between[(group * models + j) * models + k])
          for (const Single* b : back) {
            if (a->regret + b->regret > regretLimit()) break;
            visit(*a, *b);
          }
      }
}

// Pairs of a move that is wanted, the first by `rank` of those for which it is negative, and one of a row that leaves the
// model it goes to, of whatever group: a tenant that misses its budget changes places with one that does not.
template <class Rank, class RegretLimit, class Visit>
void forEachRelay(const Problem& problem, const OpenPlan& plan, const std::vector<Single>& moves, const Rank& rank,
                  const RegretLimit& regretLimit, const Visit& visit) {
  constexpr size_t kWanted = 128;
  struct Ranked {
    double rank;
    const Single* single;
    bool operator<(const Ranked& other) const {
      return rank != other.rank ? rank < other.rank : single->move.to < other.single->move.to;
    }
  };
  std::vector<Ranked> wanted;
  std::vector<std::vector<Ranked>> leaving(problem.models);
  for (const Single& single : moves) {
    if (const double own = rank(single); own < 0) wanted.push_back({own, &single});
    leaving[plan.chosen(single.move.row).model].push_back({single.regret, &single});
  }
  std::sort(wanted.begin(), wanted.end());
  if (wanted.size() > kWanted) wanted.resize(kWanted);
  for (auto& list : leaving) std::sort(list.begin(), list.end());
  for (const Ranked& a : wanted)
    for (const Ranked& b : leaving[plan.candidates()[a.single->move.to].model]) {
      if (a.single->regret + b.single->regret > regretLimit()) break;
      if (a.single->move.row != b.single->move.row) visit(*a.single, *b.single);
    }
}

// Chains of three moves that fill a place whose price is not paid: a row into the model that has room, one into the place
// it leaves, and one more. Where qualities are steps of a scale and every capacity is full, nothing shorter may fit.
template <class RegretLimit, class Visit>
void forEachChain(const Problem& problem, const OpenPlan& plan, const std::vector<Single>& moves,
                  const RegretLimit& regretLimit, const Visit& visit) {
  constexpr size_t kPerPair = 3;  // moves between the same two models
  const size_t models = problem.models;
  std::vector<const Single*> sorted;
  for (const Single& single : moves) sorted.push_back(&single);
  std::sort(sorted.begin(), sorted.end(), [](const Single* a, const Single* b) {
    return a->regret != b->regret ? a->regret < b->regret : a->move.to < b->move.to;
  });
  std::vector<std::vector<const Single*>> into(models);
  std::vector<size_t> between(models * models, 0);
  for (const Single* single : sorted) {
    const size_t from = plan.chosen(single->move.row).model, to = plan.candidates()[single->move.to].model;
    if (between[from * models + to]++ < kPerPair) into[to].push_back(single);
  }
  const auto from = [&](const Single* single) -> size_t { return plan.chosen(single->move.row).model; };
  for (size_t l = 0; l < problem.limits.size(); ++l) {
    const Limit& limit = problem.limits[l];
    if (limit.model == kAll || limit.atLeast) continue;
    if (limit.quantity == kRequests ? plan.slack()[l] < 1 : plan.slack()[l] <= 0) continue;
    if (plan.prices()[static_cast<Eigen::Index>(l)] * plan.slack()[l] < kWorthFilling * plan.pricedSlack()) continue;
    for (const Single* a : into[static_cast<size_t>(limit.model)])
      for (const Single* b : into[from(a)]) {
        if (a->regret + b->regret > regretLimit()) break;
        if (b->move.row == a->move.row) continue;
        for (const Single* c : into[from(b)]) {
          if (a->regret + b->regret + c->regret > regretLimit()) break;
          if (c->move.row == a->move.row || c->move.row == b->move.row) continue;
          visit(*a, *b, *c);
        }
      }
  }
}

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

// A row's move and what it costs: regret, or regret by what it relieves.
struct Offer {
  double price;
  size_t row;
  bool operator<(const Offer& other) const { return price != other.price ? price < other.price : row < other.row; }
};

// The cheapest offers, as a max-heap of them.
void keep(std::vector<Offer>& cheapest, size_t most, const Offer& offer) {
  if (cheapest.size() == most) {
    if (!(offer < cheapest.front())) return;
    std::pop_heap(cheapest.begin(), cheapest.end());
    cheapest.pop_back();
  }
  cheapest.push_back(offer);
  std::push_heap(cheapest.begin(), cheapest.end());
}

// By how much a row's move from candidate `from` to `to` relieves a limit of its group.
double reliefOf(const Limit& limit, const RowSet::Row& row, size_t from, size_t to) {
  const auto amount = [&](size_t c) {
    if (limit.model != kAll && limit.model != static_cast<int>(row.models[c])) return 0.0;
    return limit.quantity == kRequests ? 1.0 : static_cast<double>(row.value(static_cast<size_t>(limit.quantity), c));
  };
  return limit.sign() * (amount(from) - amount(to));
}

// The open rows worth searching: for every pair of models, the rows now at the one that would lose least by moving to
// the other. So every exchange of a few rows that could pay is within reach, however many rows are tied. And for each of
// the limits `missed`, the rows that would relieve it at the least price: those may be all of one small group.
std::vector<size_t> nearestRows(const Problem& problem, const Reduced& reduced, const RowSet& set,
                                const std::vector<uint8_t>& chosen, const std::vector<size_t>& missed) {
  std::vector<size_t> rows;
  if (set.size() <= kAllRows) {
    rows.resize(set.size());
    std::iota(rows.begin(), rows.end(), size_t{0});
    return rows;
  }
  const size_t models = problem.models;
  const size_t perPair = std::max<size_t>(6, 2048 / (models * models));
  std::vector<std::vector<Offer>> offers(models * models + missed.size());
  double r[kMaxModels];
  for (size_t i = 0; i < set.size(); ++i) {
    const RowSet::Row row = set[i];
    reduceRow(problem, reduced, row, r);
    for (size_t c = 0; c < row.models.size(); ++c) {
      if (c == chosen[i]) continue;
      const double regret = r[c] - r[chosen[i]];
      keep(offers[row.models[chosen[i]] * models + row.models[c]], perPair, {regret, i});
      for (size_t m = 0; m < missed.size(); ++m) {
        const Limit& limit = problem.limits[missed[m]];
        const double relief = limit.covers(row.group) ? reliefOf(limit, row, chosen[i], c) : 0;
        if (relief > 0) keep(offers[models * models + m], kPerMissed, {regret / relief, i});
      }
    }
  }
  for (const auto& heap : offers)
    for (const Offer& offer : heap) rows.push_back(offer.row);
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

}  // namespace

Recovery recover(const Problem& problem, const Terms& terms, const RowSet& set, const Scale& scale,
                 const Eigen::VectorXd& prices, double tau, double gapTolerance, uint8_t* choice,
                 const compute::CancelFlag& cancel) {
  const Reduced reduced(problem, {prices.data(), static_cast<size_t>(prices.size())});
  EvenRounding rounding(problem);
  std::vector<uint8_t> chosen(set.size());
  for (size_t i = 0; i < set.size(); ++i) {
    const RowSet::Row row = set[i];
    if (tau == 0) {
      chosen[i] = static_cast<uint8_t>(row.candidate(choice[row.id]));
      continue;
    }
    const Weights weights = weigh(problem, reduced, row, tau);
    chosen[i] = static_cast<uint8_t>(weights.margin < kTied * tau ? rounding.round(row, weights) : weights.best);
  }

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
