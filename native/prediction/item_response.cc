#include "prediction/item_response.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "compute/exp.h"
#include "compute/pool.h"

namespace omnirouter::prediction {

namespace {

constexpr int kRounds = 4, kNewtonSteps = 4;
// Where few models leave the pool's variances undecided, they stay near this: of b a standard deviation of one on the
// link's scale, of u of a tenth, with the weight of one model.
constexpr double kPriorVarianceOfB = 1, kPriorVarianceOfU = 0.01, kPriorModels = 1;
// Of u before the pool has been looked at: wide, since its mean is not known.
constexpr double kFirstVarianceOfU = 1;
constexpr double kLeastVariance = 1e-6;
constexpr double kLeastNoise = 1e-4;

// A model's posterior: mean, and the diagonal of the covariance.
struct Posterior {
  Eigen::VectorXd mean, variance;
  double noise = 1;
  double count = 0;
};

struct Prior {
  Eigen::VectorXd mean, variance;
  double noise = 1;
};

void update(Posterior& own, Link link, std::span<const float> traits, size_t size, std::span<const float> outcomes,
            size_t models, size_t model, const Prior& prior) {
  const size_t rows = outcomes.size() / models;
  const auto width = static_cast<Eigen::Index>(1 + size);
  Eigen::VectorXd x(width);
  x[0] = 1;
  for (int step = 0; step < (link == Link::logistic ? kNewtonSteps : 1); ++step) {
    Eigen::VectorXd gradient = (own.mean - prior.mean).cwiseQuotient(prior.variance);
    Eigen::MatrixXd hessian = prior.variance.cwiseInverse().asDiagonal();
    own.count = 0;
    for (size_t row = 0; row < rows; ++row) {
      const double outcome = outcomes[row * models + model];
      if (std::isnan(outcome)) continue;
      own.count += 1;
      for (size_t r = 0; r < size; ++r) x[static_cast<Eigen::Index>(1 + r)] = traits[row * size + r];
      const double at = own.mean.dot(x);
      const double expected = link == Link::logistic ? logistic(at) : at;
      const double curvature = link == Link::logistic ? std::max(expected * (1 - expected), 1e-4) : 1 / own.noise;
      gradient += (link == Link::logistic ? 1.0 : curvature) * (expected - outcome) * x;
      hessian.selfadjointView<Eigen::Lower>().rankUpdate(x, curvature);
    }
    const Eigen::LDLT<Eigen::MatrixXd> solver(hessian.selfadjointView<Eigen::Lower>());
    own.mean -= solver.solve(gradient);
    own.variance = solver.solve(Eigen::MatrixXd::Identity(width, width)).diagonal();
  }
  if (link == Link::logistic) return;
  double squares = 0;
  for (size_t row = 0; row < rows; ++row) {
    const double outcome = outcomes[row * models + model];
    if (std::isnan(outcome)) continue;
    for (size_t r = 0; r < size; ++r) x[static_cast<Eigen::Index>(1 + r)] = traits[row * size + r];
    const double miss = outcome - own.mean.dot(x);
    squares += miss * miss;
  }
  own.noise = std::max((squares + kPriorModels * prior.noise) / (own.count + kPriorModels), kLeastNoise);
}

}  // namespace

double logistic(double x) {
  const double tail = compute::expOfMinus(std::min(std::abs(x), 700.0));
  return x >= 0 ? 1 / (1 + tail) : tail / (1 + tail);
}

double logit(double p) {
  const double inside = std::clamp(p, 1e-3, 1 - 1e-3);
  return std::log(inside / (1 - inside));
}

ItemResponse fitItemResponse(Link link, std::span<const float> traits, std::span<const float> outcomes, size_t models,
                             const compute::CancelFlag& cancel) {
  const size_t rows = outcomes.size() / models, size = rows == 0 ? 0 : traits.size() / rows;
  const auto width = static_cast<Eigen::Index>(1 + size);
  // Begin where every model is the pool: the mean of the models' means.
  double pool = 0, known = 0, squares = 0, count = 0;
  for (size_t model = 0; model < models; ++model) {
    double sum = 0, own = 0;
    for (size_t row = 0; row < rows; ++row) {
      const double outcome = outcomes[row * models + model];
      if (std::isnan(outcome)) continue;
      sum += outcome;
      squares += outcome * outcome;
      own += 1;
    }
    if (own == 0) continue;
    pool += sum / own;
    known += 1;
    count += own;
  }
  pool /= std::max(known, 1.0);
  Prior prior{Eigen::VectorXd::Zero(width), Eigen::VectorXd::Constant(width, kFirstVarianceOfU), 1};
  prior.mean[0] = link == Link::logistic ? logit(pool) : pool;
  prior.variance[0] = kPriorVarianceOfB;
  prior.noise = std::max(squares / std::max(count, 1.0) - pool * pool, kLeastNoise);
  Eigen::VectorXd doubt = Eigen::VectorXd::Constant(width, kPriorVarianceOfU);
  doubt[0] = kPriorVarianceOfB;
  std::vector<Posterior> posteriors(models, Posterior{prior.mean, prior.variance, prior.noise, 0});

  for (int round = 0; round < kRounds; ++round) {
    compute::Pool::shared().forEachChunk(models, [&](size_t model) {
      cancel.throwIfRaised();
      update(posteriors[model], link, traits, size, outcomes, models, model, prior);
    });
    if (round + 1 == kRounds || known == 0) break;
    // The pool's distribution from the models that have outcomes; the others have their posterior from it alone.
    prior.mean.setZero();
    double noise = 0;
    for (const Posterior& own : posteriors) {
      if (own.count == 0) continue;
      prior.mean += own.mean / known;
      noise += own.noise / known;
    }
    prior.noise = noise;
    Eigen::VectorXd spread = kPriorModels * doubt;
    for (const Posterior& own : posteriors)
      if (own.count > 0) spread += (own.mean - prior.mean).cwiseAbs2() + own.variance;
    prior.variance = (spread / (known + kPriorModels)).cwiseMax(kLeastVariance);
  }

  ItemResponse result{models, size, {}, {}, {}};
  for (const Posterior& own : posteriors) {
    result.parameters.insert(result.parameters.end(), own.mean.data(), own.mean.data() + width);
    result.deviation.push_back(std::sqrt(own.variance[0]));
    result.noise.push_back(own.noise);
  }
  return result;
}

ItemResponse ItemResponse::withModels(std::span<const int32_t> from) const {
  const size_t width = 1 + traits;
  std::vector<double> mean(width);
  double pooledNoise = 0;
  for (size_t j = 0; j < models; ++j) {
    for (size_t c = 0; c < width; ++c) mean[c] += parameters[j * width + c] / static_cast<double>(models);
    pooledNoise += noise[j] / static_cast<double>(models);
  }
  // As in the fit.
  double spread = kPriorModels * kPriorVarianceOfB;
  for (size_t j = 0; j < models; ++j) {
    const double apart = parameters[j * width] - mean[0];
    spread += apart * apart + deviation[j] * deviation[j];
  }
  const double pooledDeviation = std::sqrt(spread / (static_cast<double>(models) + kPriorModels));

  ItemResponse result{from.size(), traits, {}, {}, {}};
  for (const int32_t old : from) {
    const double* own = old < 0 ? mean.data() : parameters.data() + static_cast<size_t>(old) * width;
    result.parameters.insert(result.parameters.end(), own, own + width);
    result.deviation.push_back(old < 0 ? pooledDeviation : deviation[static_cast<size_t>(old)]);
    result.noise.push_back(old < 0 ? pooledNoise : noise[static_cast<size_t>(old)]);
  }
  return result;
}

void ItemResponse::learn(Link link, size_t model, const float* t, double outcome) {
  const double value = at(model, t);
  const double expected = link == Link::logistic ? logistic(value) : value;
  const double information = link == Link::logistic ? std::max(expected * (1 - expected), 1e-4) : 1 / noise[model];
  const double variance = 1 / (1 / (deviation[model] * deviation[model]) + information);
  parameters[model * (1 + traits)] += variance * (link == Link::logistic ? 1.0 : information) * (outcome - expected);
  deviation[model] = std::sqrt(variance);
}

}  // namespace omnirouter::prediction
