#include "assignment/approach.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "assignment/certificate.h"
#include "assignment/examined.h"
#include "assignment/open_plan.h"

namespace omnirouter::assignment {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// A gap above this share of the objective is far.
constexpr double kFar = 0.05;
// Moves of one descent, per row; rows times models of which pairs of moves are tried.
constexpr size_t kMovesPerRow = 4, kMostPaired = 4096;
constexpr int kMostPairs = 100;

// All rows of a batch, of which any may move.
class Descent {
 public:
  Descent(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
          const Eigen::VectorXd& prices, const compute::CancelFlag& cancel)
      : problem_(problem), terms_(terms), rows_(rows), scale_(scale), prices_(prices), examined_(cancel, 0) {}

  // From a plan that holds: down as long as every limit does.
  void start(const std::vector<uint8_t>& choice) {
    plan_.start(problem_, terms_, scale_, prices_, rows_.decided);
    for (size_t i = 0; i < rows_.size(); ++i) plan_.add(rows_[i], rows_[i].candidate(choice[rows_[i].id]));
  }

  // Always the move that saves most and leaves every limit held.
  void descend() {
    for (size_t n = 0; n < kMovesPerRow * rows_.size() && !examined_.enough(); ++n) {
      OpenPlan::Move best{};
      double most = -kGain * std::abs(plan_.objective());
      forEachMove([&](const OpenPlan::Move& move, double saved) {
        if (saved >= most || !plan_.effect({&move, 1}).holds) return;
        most = saved;
        best = move;
      });
      if (!(most < -kGain * std::abs(plan_.objective())) || !(most < 0)) return;
      plan_.apply({&best, 1});
    }
  }

  // Always the move that takes most of what is missed and no more; when there is none, back to where the cheapest that takes
  // all of it was.
  void fill() {
    double cheapest = kNever;
    std::vector<OpenPlan::Move> back;
    size_t kept = 0;
    OpenPlan::Move last{};
    for (size_t n = 0; n < kMovesPerRow * rows_.size() && plan_.violations() > 0 && !examined_.enough(); ++n) {
      const double missed = plan_.excess();
      OpenPlan::Move best{}, least{};
      double within = 0, above = kNever;
      forEachMove([&](const OpenPlan::Move& move, double) {
        if (plan_.breaks(move) >= 0) return;
        const OpenPlan::Effect effect = plan_.effect({&move, 1});
        if (!(effect.excess < 0)) return;
        if (effect.mended == 0) {
          if (effect.excess >= within) return;
          within = effect.excess;
          best = move;
        } else if (effect.excess <= -missed && effect.objective < above) {
          above = effect.objective;
          least = move;
        }
      });
      if (plan_.objective() + above < cheapest) {
        cheapest = plan_.objective() + above;
        kept = back.size();
        last = least;
      }
      if (!(within < 0)) break;
      back.push_back({best.row, plan_.rows()[best.row].chosen});
      plan_.apply({&best, 1});
    }
    if (plan_.violations() == 0 || cheapest == kNever) return;
    for (; back.size() > kept; back.pop_back()) plan_.apply({&back.back(), 1});
    plan_.apply({&last, 1});
  }

  // Pairs of moves, one that saves more than the other adds.
  void exchange() {
    for (int n = 0; n < kMostPairs && !examined_.enough(); ++n) {
      moves_.clear();
      forEachMove([&](const OpenPlan::Move& move, double saved) { moves_.push_back({saved, move}); });
      if (moves_.size() > kMostPaired) return;
      std::sort(moves_.begin(), moves_.end(), [](const Sized& a, const Sized& b) {
        if (a.by != b.by) return a.by < b.by;
        return a.move.row != b.move.row ? a.move.row < b.move.row : a.move.to < b.move.to;
      });
      // First those that save most in all.
      OpenPlan::Move best[2];
      double most = -kGain * std::abs(plan_.objective());
      const double gap = plan_.gap();
      for (const Sized& down : moves_) {
        if (down.by >= 0) break;
        // No plan is better than the bound: no pair saves more than the gap.
        const double least = -gap - down.by;
        auto up = std::lower_bound(moves_.begin(), moves_.end(), least,
                                   [](const Sized& a, double by) { return a.by < by; });
        size_t tried = 0;
        for (; up != moves_.end() && down.by + up->by < most && tried < kTried / moves_.size(); ++up, ++tried) {
          if (up->move.row == down.move.row) continue;
          examined_.add(plan_.perMove());
          const OpenPlan::Move both[2] = {down.move, up->move};
          if (!plan_.effect(both).holds) continue;
          most = down.by + up->by;
          std::copy(both, both + 2, best);
          break;
        }
      }
      if (!(most < -kGain * std::abs(plan_.objective()))) return;
      plan_.apply(best);
    }
  }

