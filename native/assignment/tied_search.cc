#include "assignment/tied_search.h"

#include <algorithm>
#include <cmath>

#include "assignment/cells.h"
#include "assignment/kinds_lp.h"
#include "assignment/row_blocks.h"
#include "assignment/row_classes.h"
#include "assignment/screening.h"
#include "assignment/whole_rows.h"
#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kSampleGrowth = 8;
// Boxes tried, of samples and of all rows: prices that want out of so many go on for ever, or nearly so.
constexpr int kSampleAttempts = 12, kAttempts = 4;
// A price this near to a side of its box, as a share of its width, is taken to want out, and reaches so much farther in
// the next. Not more: a box wide enough for every price to end in holds more kinds than it pays to solve for.
constexpr double kEdge = 0.02;
constexpr double kWidening = 2.0;
// How far the prices of a larger sample are expected: so many times what the last one moved each, and all of them.
constexpr double kReachOwn = 0.2, kReachUsual = 0.1, kReachLeast = 1e-2;
// What is decided in a region as large as the box: the pairwise ellipsoids of TrustRegion hold less of its corners.
constexpr double kCorners = 1.75;
// Kinds are few if there are so many times fewer than rows, or no more than this.
constexpr double kFewer = 1.5;
constexpr size_t kFewKinds = 4096;
// Precision of the linear program, relative to the gap that it begins with: of samples, and of all rows.
constexpr double kSamplePrecision = 1e-3, kFinalPrecision = 1e-7;
// Rows for the repair.
constexpr size_t kPool = 16384;
// Rows are screened in slices, so that no more than one's open rows are held at a time.
constexpr size_t kSlices = 16, kLeastSlice = 16384, kLargestSlice = 32768;

// The open rows of all, by kinds, and which kind each is of.
struct KindsOfRows {
  RowSet kinds;
  std::vector<uint16_t> inSlice;  // per row, kind within its slice; kDecided
  struct Slice {
    std::vector<uint32_t> kindOf, copies;  // per kind within it: which of `kinds`, and of how many rows
  };
  std::vector<Slice> slices;
  size_t slice = 0;  // rows
  static constexpr uint16_t kDecided = 0xFFFF;
};

class TiedSearch {
 public:
  TiedSearch(const Problem& problem, const Terms& terms, uint64_t seed, PriceSearch& search,
             const compute::CancelFlag& cancel)
      : problem_(problem),
        terms_(terms),
        seed_(seed),
        search_(search),
        cancel_(cancel),
        everywhere_(PriceBox::all(search.scale)) {}

  bool run(const RowSample& first, const Eigen::VectorXd& reach) {
    reach_ = reach;
    for (RowSample sample = first; !sample.everyRow();
         sample = RowSample(problem_.rows, kSampleGrowth * sample.size(), seed_ + kSampleGrowth * sample.size()))
      if (!settle(sample, kSamplePrecision, [&](const TrustRegion& within) {
            const RowSet open = screen(problem_, within, search_.scale.objective, sample, nullptr, cancel_);
            return classesOf(problem_, terms_, open, cancel_);
          }))
        return false;
    const auto kindsWithin = [&](const TrustRegion& within) -> const RowSet& { return kindsOfAll(within); };
    if (!settle(RowSample::all(problem_.rows), kFinalPrecision, kindsWithin)) return false;
    dealOut();
    return true;
  }

 private:
  const Eigen::VectorXd& unit() const { return search_.scale.price; }

  // What is decided within reach of the present prices.
  TrustRegion region() const {
    const auto limits = reach_.size();
    return {problem_, terms_, search_.prices, Eigen::MatrixXd::Zero(limits, limits), 1.0, kCorners * reach_};
  }

  // Solves in a box around the prices, moved until they no longer want out; `kindsWithin(region)` are the kinds of rows
  // open in it.
  template <class KindsWithin>
  bool settle(const RowSample& sample, double precision, const KindsWithin& kindsWithin) {
    const Eigen::VectorXd before = search_.prices;
    const int attempts = sample.everyRow() ? kAttempts : kSampleAttempts;
    const uint64_t screening = sample.size() * problem_.models * problem_.quantities.size();
    const auto goesOn = [&] {
      return !cancel_.mustEnd() && cancel_.affords(screening + classingWork(problem_, sample.size() * problem_.models));
    };
    for (int attempt = 0; attempt < attempts && goesOn(); ++attempt) {
      const TrustRegion within = region();
      const RowSet& kinds = kindsWithin(within);
      if (kinds.size() > kFewKinds && kFewer * static_cast<double>(kinds.size()) > kinds.rows()) return false;
      const PriceBox box = everywhere_.around(within.center(), reach_);
      const double magnitude = search_.scale.objective * reach_.cwiseQuotient(unit()).mean();
      plan_ = solveKinds(problem_, terms_, kinds, box, within.center(), magnitude, precision, cancel_);
      search_.evaluations += plan_.steps;
      search_.prices = plan_.prices;
      const int edges = widenEdges(box);
      if (edges == 0 && within.contains(search_.prices)) {
        const Eigen::ArrayXd moved = (search_.prices - before).cwiseQuotient(unit()).cwiseAbs().array();
        reach_ = ((kReachOwn * moved + kReachUsual * moved.mean() + kReachLeast) * unit().array()).matrix();
        return plan_.converged;
      }
      if (edges > 0)
        followRise(sample, within.center());
      else
        reach_ *= kWidening;
    }
    return false;
  }

