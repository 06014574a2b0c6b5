// Outcomes with a known structure, for the tests of what should find it.
#pragma once

#include <cmath>
#include <random>
#include <vector>

namespace omnirouter::prediction {

// Queries with one trait, the third feature; models of rising ability, the last of which depends on the trait twice as much.
struct Planted {
  size_t rows, models, dimension = 8;
  std::vector<float> embeddings, quality, tokens, truth, trait;

  Planted(size_t rows, size_t models, unsigned seed) : rows(rows), models(models) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform;
    for (size_t row = 0; row < rows; ++row) {
      std::vector<double> x(dimension);
      double norm = 0;
      for (double& value : x) {
        value = normal(random);
        norm += value * value;
      }
      for (double value : x) embeddings.push_back(static_cast<float>(value / std::sqrt(norm)));
      const double t = 3 * x[2] / std::sqrt(norm);
      trait.push_back(static_cast<float>(t));
      for (size_t j = 0; j < models; ++j) {
        const double logit = 0.3 * static_cast<double>(j) - 0.5 + (j + 1 == models ? 2 : 1) * t;
        const double p = 1 / (1 + std::exp(-logit));
        truth.push_back(static_cast<float>(p));
        quality.push_back(uniform(random) < p ? 1.0f : 0.0f);
        tokens.push_back(
            static_cast<float>(std::exp(4 + 0.2 * static_cast<double>(j) - 0.3 * t + 0.4 * normal(random))));
      }
    }
  }
};

}  // namespace omnirouter::prediction
