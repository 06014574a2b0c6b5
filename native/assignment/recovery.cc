#include "assignment/recovery.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <span>

#include "assignment/capacity_paths.h"
#include "assignment/even_rounding.h"
#include "assignment/examined.h"
#include "assignment/nearest_rows.h"
#include "assignment/neighbourhoods.h"

namespace omnirouter::assignment {

namespace {

// Looks at all moves that a repair may take where no work is left.
constexpr uint64_t kLateLooks = 4;
// What looking for the nearest rows takes, in readings of their values (compute/work.h).
constexpr uint64_t kLookedThrough = 8;

// Some moves made together, and how good that is: the less, the better.
struct Change {
  double rank = std::numeric_limits<double>::infinity();
  OpenPlan::Move moves[3] = {};
  size_t count = 0;

  Change() = default;
  Change(double rank, std::initializer_list<OpenPlan::Move> made) : rank(rank), count(made.size()) {
    std::copy(made.begin(), made.end(), moves);
  }
  std::span<const OpenPlan::Move> all() const { return {moves, count}; }
  bool operator<(const Change& other) const {
    if (rank != other.rank) return rank < other.rank;
    return std::lexicographical_compare(moves, moves + count, other.moves, other.moves + other.count,
                                        [](const OpenPlan::Move& a, const OpenPlan::Move& b) { return a.to < b.to; });
  }
};

// The best change met; or where many are made at a time, the best one of every row, which the others then do not hide.
class BestChanges {
 public:
  // Of those below `most`, for a plan of so many rows if many are made at a time.
  explicit BestChanges(double most, size_t rows = 0) : most_(most), best_(std::max<size_t>(1, rows)) {}

  bool together() const { return best_.size() > 1; }
  bool none() const { return none_; }
  // What is not below it is of no interest.
  double most() const { return none_ || together() ? most_ : best_[0].rank; }
  void add(const Change& change) {
    none_ = false;
    Change& best = best_[together() ? change.moves[0].row : 0];
    if (change.rank < best.rank) best = change;
  }
  // Makes them, best first; the later ones as long as they are `worth` it after the others.
  template <class Worth>
  void make(OpenPlan& plan, const Worth& worth) {
    if (together()) {
      std::erase_if(best_, [](const Change& change) { return change.count == 0; });
      std::sort(best_.begin(), best_.end());
    }
    for (size_t c = 0; c < best_.size(); ++c) {
      const std::span<const OpenPlan::Move> moves = best_[c].all();
      const bool made = std::any_of(moves.begin(), moves.end(), [&](const OpenPlan::Move& move) {
        return plan.rows()[move.row].chosen == move.to;
      });
      if (c == 0 || (!made && worth(plan.effect(moves)))) plan.apply(moves);
    }
  }

 private:
  const double most_;
  bool none_ = true;
  std::vector<Change> best_;
};

// Whether the best change is made alone: as long as looking for it is cheap. Where many are needed, many are made at a time.
class Pace {
 public:
  explicit Pace(const Examined& examined) : examined_(examined) {}
  // For how many rows the next look is to find changes; 0: for one alone.
  size_t rows(const OpenPlan& plan) {
    return ++looks_ > kOneByOne || examined_.count() > kCheap ? plan.rows().size() : 0;
  }

