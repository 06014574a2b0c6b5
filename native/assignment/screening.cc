#include "assignment/screening.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "assignment/cells.h"
#include "assignment/kernels/screen_rows.h"
#include "assignment/row_blocks.h"
#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kSlice = 4096;
// What screening a row takes, and narrowing one, in readings of its values (compute/work.h).
constexpr uint64_t kScreened = 2, kNarrowed = 4;

// The greatest value of a quantity.
float greatest(const Problem& problem, size_t quantity) {
  const compute::Chunks chunks(problem.rows, kSlice);
  std::vector<float> most(chunks.count());
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    const compute::Range rows = chunks[chunk];
    const float* values = problem.row(quantity, rows.begin);
    most[chunk] = *std::max_element(values, values + rows.size() * problem.models);
  });
  return most.empty() ? 0.0f : *std::max_element(most.begin(), most.end());
}

// Per quantity, the greatest value that a negative weight of some group may be put on; 0 where there is none. Beyond what is
// known of a quantity it has to be looked at: only floors have negative weights, and most are of quality, which is at most 1.
std::vector<double> mostWeighted(const Problem& problem, const Reduced& reduced) {
  constexpr double kKnown = 1;
  std::vector<double> most(problem.quantities.size(), 0.0);
  for (size_t k = 0; k < most.size(); ++k) {
    bool negative = false;
    for (size_t g = 0; g < problem.groupCount; ++g) {
      const double* weight = reduced.weight(g, k);
      negative |= std::any_of(weight, weight + problem.models, [](double each) { return each < 0; });
    }
    const double known = problem.quantities[k].most;
    if (negative) most[k] = known <= kKnown ? known : static_cast<double>(greatest(problem, k));
  }
  return most;
}

// What base and negative weights may amount to in a row of the group, its values being at most `most`.
double mostSubtracted(const Problem& problem, const Reduced& reduced, size_t group, const std::vector<double>& most) {
  double amount = 0;
  for (size_t j = 0; j < problem.models; ++j) {
    double sum = std::abs(reduced.base(group)[j]);
    for (size_t k = 0; k < most.size(); ++k) sum += std::max(0.0, -reduced.weight(group, k)[j]) * most[k];
    amount = std::max(amount, sum);
  }
  return amount;
}

// The kernel's tables in its units.
class KernelTables {
 public:
  KernelTables(const Problem& problem, const TrustRegion& region, const Reduced& reduced, double unit)
      : channels_(region.channels()) {
    const size_t models = problem.models, quantities = problem.quantities.size();
    const auto scaled = [](double divisor) { return [divisor](double x) { return static_cast<float>(x / divisor); }; };
    // Rows of `models` values, each padded with zeros.
    const auto append = [&](std::vector<float>& to, std::span<const double> values, double divisor) {
      for (size_t begin = 0; begin < values.size(); begin += models) {
        const auto row = values.subspan(begin, models);
        std::transform(row.begin(), row.end(), std::back_inserter(to), scaled(divisor));
        to.resize(to.size() + paddedModels(models) - models, 0.0f);
      }
    };
    const double rounding = (kRoundings + kRoundingsPerQuantity * static_cast<double>(quantities)) * 0x1p-24;
    const std::vector<double> most = mostWeighted(problem, reduced);
    std::vector<double> low(quantities * models), high(quantities * models);
    for (size_t g = 0; g < problem.groupCount; ++g) {
      const TrustRegion::Group& tables = region.group(g);
      append(base_, {reduced.base(g), models}, unit);
      for (size_t e = 0; e < quantities * models; ++e) {
        // What rounding does to the reach itself is part of it.
        const double own = (1 + 4 * rounding) * tables.own[e];
        low[e] = reduced.weight(g, 0)[e] - own;
        high[e] = reduced.weight(g, 0)[e] + own;
      }
      append(lowWeight_, low, unit);
      append(highWeight_, high, unit);
      const double slip = 4.1 * rounding * mostSubtracted(problem, reduced, g, most);
      slip_.push_back(static_cast<float>(slip / unit));
      widest_.push_back(static_cast<float>((1.00001 * region.widest(g) + slip) / unit));
      std::transform(tables.a.begin(), tables.a.end(), std::back_inserter(a_), scaled(unit * unit));
      append(u_, tables.u, unit * unit / 2);
      append(v_, tables.v, unit * unit);
    }
    block.base = base_.data();
    block.lowWeight = lowWeight_.data();
    block.highWeight = region.hasOwn() ? highWeight_.data() : nullptr;
    block.slip = slip_.data();
    block.widest = widest_.data();
    block.a = a_.data();
    block.u = u_.data();
    block.v = v_.data();
    block.channelQuantity = channels_.data();
    block.channels = channels_.size();
    block.quantities = quantities;
    block.models = models;
  }
  KernelTables(const KernelTables&) = delete;

  ScreenBlock block{};

 private:
  std::vector<float> base_, lowWeight_, highWeight_, slip_, widest_, a_, u_, v_;
  std::vector<int> channels_;
};

// What one chunk of rows came to.
struct Part {
  Part(const Problem& problem) : decided(problem), open(problem.quantities.size(), problem.limits.size()) {}
  Cells decided;
  RowSet open;
};

