#include "assignment/neighbourhoods.h"

namespace omnirouter::assignment {

std::vector<Single> singles(const OpenPlan& plan, double most) {
  std::vector<Single> moves;
  for (size_t row = 0; row < plan.rows().size(); ++row) {
    const OpenPlan::Row& r = plan.rows()[row];
    const OpenPlan::Candidate& from = plan.candidates()[r.chosen];
    for (size_t c = r.firstCandidate; c < r.lastCandidate; ++c) {
      const OpenPlan::Candidate& to = plan.candidates()[c];
      // False of NaN too, the difference of two infinite regrets: nothing is to be sorted by it.
      if (c != r.chosen && to.regret - from.regret <= most)
        moves.push_back({{row, c}, to.regret - from.regret, to.objective - from.objective, -1, 0});
    }
  }
  const auto paired = moves.begin() + static_cast<ptrdiff_t>(std::min(moves.size(), kPairMoves));
  std::nth_element(moves.begin(), paired, moves.end());
  std::sort(moves.begin(), paired);
  return moves;
}

}  // namespace omnirouter::assignment
