#include "assignment/choose.h"

#include <bit>
#include <limits>

#include "assignment/row_blocks.h"
#include "assignment/ties.h"
#include "compute/pool.h"
#include "errors.h"

namespace omnirouter::assignment {

namespace {

// The allowed models whose reduced value is `least`, computed operation by operation as the kernel does.
uint64_t modelsAt(const Problem& problem, const Reduced& reduced, size_t row, double least) {
  const size_t group = problem.group(row);
  uint64_t at = 0;
  for (size_t j = 0; j < problem.models; ++j) {
    double r = reduced.base(group)[j];
    for (size_t k = 0; k < problem.quantities.size(); ++k)
      r = r + reduced.weight(group, k)[j] * static_cast<double>(problem.row(k, row)[j]);
    at |= static_cast<uint64_t>(r == least) << j;
  }
  return at & problem.allowedModels(row);
}

// Of some models, those with the best value of the tie-break.
uint64_t bestOf(const Problem& problem, size_t row, uint64_t models) {
  if (problem.tieBreak < 0) return models;
  const float* values = problem.row(static_cast<size_t>(problem.tieBreak), row);
  const auto sign = static_cast<float>(problem.tieSign());
  float best = std::numeric_limits<float>::infinity();
  uint64_t at = 0;
  for (uint64_t rest = models; rest != 0; rest &= rest - 1) {
    const auto j = static_cast<size_t>(std::countr_zero(rest));
    const float value = sign * values[j];
    if (value > best) continue;
    at = (value < best ? 0 : at) | uint64_t{1} << j;
    best = value;
  }
  return at;
}

// chooseLeast, with ties settled by the tie-break, and then by a seed, if there is one.
void chooseTied(const Problem& problem, std::span<const double> prices, std::optional<uint64_t> seed, uint8_t* out) {
  const Reduced reduced(problem, prices);
  const LeastReduced kernel = leastReduced(compute::isa());
  const compute::Chunks chunks(problem.rows, 8192);
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    forEachBlock(problem, reduced, chunks[chunk], [&](size_t first, const LeastReducedBlock& block) {
      double least[kBlockRows];
      kernel(block, least, out + first);
      for (size_t i = 0; i < block.rows; ++i) {
        uint64_t equals = modelsAt(problem, reduced, first + i, least[i]);
        if ((equals & (equals - 1)) == 0) continue;
        equals = bestOf(problem, first + i, equals);
        out[first + i] = static_cast<uint8_t>(seed ? preferred(equals, *seed, first + i)
                                                   : static_cast<size_t>(std::countr_zero(equals)));
      }
    });
  });
}

}  // namespace

void chooseByPrices(const Problem& problem, std::span<const double> prices, uint8_t* out,
                    std::optional<uint64_t> ties) {
  checkProblem(problem);
  for (const double price : prices)
    if (!(price >= 0 && price <= kLargestNumber)) throw InvalidArgument("prices", "prices must be from 0 to 1e100");
  if (ties || problem.tieBreak >= 0)
    chooseTied(problem, prices, ties, out);
  else
    chooseLeast(problem, prices, out, {});
}

void chooseLeast(const Problem& problem, std::span<const double> prices, uint8_t* out,
                 const compute::CancelFlag& cancel) {
  const Reduced reduced(problem, prices);
  const LeastReduced kernel = leastReduced(compute::isa());
  cancel.count(compute::WorkKind::entries, problem.entries());
  const compute::Chunks chunks(problem.rows, 8192);
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    forEachBlock(problem, reduced, chunks[chunk], [&](size_t first, const LeastReducedBlock& block) {
      double least[kBlockRows];
      kernel(block, least, out + first);
    });
  });
}

}  // namespace omnirouter::assignment
