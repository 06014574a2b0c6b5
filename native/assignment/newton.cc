#include "assignment/newton.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "assignment/box_qp.h"

namespace omnirouter::assignment {

void measureScale(const Problem& problem, const Terms& terms, const RowSet& sample, Scale& scale) {
  const size_t limits = problem.limits.size(), quantities = problem.quantities.size();
  double range[kMaxLimits] = {}, rows[kMaxLimits] = {}, f[kMaxModels];
  double objective = 0, magnitude = 0;
  // A request is 1, whoever answers it.
  const bool measured = std::any_of(problem.limits.begin(), problem.limits.end(), [](const Limit& limit) {
    return limit.model != kAll && limit.quantity != kRequests;
  });
  for (size_t i = 0; i < sample.size(); ++i) {
    const RowSet::Row row = sample[i];
    const size_t models = row.models.size();
    std::fill_n(f, models, 0.0);
    for (size_t k = 0; k < quantities; ++k) {
      const double weight = problem.weight(k, row.group);
      if (weight == 0) continue;
      for (size_t c = 0; c < models; ++c) f[c] += weight * row.value(k, c);
    }
    double least = std::numeric_limits<double>::infinity(), sum = 0;
    for (size_t c = 0; c < models; ++c) {
      least = std::min(least, f[c]);
      sum += f[c];
      magnitude += std::abs(f[c]) / static_cast<double>(models);
    }
    objective += sum / static_cast<double>(models) - least;
    for (size_t c = 0; measured && c < models; ++c)
      for (const Term& term : terms.own(row.group, row.models[c])) {
        if (term.quantity == kRequests) continue;
        range[term.limit] += row.value(static_cast<size_t>(term.quantity), c);
        rows[term.limit] += 1;
      }
    for (const Term& term : terms.shared(row.group)) {
      if (term.quantity == kRequests) continue;
      double low = std::numeric_limits<double>::infinity(), high = 0;
      for (size_t c = 0; c < models; ++c) {
        const double q = row.value(static_cast<size_t>(term.quantity), c);
        low = std::min(low, q);
        high = std::max(high, q);
      }
      range[term.limit] += high - low;
      rows[term.limit] += 1;
    }
  }
  const auto n = static_cast<double>(std::max<size_t>(1, sample.size()));
  // Models that all cost the same leave the objective without a scale: its magnitude, or 1, serves.
  scale.objective = objective > 0 ? objective / n : magnitude > 0 ? magnitude / n : 1.0;
  scale.price.resize(static_cast<Eigen::Index>(limits));
  for (size_t l = 0; l < limits; ++l) {
    const double typical = rows[l] > 0 && range[l] > 0 ? range[l] / rows[l] : 1.0;
    scale.price[static_cast<Eigen::Index>(l)] = scale.objective / typical;
  }
}

namespace {

// What solving for a step takes beside the factorisation, in sweeps over the system.
constexpr uint64_t kSweeps = 8;

// The Newton step at a point, in units of Scale::price, at most `radius` long and inside the box.
struct Step {
  Eigen::VectorXd step;
  double slope = 0;  // of the dual along it
};

Step newtonStep(const DualPoint& point, const Scale& scale, const PriceBox& box, const Eigen::VectorXd& prices,
                double radius, const compute::CancelFlag& cancel) {
  const Eigen::VectorXd& unit = scale.price;
  // In units of `unit` every price and step is of order one.
  const Eigen::VectorXd gradient = point.gradient.cwiseProduct(unit);
  Eigen::MatrixXd hessian = unit.asDiagonal() * point.curvature * unit.asDiagonal();
  // A price no row reacts to at this tau has no curvature; damping leaves its step to the trust radius.
  const double damping = 1e-10 * std::max(hessian.diagonal().maxCoeff(), 1e-12 * scale.objective);
  hessian.diagonal().array() += damping;
  const Eigen::VectorXd low = (box.low - prices).cwiseQuotient(unit).cwiseMin(0.0).cwiseMax(-radius);
  const Eigen::VectorXd high = (box.high - prices).cwiseQuotient(unit).cwiseMax(0.0).cwiseMin(radius);
  Step out;
  // A factorisation or two of the system, and sweeps over it.
  const auto size = static_cast<uint64_t>(gradient.size());
  cancel.count(compute::WorkKind::pivots, size * size * (kSweeps + size / 3));
  out.step = solveBoxQp(hessian, gradient, low, high);
  out.slope = gradient.dot(out.step);
  return out;
}

DualPoint evaluateElastic(const Problem& problem, const RowSet& set, const Scale& scale, const Eigen::VectorXd& prices,
                          double tau, Spread spread, const compute::CancelFlag& cancel) {
  DualPoint point = evaluate(problem, set, prices, tau, spread, cancel);
  if (scale.elasticity == 0) return point;
  // Less half of this times the prices' square, in natural units.
  const double bend = scale.elasticity * scale.objective * static_cast<double>(problem.rows);
  const Eigen::ArrayXd bends = bend / scale.price.array().square();
  point.gradient.array() -= bends * prices.array();
  point.curvature.diagonal().array() += bends;
  return point;
}

// What it is not worth a step to gain: such a share of the workload's spread, or of what smoothing itself amounts to.
constexpr double kNothing = 1e-12, kNothingSmoothed = 1e-9;

double firstRadius(double tauUnits) { return std::max(1.0, 20 * tauUnits); }

}  // namespace

Eigen::VectorXd stepOnce(const Problem& problem, const RowSet& set, const Scale& scale, const PriceBox& box,
                         const Eigen::VectorXd& start, double tau, const compute::CancelFlag& cancel) {
  const DualPoint point = evaluate(problem, set, start, tau, Spread::none, cancel);
  const Step step = newtonStep(point, scale, box, start, firstRadius(tau / scale.objective), cancel);
  return (start + step.step.cwiseProduct(scale.price)).cwiseMax(box.low).cwiseMin(box.high);
}

Ascent ascend(const Problem& problem, const RowSet& set, const Scale& scale, const PriceBox& box,
              const Eigen::VectorXd& start, double tau, double precision, Spread spread,
              const compute::CancelFlag& cancel) {
  constexpr int kMaxEvaluations = 25;
  const Eigen::VectorXd& unit = scale.price;
  const double tauUnits = tau / scale.objective;
  // A price of which hardly a row takes notice may rise for ever, each step gaining a share of the last one's gain: its
  // steps stay long, and only what they gain tells that it is over.
  const double nothing =
      std::max(kNothing * scale.objective, kNothingSmoothed * tau) * static_cast<double>(problem.rows);
  double radius = firstRadius(tauUnits);
  Ascent ascent;
  ascent.prices = start;
  ascent.point = evaluateElastic(problem, set, scale, start, tau, spread, cancel);
  ascent.evaluations = 1;
  const uint64_t perEvaluation = compute::kWorkUnits[static_cast<size_t>(compute::WorkKind::softmins)] *
                                 softminsOf(problem, set.size(), set.candidates());
  const auto goesOn = [&] {
    return ascent.evaluations < kMaxEvaluations && !cancel.mustEnd() && cancel.affords(perEvaluation);
  };
  while (goesOn()) {
    const auto [step, slope] = newtonStep(ascent.point, scale, box, ascent.prices, radius, cancel);
    ascent.converged = !(slope > nothing) || step.cwiseAbs().maxCoeff() < precision * tauUnits;
    if (ascent.converged) break;

    double t = 1;
    bool accepted = false;
    while (goesOn()) {
      const Eigen::VectorXd trial = (ascent.prices + t * step.cwiseProduct(unit)).cwiseMax(box.low).cwiseMin(box.high);
      DualPoint there = evaluateElastic(problem, set, scale, trial, tau, spread, cancel);
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
