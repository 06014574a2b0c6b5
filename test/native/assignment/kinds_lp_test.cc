#include "assignment/kinds_lp.h"

#include <doctest/doctest.h>

#include <cmath>

#include "assignment/row_classes.h"
#include "assignment/solver.h"
#include "native/assignment/tied.h"

using Eigen::VectorXd;
using namespace omnirouter;
using namespace omnirouter::assignment;
using namespace omnirouter::assignment::test;

TEST_CASE("the linear program over kinds ends at prices and counts that prove each other") {
  const Tied tied(1, 0.9);
  const Problem& p = tied.problem;
  const Terms terms(p);
  const RowSet rows = openRows(p, RowSample::all(p.rows));
  const RowSet kinds = classesOf(p, terms, rows, {});
  const Scale scale = measureScale(p, terms, rows);
  const VectorXd reach = 100 * scale.price;
  const PriceBox box = PriceBox::all(scale).around(reach, reach);
  const KindsPlan plan = solveKinds(p, terms, kinds, box, 0.01 * reach, scale.objective, 1e-10, {});
  CHECK(plan.converged);
  CHECK(plan.steps < 40);

  Sums sums = kinds.decided;
  size_t at = 0;
  for (size_t k = 0; k < kinds.size(); ++k) {
    RowSet::Row row = kinds[k];
    double total = 0;
    for (size_t c = 0; c < row.models.size(); ++c, ++at) {
      CHECK(plan.amount[at] >= 0);
      total += plan.amount[at];
      row.copies = plan.amount[at];
      addChoice(p, terms, row, c, sums);
    }
    CHECK(total == doctest::Approx(kinds[k].copies));
  }
  for (size_t l = 0; l < p.limits.size(); ++l) {
    const double bound = p.limits[l].sign() * p.limits[l].bound;
    CHECK(sums.limit[l] <= bound + 1e-6 * std::abs(bound));
  }
  // The counts cost what the prices say that nothing can cost less than.
  const std::vector<double> prices(plan.prices.begin(), plan.prices.end());
  const std::vector<uint8_t> any(p.rows, 0);
  const double dual = certify(p, prices, any.data(), {}).dual;
  CHECK(sums.objective == doctest::Approx(dual).epsilon(1e-7));
}

TEST_CASE("prices that want out of their box come to its side") {
  const Tied tied(2, 0.9);
  const Problem& p = tied.problem;
  const Terms terms(p);
  const RowSet kinds = classesOf(p, terms, openRows(p, RowSample::all(p.rows)), {});
  const Scale scale = measureScale(p, terms, openRows(p, RowSample::all(p.rows)));
  const PriceBox box{VectorXd::Zero(scale.price.size()), 1e-3 * scale.price};
  const KindsPlan plan = solveKinds(p, terms, kinds, box, box.low, 1e-3 * scale.objective, 1e-8, {});
  CHECK(plan.prices[0] == doctest::Approx(box.high[0]).epsilon(1e-3));
}
