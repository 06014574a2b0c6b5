#include "assignment/screening.h"

#include <bit>
#include <limits>

#include "compute/chunks.h"
#include "compute/pool.h"
#include "compute/random.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kSlice = 4096;

// A row's reduced values and what can still win it.
struct Verdict {
  size_t winner;  // position among the candidates
  uint64_t open;  // positions that may win somewhere in the region; one bit: decided
};

Verdict judge(const TrustRegion& region, size_t group, std::span<const uint8_t> models, const double* r,
              const float* values, size_t quantities) {
  size_t winner = 0;
  for (size_t c = 1; c < models.size(); ++c)
    if (r[c] < r[winner]) winner = c;
  uint64_t open = uint64_t{1} << winner;
  for (size_t c = 0; c < models.size(); ++c) {
    if (c == winner) continue;
    const double margin = r[c] - r[winner];
    // The double r carries relative rounding of about 1e-15 of its parts; the region's floor is far above
    // that.
    if (margin <=
        region.reach(group, models[winner], models[c], values + winner * quantities, values + c * quantities))
      open |= uint64_t{1} << c;
  }
  return {winner, open};
}

// Judges one row of either source; `values` is candidates x quantities.
class Screen {
 public:
  Screen(const Problem& problem, const Terms& terms, const TrustRegion& region, const Reduced& reduced,
         uint8_t* choice, RowSet& out)
      : problem_(problem), terms_(terms), region_(region), reduced_(reduced), choice_(choice), out_(out) {}

  void operator()(const RowSet::Row& row) {
    const size_t quantities = problem_.quantities.size();
    const double* base = reduced_.base(row.group);
    for (size_t c = 0; c < row.models.size(); ++c) {
      r_[c] = base[row.models[c]];
      for (size_t k = 0; k < quantities; ++k)
        r_[c] += reduced_.weight(row.group, k)[row.models[c]] *
                 static_cast<double>(row.values[c * quantities + k]);
    }
    const Verdict verdict = judge(region_, row.group, row.models, r_, row.values, quantities);
    if (choice_) choice_[row.id] = row.models[verdict.winner];
    if (std::has_single_bit(verdict.open))
      addChoice(problem_, terms_, row, verdict.winner, out_.decided);
    else
      out_.add(row, verdict.open);
  }

  // Gathers row i of the problem into scratch memory, candidate-major, and judges it.
  void operator()(size_t i) {
    const size_t quantities = problem_.quantities.size();
    size_t count = 0;
    for (uint64_t models = problem_.allowedModels(i); models != 0; models &= models - 1)
      models_[count++] = static_cast<uint8_t>(std::countr_zero(models));
    for (size_t k = 0; k < quantities; ++k) {
      const float* q = problem_.row(k, i);
      for (size_t c = 0; c < count; ++c) values_[c * quantities + k] = q[models_[c]];
    }
    (*this)(RowSet::Row{
        static_cast<uint32_t>(i), static_cast<uint16_t>(problem_.group(i)), {models_, count}, values_});
  }

 private:
  const Problem& problem_;
  const Terms& terms_;
  const TrustRegion& region_;
  const Reduced& reduced_;
  uint8_t* choice_;
  RowSet& out_;
  double r_[kMaxModels];
  uint8_t models_[kMaxModels];
  float values_[kMaxModels * kMaxQuantities];
};

// Runs `visit(screen, chunk)` over all chunks, each into its own set, and joins them in order.
template <class Visit>
RowSet gather(const Problem& problem, const Terms& terms, const TrustRegion& region, uint8_t* choice,
              size_t chunks, const compute::CancelFlag& cancel, const Visit& visit) {
  const Reduced reduced(problem, {region.center().data(), static_cast<size_t>(region.center().size())});
  const RowSet empty(problem.quantities.size(), problem.limits.size());
  std::vector<RowSet> parts(chunks, empty);
  compute::Pool::shared().forEachChunk(chunks, [&](size_t chunk) {
    cancel.throwIfRaised();
    Screen screen(problem, terms, region, reduced, choice, parts[chunk]);
    visit(screen, chunk);
  });
  size_t rows = 0, candidates = 0;
  for (const RowSet& part : parts) {
    rows += part.size();
    candidates += part.candidates();
  }
  RowSet joined = empty;
  joined.reserve(rows, candidates);
  for (const RowSet& part : parts) joined.append(part);
  return joined;
}

}  // namespace

RowSet screen(const Problem& problem, const Terms& terms, const TrustRegion& region, const RowSample& sample,
              uint8_t* choice, const compute::CancelFlag& cancel) {
  const compute::Chunks chunks(sample.blocks(), std::max<size_t>(1, kSlice / sample.blockSize()));
  RowSet set =
      gather(problem, terms, region, choice, chunks.count(), cancel, [&](Screen& screen, size_t chunk) {
        const compute::Range blocks = chunks[chunk];
        for (size_t b = blocks.begin; b < blocks.end; ++b) {
          const compute::Range rows = sample[b];
          for (size_t i = rows.begin; i < rows.end; ++i) screen(i);
        }
      });
  set.weight = sample.weight();
  if (set.weight != 1) {
    set.decided.objective *= set.weight;
    for (double& sum : set.decided.limit) sum *= set.weight;
  }
  return set;
}

RowSet narrow(const Problem& problem, const Terms& terms, const RowSet& set, const TrustRegion& region,
              uint8_t* choice, const compute::CancelFlag& cancel) {
  const compute::Chunks chunks(set.size(), kSlice);
  RowSet narrowed =
      gather(problem, terms, region, choice, chunks.count(), cancel, [&](Screen& screen, size_t chunk) {
        const compute::Range rows = chunks[chunk];
        for (size_t i = rows.begin; i < rows.end; ++i) screen(set[i]);
      });
  narrowed.weight = set.weight;
  if (set.weight != 1) {
    narrowed.decided.objective *= set.weight;
    for (double& sum : narrowed.decided.limit) sum *= set.weight;
  }
  narrowed.decided.add(set.decided);
  return narrowed;
}

}  // namespace omnirouter::assignment
