// NeighbourEstimator on any outcomes, and on whatever a search may say it found: an error, or estimates between the least
// and the greatest outcome.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "errors.h"
#include "native/fuzz/input.h"
#include "prediction/neighbours.h"

using namespace omnirouter;
using namespace omnirouter::prediction;
using namespace omnirouter::test;

namespace {

struct Known {
  Outcomes outcomes;
  float least = 1, most = 0;  // quality
};

void append(Input& in, Known& known, size_t rows) {
  Outcomes& outcomes = known.outcomes;
  for (size_t cell = 0; cell < rows * outcomes.models; ++cell) {
    const bool missing = in.oneIn(4);
    const auto quality = missing ? std::nanf("") : static_cast<float>(in.unit());
    outcomes.quality.push_back(quality);
    outcomes.outputTokens.push_back(in.oneIn(4) ? std::nanf("") : static_cast<float>(in.below(4096)));
    if (missing) continue;
    known.least = std::min(known.least, quality);
    known.most = std::max(known.most, quality);
  }
  outcomes.rows += rows;
}

void estimate(Input& in, const NeighbourEstimator& estimator, const Known& known) {
  Neighbours found;
  found.rows = in.below(4);
  found.k = in.below(9);
  std::vector<int32_t> ids, exclude;
  std::vector<float> similarities;
  for (size_t n = 0; n < found.rows * found.k; ++n) {
    ids.push_back(static_cast<int32_t>(in.below(estimator.rows() + 2)) - 1);
    similarities.push_back(static_cast<float>(in.oneIn(8) ? in.raw() : in.unit()));
  }
  if (in.oneIn(3))
    for (size_t row = 0; row < found.rows; ++row)
      exclude.push_back(static_cast<int32_t>(in.below(estimator.rows() + 1)) - 1);
  found.ids = ids;
  found.similarities = similarities;
  found.exclude = exclude;
  const size_t size = found.rows * estimator.models();
  std::vector<float> quality(size), tokens(size), support(size);
  estimator.estimate(found, {quality.data(), tokens.data(), support.data()}, kNever);
  for (size_t at = 0; at < size; ++at) {
    require(quality[at] >= known.least - 1e-6f && quality[at] <= known.most + 1e-6f,
            "a quality of " + std::to_string(quality[at]) + " outside of what was observed");
    require(tokens[at] >= 0 && tokens[at] <= 4096, "output tokens outside of what was observed");
    require(support[at] >= 0 && support[at] <= 1, "a share outside of [0, 1]");
  }
}

}  // namespace

void omnirouter::test::fuzz(Input& in) {
  Known known;
  known.outcomes.models = 1 + in.below(4);
  const size_t rows = in.oneIn(16) ? in.below(1500) : in.below(40);
  NeighbourOptions options;
  options.neighbours = 1 + in.below(8);
  options.power = 0.25 * static_cast<double>(1 + in.below(40));
  options.shrinkage = in.oneIn(4) ? 0 : 4 * in.unit();
  append(in, known, rows);
  try {
    const NeighbourEstimator first(known.outcomes, options);
    estimate(in, first, known);
    // Replaced and appended rows, mostly in order.
    Known changed = known;
    changed.outcomes.rows = 0;
    changed.outcomes.quality.clear();
    changed.outcomes.outputTokens.clear();
    std::vector<int32_t> at;
    for (size_t count = in.below(6), row = in.below(rows + 1); count > 0; --count, row += 1 + in.below(3))
      at.push_back(static_cast<int32_t>(row) - (in.oneIn(16) ? 2 : 0));
    append(in, changed, at.size());
    estimate(in, first.learned(at, changed.outcomes), changed);
    estimate(in, first, known);
  } catch (const InvalidArgument&) {
  }
}