  bool holds() const { return plan_.violations() == 0; }
  std::vector<uint8_t> choice(std::vector<uint8_t> all) const {
    for (size_t i = 0; i < rows_.size(); ++i) all[rows_[i].id] = plan_.chosen(i).model;
    return all;
  }

 private:
  static constexpr double kGain = 1e-12;
  static constexpr size_t kTried = 65536;
  struct Sized {
    double by;
    OpenPlan::Move move;
  };

  template <class Visit>
  void forEachMove(const Visit& visit) const {
    examined_.add(plan_.candidates().size());
    for (size_t row = 0; row < plan_.rows().size(); ++row) {
      const OpenPlan::Row& r = plan_.rows()[row];
      const double own = plan_.candidates()[r.chosen].objective;
      for (size_t c = r.firstCandidate; c < r.lastCandidate; ++c)
        if (c != r.chosen) visit({row, c}, plan_.candidates()[c].objective - own);
    }
  }

  const Problem& problem_;
  const Terms& terms_;
  const RowSet& rows_;
  const Scale& scale_;
  const Eigen::VectorXd& prices_;
  mutable Examined examined_;
  OpenPlan plan_;
  std::vector<Sized> moves_;
};

// Whether a limit keeps an objective of this weight from falling.
bool opposes(const Problem& problem, const Limit& limit) {
  return limit.quantity != kRequests &&
         limit.sign() * problem.objective[static_cast<size_t>(limit.quantity)] < 0;
}

}  // namespace

void approachBound(const Problem& problem, const Terms& terms, const RowSet& rows, const Scale& scale,
                   const Eigen::VectorXd& prices, std::vector<uint8_t>& choice, const compute::CancelFlag& cancel) {
  const std::span<const double> y{prices.data(), static_cast<size_t>(prices.size())};
  thread_local Certificate best;  // its memory serves the next
  certify(problem, y, choice.data(), cancel, best);
  const auto isFar = [&] {
    const double size = std::max(std::abs(best.objective), std::abs(best.dual));
    return !best.holds || best.objective - best.dual > kFar * size;
  };
  if (!isFar()) return;
  Descent descent(problem, terms, rows, scale, prices, cancel);
  const auto finish = [&] {
    if (!descent.holds()) return;
    descent.descend();
    descent.exchange();
    const std::vector<uint8_t> found = descent.choice(choice);
    Certificate theirs = certify(problem, y, found.data(), cancel);
    if (!theirs.holds || (best.holds && !(theirs.objective < best.objective))) return;
    best = std::move(theirs);
    choice = found;
  };
  if (best.holds) {
    descent.start(choice);
    finish();
  }
  if (!isFar() || std::none_of(problem.limits.begin(), problem.limits.end(),
                               [&](const Limit& limit) { return opposes(problem, limit); }))
    return;
  // Without the limits that oppose it: their prices are 0.
  Eigen::VectorXd free = prices;
  for (size_t l = 0; l < problem.limits.size(); ++l)
    if (opposes(problem, problem.limits[l])) free[static_cast<Eigen::Index>(l)] = 0;
  const Reduced reduced(problem, {free.data(), static_cast<size_t>(free.size())});
  std::vector<uint8_t> cheapest = choice;
  double r[kMaxModels];
  for (size_t i = 0; i < rows.size(); ++i) {
    const RowSet::Row row = rows[i];
    cheapest[row.id] = row.models[reduceRow(problem, reduced, row, r)];
  }
  descent.start(cheapest);
  descent.fill();
  finish();
}

}  // namespace omnirouter::assignment
