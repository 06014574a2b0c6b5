// Vectors as embedders make them: clusters in a low-dimensional subspace plus noise, of length 1. Isotropic Gaussian
// vectors, the naive choice, are a graph's worst case and like no real data.
#pragma once

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

inline std::vector<float> embeddings(size_t rows, size_t dimension, unsigned seed) {
  constexpr size_t kLatent = 16, kClusters = 40;
  std::mt19937 shape(1), draw(seed);
  std::normal_distribution<float> normal;
  std::vector<float> basis(kLatent * dimension), centres(kClusters * kLatent), out(rows * dimension);
  for (float& x : basis) x = normal(shape);
  for (float& x : centres) x = normal(shape);
  for (size_t r = 0; r < rows; ++r) {
    float latent[kLatent];
    const size_t cluster = draw() % kClusters;
    for (size_t l = 0; l < kLatent; ++l) latent[l] = centres[cluster * kLatent + l] + 0.5f * normal(draw);
    float* row = &out[r * dimension];
    double squares = 0;
    for (size_t i = 0; i < dimension; ++i) {
      row[i] = 0.3f * normal(draw);
      for (size_t l = 0; l < kLatent; ++l) row[i] += latent[l] * basis[l * dimension + i];
      squares += double{row[i]} * row[i];
    }
    for (size_t i = 0; i < dimension; ++i) row[i] /= static_cast<float>(std::sqrt(squares));
  }
  return out;
}
