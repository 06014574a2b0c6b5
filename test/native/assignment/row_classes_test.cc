#include "assignment/row_classes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "assignment/smoothed_dual.h"
#include "assignment/solver.h"

using Eigen::VectorXd;
using namespace omnirouter;
using namespace omnirouter::assignment;

namespace {

constexpr size_t kRows = 6000, kModels = 5;

// Quality on a coarse grid, one price per call: few kinds of rows.
struct Tied {
  std::vector<float> quality, cost;
  Problem problem;

  explicit Tied(uint64_t seed, double share) {
    std::mt19937_64 random(seed);
    for (size_t i = 0; i < kRows; ++i)
      for (size_t j = 0; j < kModels; ++j) {
        quality.push_back(static_cast<float>(random() % 4) / 4);
        cost.push_back(static_cast<float>(j + 1) / 1024);
      }
    double best = 0;
    for (size_t i = 0; i < kRows; ++i)
      best += static_cast<double>(*std::max_element(quality.begin() + static_cast<ptrdiff_t>(i * kModels),
                                                    quality.begin() + static_cast<ptrdiff_t>((i + 1) * kModels)));
    problem.rows = kRows;
    problem.models = kModels;
    problem.quantities = {{cost.data(), 1}, {quality.data(), 1}};
    problem.objective = {1, 0};
    problem.limits.push_back({1, true, share * best, kAll, kAll});
    for (size_t j = 0; j < kModels; ++j)
      problem.limits.push_back({kRequests, false, std::ceil(1.1 * kRows / kModels), kAll, static_cast<int>(j)});
  }
};

}  // namespace

TEST_CASE("the dual function of the kinds of rows is that of the rows") {
  const Tied tied(1, 0.9);
  const Terms terms(tied.problem);
  const RowSet rows = openRows(tied.problem, RowSample::all(kRows));
  const RowSet classes = classesOf(tied.problem, terms, rows, {});
  // Differences of 5 values of 4 levels: 4^5 - 3^5 kinds at most.
  CHECK(classes.size() <= 781);
  CHECK(classes.rows() == static_cast<double>(kRows));
  std::mt19937_64 random(1);
  for (int round = 0; round < 20; ++round) {
    VectorXd y(static_cast<Eigen::Index>(tied.problem.limits.size()));
    for (double& price : y) price = static_cast<double>(random() % 1000) / 1e5;
    for (const double tau : {1e-2, 1e-4}) {
      const DualPoint a = evaluate(tied.problem, rows, y, tau, Spread::none, {});
      const DualPoint b = evaluate(tied.problem, classes, y, tau, Spread::none, {});
      CHECK(b.value == doctest::Approx(a.value).epsilon(1e-11));
      CHECK((b.gradient - a.gradient).norm() <= 1e-9 * kRows);
      CHECK((b.curvature - a.curvature).norm() <= 1e-12 * kRows / tau);
    }
  }
}

TEST_CASE("rows that nothing makes alike stay apart, and groups are kept apart") {
  Tied tied(2, 0.9);
  std::vector<uint16_t> groups(kRows);
  for (size_t i = 0; i < kRows; ++i) groups[i] = static_cast<uint16_t>(i % 2);
  tied.problem.groups = groups.data();
  tied.problem.groupCount = 2;
  const Terms terms(tied.problem);
  const RowSet rows = openRows(tied.problem, RowSample::all(kRows));
  const RowSet classes = classesOf(tied.problem, terms, rows, {});
  double first = 0;
  for (size_t e = 0; e < classes.size(); ++e)
    if (classes[e].group == 0) first += classes[e].copies;
  CHECK(first == kRows / 2.0);

  std::mt19937_64 random(3);
  for (float& cost : tied.cost) cost = static_cast<float>(random() >> 40) * 0x1p-24f;
  CHECK(classesOf(tied.problem, terms, openRows(tied.problem, RowSample::all(kRows)), {}).size() == kRows);
}

TEST_CASE("pure ties are solved to a small gap, and what cannot be met is proven so") {
  const Tied reachable(4, 0.9);
  const Solution solution = solve(reachable.problem, {}, {});
  CHECK(solution.certificate.holds);
  CHECK(solution.gap <= 1e-4);

  Problem most = reachable.problem;
  most.objective = {0, -1};
  most.limits.erase(most.limits.begin());
  const Solution best = solve(most, {}, {});
  CHECK(best.certificate.holds);
  CHECK(best.gap <= 1e-6);

  Problem beyond = reachable.problem;
  beyond.limits[0].bound = -best.bound + 1;
  CHECK(solve(beyond, {}, {}).status == Status::infeasible);
}
