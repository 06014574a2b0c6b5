#include "prediction/traits.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

namespace omnirouter::prediction {

namespace {

// A model's column of the covariance counts in full only with many more outcomes than this; its own loadings are
// estimated later, with the pool's as their prior (item_response.h).
constexpr double kDoubtfulOutcomes = 20;
constexpr double kLeastEigenvalue = 1e-9;
// Beside the leading direction, one of less gains little in accuracy, and differences between models, which decide, take
// more of its noise than of what it knows. On splits inside the training parts (zeroeval, 8; mmlu-pro, 3) twice or half as
// much does the same; without it the cost of 99 % and 95 % of the best model's quality is an eighth higher on zeroeval.
constexpr double kLeastShare = 1.0 / 200;
// Less of a direction is next to no knowledge of it.
constexpr double kLeastWeight = 1e-4;
// Models that are left out are stood for by the others up to this factor: beyond, it is noise that would be stretched.
constexpr double kMostStretch = 4;

}  // namespace

void TraitDirections::project(const float* estimates, float* out) const {
  for (size_t r = 0; r < traits; ++r) {
    double sum = 0;
    for (size_t j = 0; j < models; ++j)
      sum += directions[r * models + j] * (static_cast<double>(estimates[j]) - centre[j]);
    out[r] = static_cast<float>(sum);
  }
}

TraitDirections TraitDirections::withModels(std::span<const int32_t> from) const {
  TraitDirections result;
  result.models = from.size();
  result.traits = traits;
  for (const int32_t old : from) result.centre.push_back(old < 0 ? 0.0 : centre[static_cast<size_t>(old)]);
  for (size_t r = 0; r < traits; ++r) {
    const double* own = directions.data() + r * models;
    double before = 0, left = 0;
    for (size_t j = 0; j < models; ++j) before += own[j] * own[j];
    for (const int32_t old : from) left += old < 0 ? 0.0 : own[old] * own[old];
    const double scale = left > 0 ? std::min(before / left, kMostStretch) : 0;
    for (const int32_t old : from) result.directions.push_back(old < 0 ? 0.0 : scale * own[old]);
  }
  return result;
}

TraitDirections findTraits(std::span<const float> estimates, std::span<const float> outcomes, size_t models,
                           size_t most) {
  const size_t rows = outcomes.size() / models;
  TraitDirections result;
  result.models = models;
  result.centre.assign(models, 0.0);
  std::vector<double> mean(models), count(models);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t j = 0; j < models; ++j) {
      result.centre[j] += static_cast<double>(estimates[row * models + j]) / static_cast<double>(rows);
      const float outcome = outcomes[row * models + j];
      if (std::isnan(outcome)) continue;
      mean[j] += outcome;
      count[j] += 1;
    }
  }
  for (size_t j = 0; j < models; ++j) mean[j] /= std::max(count[j], 1.0);
  const auto size = static_cast<Eigen::Index>(models);
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(size, size);
  Eigen::VectorXd deviation(size);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t j = 0; j < models; ++j)
      deviation[static_cast<Eigen::Index>(j)] = estimates[row * models + j] - result.centre[j];
    for (size_t k = 0; k < models; ++k) {
      const float outcome = outcomes[row * models + k];
      if (!std::isnan(outcome)) covariance.col(static_cast<Eigen::Index>(k)) += (outcome - mean[k]) * deviation;
    }
  }
  for (size_t k = 0; k < models; ++k) covariance.col(static_cast<Eigen::Index>(k)) /= count[k] + kDoubtfulOutcomes;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver((covariance + covariance.transpose()) / 2);
  for (Eigen::Index i = size - 1; i >= 0 && result.traits < most; --i) {
    const double least = std::max(kLeastEigenvalue, kLeastShare * solver.eigenvalues()[size - 1]);
    if (!(solver.eigenvalues()[i] > least)) break;
    Eigen::VectorXd direction = solver.eigenvectors().col(i);
    if (direction.sum() < 0) direction = -direction;  // "easier" is up
    result.directions.insert(result.directions.end(), direction.data(), direction.data() + size);
    ++result.traits;
  }
  return result;
}

TraitScores scoreTraits(const TraitDirections& traits, std::span<const float> estimates,
                        std::span<const float> outcomes) {
  const size_t models = traits.models, size = traits.traits, rows = outcomes.size() / models;
  TraitScores result{std::vector<float>(rows * size), std::vector<float>(rows * size)};
  for (size_t row = 0; row < rows; ++row) {
    float* score = result.score.data() + row * size;
    traits.project(estimates.data() + row * models, score);
    for (size_t r = 0; r < size; ++r) {
      double sum = 0, weight = 0;
      for (size_t j = 0; j < models; ++j) {
        const size_t at = row * models + j;
        if (std::isnan(outcomes[at])) continue;
        const double v = traits.directions[r * models + j];
        sum += v * (static_cast<double>(outcomes[at]) - estimates[at]);
        weight += v * v;
      }
      if (weight < kLeastWeight) continue;
      score[r] += static_cast<float>(sum / weight);
      result.weight[row * size + r] = static_cast<float>(weight);
    }
  }
  return result;
}

}  // namespace omnirouter::prediction
