#include "assignment/box_region.h"

#include <cmath>

namespace omnirouter::assignment {

BoxRegion::BoxRegion(const Problem& problem, const Terms& terms, const Eigen::VectorXd& center,
                     const Eigen::VectorXd& reach)
    : models_(problem.models),
      quantities_(problem.quantities.size()),
      center_(center),
      shared_(problem.groupCount * quantities_, 0.0),
      requests_(problem.groupCount * models_, 0.0),
      own_(problem.groupCount * models_ * quantities_, 0.0) {
  for (size_t g = 0; g < problem.groupCount; ++g) {
    for (const Term& term : terms.shared(g))
      if (term.quantity != kRequests)
        shared_[g * quantities_ + static_cast<size_t>(term.quantity)] += reach[term.limit];
    for (size_t j = 0; j < models_; ++j)
      for (const Term& term : terms.own(g, j)) {
        const size_t at = g * models_ + j;
        if (term.quantity == kRequests)
          requests_[at] += reach[term.limit];
        else
          own_[at * quantities_ + static_cast<size_t>(term.quantity)] += reach[term.limit];
      }
  }
}

double BoxRegion::reach(const RowSet::Row& row, size_t j, size_t k) const {
  const size_t atJ = row.group * models_ + row.models[j], atK = row.group * models_ + row.models[k];
  double bound = requests_[atJ] + requests_[atK];
  for (size_t q = 0; q < quantities_; ++q) {
    const double vj = row.value(q, j), vk = row.value(q, k);
    bound += shared_[row.group * quantities_ + q] * std::abs(vk - vj) + own_[atJ * quantities_ + q] * vj +
             own_[atK * quantities_ + q] * vk;
  }
  return bound;
}

}  // namespace omnirouter::assignment
