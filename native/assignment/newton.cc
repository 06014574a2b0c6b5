#include "assignment/newton.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "assignment/box_qp.h"

namespace omnirouter::assignment {

Scale measureScale(const Problem& problem, const Terms& terms, const RowSet& sample) {
  const size_t limits = problem.limits.size(), quantities = problem.quantities.size();
  Eigen::VectorXd range = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(limits));
  std::vector<double> rows(limits, 0.0);
  double objective = 0, magnitude = 0;
  for (size_t i = 0; i < sample.size(); ++i) {
    const RowSet::Row row = sample[i];
    double least = std::numeric_limits<double>::infinity(), sum = 0;
    for (size_t c = 0; c < row.models.size(); ++c) {
      double f = 0;
      for (size_t k = 0; k < quantities; ++k)
        f += problem.weight(k, row.group) * static_cast<double>(row.values[c * quantities + k]);
      least = std::min(least, f);
      sum += f;
      magnitude += std::abs(f) / static_cast<double>(row.models.size());
      for (const Term& term : terms.own(row.group, row.models[c])) {
        const auto l = static_cast<size_t>(term.limit);
        range[term.limit] += term.quantity == kRequests
                                 ? 1.0
                                 : static_cast<double>(row.values[c * quantities + static_cast<size_t>(term.quantity)]);
        rows[l] += 1;
      }
    }
    objective += sum / static_cast<double>(row.models.size()) - least;
    for (const Term& term : terms.shared(row.group)) {
      if (term.quantity == kRequests) continue;
      float low = std::numeric_limits<float>::infinity(), high = 0;
      for (size_t c = 0; c < row.models.size(); ++c) {
        const float q = row.values[c * quantities + static_cast<size_t>(term.quantity)];
        low = std::min(low, q);
        high = std::max(high, q);
      }
      range[term.limit] += static_cast<double>(high) - static_cast<double>(low);
      rows[static_cast<size_t>(term.limit)] += 1;
    }
  }
  const auto n = static_cast<double>(std::max<size_t>(1, sample.size()));
  Scale scale;
  // Models that all cost the same leave the objective without a scale: its magnitude, or 1, serves.
  scale.objective = objective > 0 ? objective / n : magnitude > 0 ? magnitude / n : 1.0;
  scale.price.resize(static_cast<Eigen::Index>(limits));
  for (size_t l = 0; l < limits; ++l) {
    const auto e = static_cast<Eigen::Index>(l);
    const double typical = rows[l] > 0 && range[e] > 0 ? range[e] / rows[l] : 1.0;
    scale.price[e] = scale.objective / typical;
  }
  return scale;
}

Ascent ascend(const Problem& problem, const Terms& terms, const RowSet& set, const Scale& scale, const PriceBox& box,
              const Eigen::VectorXd& start, double tau, double precision, Spread spread,
              const compute::CancelFlag& cancel) {
  constexpr int kMaxEvaluations = 25;
  const Eigen::VectorXd& unit = scale.price;
  const double tauUnits = tau / scale.objective;
  double radius = std::max(1.0, 20 * tauUnits);
  Ascent ascent;
  ascent.prices = start;
  ascent.point = evaluate(problem, terms, set, start, tau, spread, cancel);
  ascent.evaluations = 1;
  while (ascent.evaluations < kMaxEvaluations && !cancel.timeIsUp()) {
    // In units of `unit` every price and step is of order one.
    const DualPoint& here = ascent.point;
    const Eigen::VectorXd gradient = here.gradient.cwiseProduct(unit);
    Eigen::MatrixXd hessian = unit.asDiagonal() * here.curvature * unit.asDiagonal();
    // A price no row reacts to at this tau has no curvature; damping leaves its step to the trust radius.
    const double damping = 1e-10 * std::max(hessian.diagonal().maxCoeff(), 1e-12 * scale.objective);
    hessian.diagonal().array() += damping;
    const Eigen::VectorXd low = (box.low - ascent.prices).cwiseQuotient(unit).cwiseMin(0.0).cwiseMax(-radius);
    const Eigen::VectorXd high = (box.high - ascent.prices).cwiseQuotient(unit).cwiseMax(0.0).cwiseMin(radius);
    const Eigen::VectorXd step = solveBoxQp(hessian, gradient, low, high);
    const double slope = gradient.dot(step);
    ascent.converged = !(slope > 0) || step.cwiseAbs().maxCoeff() < precision * tauUnits;
    if (ascent.converged) break;

    double t = 1;
    bool accepted = false;
    while (ascent.evaluations < kMaxEvaluations) {
      const Eigen::VectorXd trial = (ascent.prices + t * step.cwiseProduct(unit)).cwiseMax(box.low).cwiseMin(box.high);
      DualPoint there = evaluate(problem, terms, set, trial, tau, spread, cancel);
      ++ascent.evaluations;
      const double ahead = there.gradient.cwiseProduct(unit).dot(step);
      if (ahead >= -0.7 * slope) {
        if (t == 1 && ahead > 0.3 * slope) radius *= 3;
        if (t < 1) radius = std::max(2 * tauUnits, t * step.cwiseAbs().maxCoeff() * 2);
        ascent.prices = trial;
        ascent.point = std::move(there);
        accepted = true;
        break;
      }
      t *= std::clamp(slope / (slope - ahead), 0.1, 0.7);  // secant on the directional derivative
    }
    if (!accepted) break;
  }
  return ascent;
}

}  // namespace omnirouter::assignment
