// Problems whose rows are tied en masse.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "assignment/problem.h"

namespace omnirouter::assignment::test {

// Quality on a coarse grid, one price per call: few kinds of rows. A floor at a share of the highest quality, and
// capacities of a tenth more than the rows.
struct Tied {
  std::vector<float> quality, cost;
  Problem problem;

  Tied(const Tied&) = delete;
  explicit Tied(uint64_t seed, double share, size_t rows = 6000, size_t models = 5) {
    std::mt19937_64 random(seed);
    for (size_t i = 0; i < rows; ++i)
      for (size_t j = 0; j < models; ++j) {
        quality.push_back(static_cast<float>(random() % 4) / 4);
        cost.push_back(static_cast<float>(j + 1) / 1024);
      }
    double best = 0;
    for (size_t i = 0; i < rows; ++i)
      best += static_cast<double>(*std::max_element(quality.begin() + static_cast<ptrdiff_t>(i * models),
                                                    quality.begin() + static_cast<ptrdiff_t>((i + 1) * models)));
    problem.rows = rows;
    problem.models = models;
    problem.quantities = {{cost.data(), 1}, {quality.data(), 1}};
    problem.objective = {1, 0};
    problem.limits.push_back({1, true, share * best, kAll, kAll});
    for (size_t j = 0; j < models; ++j)
      problem.limits.push_back({kRequests, false,
                                std::ceil(1.1 * static_cast<double>(rows) / static_cast<double>(models)), kAll,
                                static_cast<int>(j)});
  }
};

}  // namespace omnirouter::assignment::test