// What screen() and screenChanges() have in common. `from` may be null.
RowSet screenSample(const Problem& problem, const TrustRegion& region, double unit, const RowSample& sample,
                    const Reduced* from, uint8_t* choice, const compute::CancelFlag& cancel) {
  const Reduced reduced(problem, {region.center().data(), static_cast<size_t>(region.center().size())});
  const KernelTables tables(problem, region, reduced, unit);
  const ScreenRows kernel = screenRows(compute::isa());
  const LeastReduced before = leastReduced(compute::isa());
  cancel.count(compute::WorkKind::entries, kScreened * sample.size() * problem.models * problem.quantities.size());
  constexpr size_t kRun = 256;
  const compute::Chunks chunks(sample.blocks(), cellRows(problem) / sample.blockSize());
  std::vector<Part> parts(chunks.count(), Part(problem));
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    Part& part = parts[chunk];
    const float* values[kMaxQuantities];
    uint8_t winner[kRun], decidedModel[kRun];
    uint64_t open[kRun];
    uint32_t decidedRow[kRun];
    ScreenBlock block = tables.block;
    block.values = values;
    const auto run = [&](compute::Range rows) {
      block.rows = rows.size();
      block.groups = problem.groups ? problem.groups + rows.begin : nullptr;
      block.allowed = problem.allowed ? problem.allowed + rows.begin : nullptr;
      for (size_t k = 0; k < block.quantities; ++k) values[k] = problem.row(k, rows.begin);
      kernel(block, winner, open);
      if (from)
        forEachBlock(problem, *from, rows, [&](size_t first, const LeastReducedBlock& reduced) {
          double least[kBlockRows];
          uint8_t which[kBlockRows];
          before(reduced, least, which);
          for (size_t i = 0; i < reduced.rows; ++i) open[first - rows.begin + i] |= uint64_t{1} << which[i];
        });
      size_t decided = 0;
      for (size_t i = 0; i < rows.size(); ++i) {
        decidedRow[decided] = static_cast<uint32_t>(rows.begin + i);
        decidedModel[decided] = winner[i];
        const bool isOpen = (open[i] & (open[i] - 1)) != 0;
        decided += isOpen ? 0 : 1;
        if (isOpen) part.open.add(problem, rows.begin + i, open[i]);
      }
      part.decided.add({decidedRow, decided}, {decidedModel, decided});
      if (choice) std::copy_n(winner, rows.size(), choice + rows.begin);
    };
    forEachRun(problem, sample, chunks[chunk], [&](compute::Range rows) {
      for (size_t i = rows.begin; i < rows.end; i += kRun) run({i, std::min(rows.end, i + kRun)});
    });
  });

  Cells decided(problem);
  size_t rows = 0, candidates = 0;
  for (const Part& part : parts) {
    decided.add(part.decided);
    rows += part.open.size();
    candidates += part.open.candidates();
  }
  RowSet set(problem.quantities.size(), problem.limits.size());
  set.reserve(rows, candidates);
  for (const Part& part : parts) set.append(part.open);
  set.weight = sample.weight();
  set.decided.objective = set.weight * decided.objective();
  for (size_t l = 0; l < problem.limits.size(); ++l)
    set.decided.limit[l] = set.weight * problem.limits[l].sign() * decided.total(problem.limits[l]);
  return set;
}

}  // namespace

RowSet screen(const Problem& problem, const TrustRegion& region, double unit, const RowSample& sample, uint8_t* choice,
              const compute::CancelFlag& cancel) {
  return screenSample(problem, region, unit, sample, nullptr, choice, cancel);
}

RowSet screenChanges(const Problem& problem, const TrustRegion& region, double unit, const RowSample& sample,
                     const Eigen::VectorXd& from, const compute::CancelFlag& cancel) {
  const Reduced reduced(problem, {from.data(), static_cast<size_t>(from.size())});
  return screenSample(problem, region, unit, sample, &reduced, nullptr, cancel);
}

RowSet narrow(const Problem& problem, const Terms& terms, const RowSet& set, const BoxRegion& region, uint8_t* choice,
              const compute::CancelFlag& cancel) {
  const Reduced reduced(problem, {region.center().data(), static_cast<size_t>(region.center().size())});
  const size_t quantities = problem.quantities.size();
  cancel.count(compute::WorkKind::entries, kNarrowed * set.candidates() * quantities);
  const RowSet empty(quantities, problem.limits.size());
  const compute::Chunks chunks(set.size(), kSlice);
  std::vector<RowSet> parts(chunks.count(), empty);
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    RowSet& part = parts[chunk];
    double r[kMaxModels];
    const compute::Range rows = chunks[chunk];
    for (size_t i = rows.begin; i < rows.end; ++i) {
      const RowSet::Row row = set[i];
      const size_t winner = reduceRow(problem, reduced, row, r);
      uint64_t open = uint64_t{1} << winner;
      for (size_t c = 0; c < row.models.size(); ++c)
        if (c != winner && r[c] - r[winner] <= region.reach(row, winner, c)) open |= uint64_t{1} << c;
      choice[row.id] = row.models[winner];
      if ((open & (open - 1)) == 0)
        addChoice(problem, terms, row, winner, part.decided);
      else
        part.add(row, open);
    }
  });
  size_t rows = 0, candidates = 0;
  for (const RowSet& part : parts) {
    rows += part.size();
    candidates += part.candidates();
  }
  RowSet narrowed = empty;
  narrowed.decided = set.decided;
  narrowed.reserve(rows, candidates);
  for (const RowSet& part : parts) narrowed.append(part);
  return narrowed;
}

}  // namespace omnirouter::assignment
