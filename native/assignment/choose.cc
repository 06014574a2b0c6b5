#include "assignment/choose.h"

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

// chooseLeast, with ties settled by a seed.
void chooseSpread(const Problem& problem, std::span<const double> prices, uint64_t seed, uint8_t* out) {
  const Reduced reduced(problem, prices);
  const LeastReduced kernel = leastReduced(compute::isa());
  const compute::Chunks chunks(problem.rows, 8192);
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    forEachBlock(problem, reduced, chunks[chunk], [&](size_t first, const LeastReducedBlock& block) {
      double least[kBlockRows];
      kernel(block, least, out + first);
      for (size_t i = 0; i < block.rows; ++i) {
        const uint64_t equals = modelsAt(problem, reduced, first + i, least[i]);
        if ((equals & (equals - 1)) != 0) out[first + i] = static_cast<uint8_t>(preferred(equals, seed, first + i));
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
  if (ties)
    chooseSpread(problem, prices, *ties, out);
  else
    chooseLeast(problem, prices, out, {});
}

void chooseLeast(const Problem& problem, std::span<const double> prices, uint8_t* out,
                 const compute::CancelFlag& cancel) {
  const Reduced reduced(problem, prices);
  const LeastReduced kernel = leastReduced(compute::isa());
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