 private:
  static constexpr int kOneByOne = 32;
  static constexpr uint64_t kCheap = 200'000;
  const Examined& examined_;
  int looks_ = 0;
};

constexpr double kNever = std::numeric_limits<double>::infinity();

// Moves, singly or in pairs, until every limit holds: always the changes that buy most relief per regret.
void mendViolations(const Problem& problem, OpenPlan& plan, const compute::CancelFlag& cancel) {
  constexpr int kMaxLooks = 300;  // what is then still missed is for the next round, with rows nearer to where it stands
  const auto price = [](const OpenPlan::Effect& e) { return std::max(e.regret, 0.0) / -e.excess; };
  Examined examined(cancel, kLateLooks * plan.candidates().size());
  Pace pace(examined);
  for (int look = 0; look < kMaxLooks && plan.violations() > 0 && !examined.enough(); ++look) {
    cancel.throwIfRaised();
    std::vector<Single> moves = singles(plan, kNever);
    examined.add(plan.candidates().size() * plan.perMove());
    for (Single& single : moves) single.relief = plan.relief(single.move);
    BestChanges best(kNever, pace.rows(plan));
    // No move relieves more than all there is.
    const double excess = plan.excess();
    const auto affordable = [&] { return examined.enough() ? -kNever : best.most() * excess; };
    bool paired = false;
    const auto consider = [&](std::initializer_list<OpenPlan::Move> made) {
      examined.add(plan.perMove());
      const OpenPlan::Effect effect = plan.effect({made.begin(), made.size()});
      if (effect.excess >= 0 || price(effect) >= best.most()) return;
      best.add({price(effect), made});
      paired |= made.size() > 1;
    };
    for (const Single& single : moves)
      if (!(single.regret > best.most() * excess) && single.relief > 0) consider({single.move});
    const bool alone = !best.none();
    if (best.together() ? !alone : best.most() > 0) {
      // A move that relieves one limit at another's expense, with one that makes good for it.
      const auto tryBoth = [&](const Single& a, const Single& b) {
        examined.add(1);
        const double relief = a.relief + b.relief;
        if (relief <= 0 || std::max(0.0, a.regret + b.regret) > best.most() * relief) return;
        consider({a.move, b.move});
      };
      forEachPair(moves, affordable, tryBoth);
      // Relief per regret: what costs nothing comes first, by how much it relieves.
      const auto rank = [](const Single& single) {
        return single.relief > 0 ? -single.relief / std::max(single.regret, 1e-300) : 0.0;
      };
      if (!alone && !paired) forEachRelay(problem, plan, moves, rank, affordable, tryBoth);
      if (!alone && !paired) forEachExchange(problem, plan, moves, affordable, tryBoth);
    }
    if (best.none()) return;
    best.make(plan, [&](const OpenPlan::Effect& effect) { return effect.excess < 0; });
  }
}

// Sells slack: the single move, pair of moves or chain of three that lowers the objective most while every limit holds,
// repeated. What a change adds to the regrets must be paid from the priced slack, or it raises the objective (the identity
// above).
void improve(const Problem& problem, OpenPlan& plan, double enough, const compute::CancelFlag& cancel) {
  constexpr int kMaxLooks = 200;
  Examined examined(cancel, 0);
  Pace pace(examined);
  for (int look = 0; look < kMaxLooks && plan.gap() > enough && !examined.enough(); ++look) {
    cancel.throwIfRaised();
    std::vector<Single> moves = singles(plan, plan.gap());
    examined.add(plan.candidates().size() * plan.perMove());
    for (Single& single : moves) single.broken = plan.breaks(single.move);
    // What one of several moves breaks, another must mend.
    const auto mends = [&](const Single& a, const Single& b) {
      return a.broken < 0 || plan.relieves(b.move, a.broken);
    };
    const double forSale = plan.pricedSlack(), nothing = -1e-12 * std::abs(plan.objective());
    BestChanges best(nothing, pace.rows(plan));
    for (const Single& s : moves)
      if (s.objective < best.most() && s.broken < 0) best.add({s.objective, {s.move}});
    const auto affordable = [&] { return examined.enough() ? -kNever : forSale; };
    const auto consider = [&](std::initializer_list<OpenPlan::Move> made) {
      examined.add(plan.perMove());
      const OpenPlan::Effect effect = plan.effect({made.begin(), made.size()});
      if (effect.holds && effect.objective < best.most()) best.add({effect.objective, made});
    };
    const auto tryBoth = [&](const Single& a, const Single& b) {
      examined.add(1);
      if (a.objective + b.objective >= best.most() || !mends(a, b) || !mends(b, a)) return;
      consider({a.move, b.move});
    };
    if (!best.together() || best.none()) forEachPair(moves, affordable, tryBoth);
    if (best.none()) {
      const auto gain = [](const Single& single) { return single.broken < 0 ? 0.0 : single.objective; };
      forEachRelay(problem, plan, moves, gain, affordable, tryBoth);
    }
    if (best.none()) forEachExchange(problem, plan, moves, affordable, tryBoth);
    if (best.none())
      forEachChain(problem, plan, moves, affordable, [&](const Single& a, const Single& b, const Single& c) {
        examined.add(1);
        if (a.objective + b.objective + c.objective >= best.most()) return;
        if (!mends(a, b) && !mends(a, c)) return;
        if (!mends(b, a) && !mends(b, c)) return;
        if (!mends(c, a) && !mends(c, b)) return;
        consider({a.move, b.move, c.move});
      });
    if (best.none()) return;
    best.make(plan, [&](const OpenPlan::Effect& effect) { return effect.holds && effect.objective < nothing; });
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
    cancel.count(compute::WorkKind::entries, kLookedThrough * set.candidates() * problem.quantities.size());
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
    if (holds || (!changed && round > 0) || cancel.mustEnd()) break;
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