  // Widens the reach of the prices that want out of the box; returns how many these are.
  int widenEdges(const PriceBox& box) {
    int edges = 0;
    for (Eigen::Index l = 0; l < reach_.size(); ++l) {
      const double y = search_.prices[l], near = kEdge * (box.high[l] - box.low[l]);
      if (y <= box.high[l] - near && (box.low[l] == 0 || y >= box.low[l] + near)) continue;
      reach_[l] *= kWidening;
      ++edges;
    }
    return edges;
  }

  // D of the sample, and its slope, at center + s (prices - center).
  struct Rise {
    double at, value, slope;
  };
  Rise riseAt(const RowSample& sample, const Eigen::VectorXd& center, const Eigen::VectorXd& direction,
              double at) const {
    const Eigen::VectorXd prices = (center + at * direction).cwiseMax(0.0);
    const Reduced reduced(problem_, {prices.data(), static_cast<size_t>(prices.size())});
    const LeastReduced kernel = leastReduced(compute::isa());
    cancel_.count(compute::WorkKind::entries, sample.size() * problem_.models * problem_.quantities.size());
    const compute::Chunks chunks(sample.blocks(), 512);
    std::vector<Cells> cells(chunks.count(), Cells(problem_));
    std::vector<double> sums(chunks.count());
    compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
      cancel_.throwIfRaised();
      for (size_t b = chunks[chunk].begin; b < chunks[chunk].end; ++b)
        forEachBlock(problem_, reduced, sample[b], [&](size_t first, const LeastReducedBlock& block) {
          double least[kBlockRows];
          uint8_t which[kBlockRows];
          kernel(block, least, which);
          for (size_t i = 0; i < block.rows; ++i) sums[chunk] += least[i];
          cells[chunk].add(first, {which, block.rows});
        });
    });
    Cells all(problem_);
    for (const Cells& part : cells) all.add(part);
    Rise rise{at, 0, 0};
    for (const double sum : sums) rise.value += sample.weight() * sum;
    for (size_t l = 0; l < problem_.limits.size(); ++l) {
      const Limit& limit = problem_.limits[l];
      const auto e = static_cast<Eigen::Index>(l);
      rise.value -= prices[e] * limit.sign() * limit.bound;
      if (center[e] + at * direction[e] >= 0)
        rise.slope += direction[e] * limit.sign() * (sample.weight() * all.total(limit) - limit.bound);
    }
    return rise;
  }

  // On from the side of the box to where D is highest in that direction: it is concave and piecewise linear, so
  // tangents from both sides meet there, or cut off more of it.
  void followRise(const RowSample& sample, const Eigen::VectorXd& center) {
    const Eigen::VectorXd direction = search_.prices - center;
    Rise low = riseAt(sample, center, direction, 1), high = low;
    for (int step = 0; step < 8 && high.slope > 0; ++step) {
      low = high;
      high = riseAt(sample, center, direction, 3 * high.at);
    }
    for (int step = 0; step < 8 && low.slope > 0 && high.slope < 0; ++step) {
      const double at = (high.value - low.value + low.slope * low.at - high.slope * high.at) / (low.slope - high.slope);
      if (!(at > low.at && at < high.at)) break;
      const Rise between = riseAt(sample, center, direction, at);
      (between.slope > 0 ? low : high) = between;
      if (between.value >= low.value && high.at - low.at < 0.05) break;
    }
    const Rise& best = high.value > low.value ? high : low;
    search_.prices = (center + best.at * direction).cwiseMax(0.0);
  }

  Problem sliceOf(compute::Range rows) const {
    Problem part = problem_;
    part.rows = rows.size();
    for (size_t k = 0; k < part.quantities.size(); ++k) part.quantities[k].values = problem_.row(k, rows.begin);
    if (part.allowed) part.allowed += rows.begin;
    if (part.groups) part.groups += rows.begin;
    return part;
  }

  const RowSet& kindsOfAll(const TrustRegion& within) {
    all_ = KindsOfRows();
    all_.slice = std::clamp(problem_.rows / kSlices, kLeastSlice, kLargestSlice);
    all_.inSlice.assign(problem_.rows, KindsOfRows::kDecided);
    const compute::Chunks slices(problem_.rows, all_.slice);
    std::vector<RowSet> own(slices.count());
    compute::Pool::shared().forEachChunk(slices.count(), [&](size_t slice) {
      const compute::Range rows = slices[slice];
      const Problem part = sliceOf(rows);
      const RowSet open = screen(part, within, search_.scale.objective, RowSample::all(part.rows),
                                 search_.choice.data() + rows.begin, cancel_);
      std::vector<uint32_t> classOf;
      own[slice] = classesOf(part, terms_, open, cancel_, &classOf);
      for (size_t i = 0; i < open.size(); ++i)
        all_.inSlice[rows.begin + open[i].id] = static_cast<uint16_t>(classOf[i]);
    });
    RowSet kinds(problem_.quantities.size(), problem_.limits.size());
    for (RowSet& part : own) {
      KindsOfRows::Slice& slice = all_.slices.emplace_back();
      for (size_t k = 0; k < part.size(); ++k) slice.copies.push_back(static_cast<uint32_t>(part[k].copies));
      kinds.append(part);
      part = RowSet();
    }
    std::vector<uint32_t> classOf;
    all_.kinds = classesOf(problem_, terms_, kinds, cancel_, &classOf);
    auto at = classOf.begin();
    for (KindsOfRows::Slice& slice : all_.slices) {
      const auto end = at + static_cast<ptrdiff_t>(slice.copies.size());
      slice.kindOf.assign(at, end);
      at = end;
    }
    return all_.kinds;
  }

  // Where the next row of a kind goes.
  struct Next {
    size_t candidate = 0;
    double dealt = 0;  // rows that this candidate has already
  };

  // Gives the kinds' rows their models, in the order of rows and candidates.
  void dealOut() {
    const std::vector<double> amount = wholeRows(all_.kinds, plan_.amount, problem_.models);
    const RowSet& kinds = all_.kinds;
    Sums sums = kinds.decided;
    std::vector<uint8_t> models;  // per candidate
    std::vector<Next> next;       // per kind
    for (size_t k = 0; k < kinds.size(); ++k) {
      RowSet::Row row = kinds[k];
      next.push_back({models.size()});
      for (size_t c = 0; c < row.models.size(); ++c) {
        row.copies = amount[models.size()];
        addChoice(problem_, terms_, row, c, sums);
        models.push_back(row.models[c]);
      }
    }
    // What each slice begins with, from how many rows of a kind are in those before.
    std::vector<std::vector<Next>> begins;
    for (const KindsOfRows::Slice& slice : all_.slices) {
      std::vector<Next>& own = begins.emplace_back();
      for (size_t k = 0; k < slice.kindOf.size(); ++k) {
        Next& at = next[slice.kindOf[k]];
        own.push_back(at);
        at.dealt += slice.copies[k];
        for (; at.candidate < amount.size() && at.dealt > amount[at.candidate]; ++at.candidate)
          at.dealt -= amount[at.candidate];
      }
    }
    const double perCandidate =
        static_cast<double>(std::max<size_t>(1, kPool / std::max<size_t>(1, kinds.candidates())));
    const RowSet none(problem_.quantities.size(), problem_.limits.size());
    std::vector<RowSet> pools(all_.slices.size(), none);
    const compute::Chunks slices(problem_.rows, all_.slice);
    compute::Pool::shared().forEachChunk(slices.count(), [&](size_t slice) {
      const compute::Range rows = slices[slice];
      for (size_t i = rows.begin; i < rows.end; ++i) {
        const uint16_t kind = all_.inSlice[i];
        if (kind == KindsOfRows::kDecided) continue;
        Next& at = begins[slice][kind];
        while (at.dealt >= amount[at.candidate]) at = {at.candidate + 1};
        search_.choice[i] = models[at.candidate];
        if (at.dealt++ >= perCandidate) continue;
        uint64_t open = 0;
        for (const uint8_t model : kinds[all_.slices[slice].kindOf[kind]].models) open |= uint64_t{1} << model;
        pools[slice].add(problem_, i, open);
      }
    });
    RowSet pool = none;
    for (const RowSet& part : pools) pool.append(part);
    // What is not in the pool is settled.
    Sums own(problem_.limits.size());
    for (size_t i = 0; i < pool.size(); ++i) {
      const RowSet::Row row = pool[i];
      addChoice(problem_, terms_, row, row.candidate(search_.choice[row.id]), own);
    }
    sums.objective -= own.objective;
    for (size_t l = 0; l < sums.limit.size(); ++l) sums.limit[l] -= own.limit[l];
    pool.decided = sums;
    search_.levels.assign(1, std::move(pool));
  }

  const Problem& problem_;
  const Terms& terms_;
  const uint64_t seed_;
  PriceSearch& search_;
  const compute::CancelFlag& cancel_;
  const PriceBox everywhere_;
  Eigen::VectorXd reach_;
  KindsPlan plan_;
  KindsOfRows all_;
};

}  // namespace

bool searchTied(const Problem& problem, const Terms& terms, const RowSample& sample, const Eigen::VectorXd& reach,
                uint64_t seed, PriceSearch& search, const compute::CancelFlag& cancel) {
  return TiedSearch(problem, terms, seed, search, cancel).run(sample, reach);
}

}  // namespace omnirouter::assignment
