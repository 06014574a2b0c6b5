#include "assignment/choose.h"

#include "assignment/row_blocks.h"
#include "compute/pool.h"
#include "errors.h"

namespace omnirouter::assignment {

void chooseByPrices(const Problem& problem, std::span<const double> prices, uint8_t* out) {
  checkProblem(problem);
  for (const double price : prices)
    if (!(price >= 0 && price <= kLargestNumber)) throw InvalidArgument("prices", "prices must be from 0 to 1e100");
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
