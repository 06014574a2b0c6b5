#include "assignment/row_classes.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "assignment/smoothed_dual.h"
#include "native/assignment/tied.h"

using Eigen::VectorXd;
using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

static constexpr size_t kRows = 6000;

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

TEST_CASE("every row knows its kind") {
  const Tied tied(5, 0.9);
  const Terms terms(tied.problem);
  const RowSet rows = openRows(tied.problem, RowSample::all(kRows));
  std::vector<uint32_t> classOf;
  const RowSet classes = classesOf(tied.problem, terms, rows, {}, &classOf);
  std::vector<double> members(classes.size(), 0.0);
  for (size_t i = 0; i < rows.size(); ++i) {
    const RowSet::Row kind = classes[classOf[i]];
    ++members[classOf[i]];
    for (size_t c = 1; c < kind.models.size(); ++c)
      REQUIRE(kind.value(1, c) - kind.value(1, 0) == rows[i].value(1, c) - rows[i].value(1, 0));
  }
  for (size_t k = 0; k < classes.size(); ++k) CHECK(members[k] == classes[k].copies);
}
