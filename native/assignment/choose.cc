#include "assignment/choose.h"

#include "assignment/row_runs.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

void chooseByPrices(const Problem& problem, std::span<const double> prices, uint8_t* out) {
  checkProblem(problem);
  const Reduced reduced(problem, prices);
  const LeastReduced kernel = leastReduced(compute::isa());
  constexpr size_t kRun = 256;
  const compute::Chunks chunks(problem.rows, 8192);
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    double least[kRun];
    forEachRun(problem, reduced, chunks[chunk], kRun,
               [&](size_t first, const RowBlock& block) { kernel(block, least, out + first); });
  });
}

}  // namespace omnirouter::assignment
