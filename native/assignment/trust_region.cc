#include "assignment/trust_region.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace omnirouter::assignment {

namespace {

// The own limits of (group, model) that count requests: their prices' sum shifts r_ij by itself.
std::vector<int> ownRequestLimits(const Terms& terms, size_t group, size_t model) {
  std::vector<int> limits;
  for (const Term& term : terms.own(group, model))
    if (term.quantity == kRequests) limits.push_back(term.limit);
  return limits;
}

}  // namespace

TrustRegion::TrustRegion(const Problem& problem, const Terms& terms, const Eigen::VectorXd& center,
                         const Eigen::MatrixXd& covariance, double radius, const Eigen::VectorXd& floor)
    : problem_(problem), terms_(terms), center_(center), groups_(problem.groupCount) {
  Eigen::MatrixXd c = (radius * radius) * covariance;
  c.diagonal() += floor.cwiseAbs2();
  const size_t models = problem.models;
  for (size_t g = 0; g < problem.groupCount; ++g) {
    GroupTables& tables = groups_[g];
    for (const Term& term : terms.shared(g))
      if (term.quantity != kRequests) tables.shared.push_back({term.quantity, term.sign, term.limit});
    const size_t n = tables.shared.size();
    tables.a.resize(n * n);
    for (size_t s = 0; s < n; ++s)
      for (size_t t = 0; t < n; ++t)
        tables.a[s * n + t] =
            tables.shared[s].sign * tables.shared[t].sign * c(tables.shared[s].limit, tables.shared[t].limit);
    std::vector<std::vector<int>> own(models);
    tables.own.resize(models);
    for (size_t j = 0; j < models; ++j) {
      own[j] = ownRequestLimits(terms, g, j);
      for (const Term& term : terms.own(g, j))
        if (term.quantity != kRequests)
          tables.own[j].push_back({term.limit, term.quantity, std::sqrt(c(term.limit, term.limit))});
    }
    const auto cross = [&](const std::vector<int>& a, const std::vector<int>& b) {
      // Signs of own request limits multiply out in pairs; an at-least limit turns its column.
      double sum = 0;
      for (const int l : a)
        for (const int m : b)
          sum += problem.limits[static_cast<size_t>(l)].sign() *
                 problem.limits[static_cast<size_t>(m)].sign() * c(l, m);
      return sum;
    };
    tables.u.resize(models * models * n);
    tables.v.resize(models * models);
    for (size_t j = 0; j < models; ++j)
      for (size_t k = 0; k < models; ++k) {
        tables.v[j * models + k] = cross(own[k], own[k]) + cross(own[j], own[j]) - 2 * cross(own[j], own[k]);
        for (size_t s = 0; s < n; ++s) {
          double sum = 0;
          for (const int l : own[k])
            sum += problem.limits[static_cast<size_t>(l)].sign() * c(tables.shared[s].limit, l);
          for (const int l : own[j])
            sum -= problem.limits[static_cast<size_t>(l)].sign() * c(tables.shared[s].limit, l);
          tables.u[(j * models + k) * n + s] = tables.shared[s].sign * sum;
        }
      }
  }
}

double TrustRegion::reach(size_t group, size_t j, size_t k, const float* qj, const float* qk) const {
  const GroupTables& tables = groups_[group];
  const size_t n = tables.shared.size(), models = problem_.models;
  const double* u = tables.u.data() + (j * models + k) * n;
  double square = tables.v[j * models + k];
  for (size_t s = 0; s < n; ++s) {
    const auto q = static_cast<size_t>(tables.shared[s].quantity);
    const double delta = static_cast<double>(qk[q]) - static_cast<double>(qj[q]);
    double row = 2 * u[s];
    for (size_t t = 0; t < n; ++t) {
      const auto o = static_cast<size_t>(tables.shared[t].quantity);
      row += tables.a[s * n + t] * (static_cast<double>(qk[o]) - static_cast<double>(qj[o]));
    }
    square += delta * row;
  }
  double bound = std::sqrt(std::max(square, 0.0));
  for (const Own& own : tables.own[j])
    bound += own.reach * static_cast<double>(qj[static_cast<size_t>(own.quantity)]);
  for (const Own& own : tables.own[k])
    bound += own.reach * static_cast<double>(qk[static_cast<size_t>(own.quantity)]);
  return bound;
}

bool TrustRegion::contains(const Eigen::VectorXd& prices) const {
  const Eigen::VectorXd d = prices - center_;
  const size_t models = problem_.models;
  for (size_t g = 0; g < problem_.groupCount; ++g) {
    const GroupTables& tables = groups_[g];
    const auto n = static_cast<Eigen::Index>(tables.shared.size());
    for (const auto& model : tables.own)
      for (const Own& own : model)
        if (!(std::abs(d[own.limit]) <= own.reach)) return false;
    Eigen::MatrixXd block(n + 1, n + 1);
    Eigen::VectorXd difference(n + 1);
    for (Eigen::Index s = 0; s < n; ++s) {
      const Shared& shared = tables.shared[static_cast<size_t>(s)];
      difference[s] = shared.sign * d[shared.limit];
      for (Eigen::Index t = 0; t < n; ++t) block(s, t) = tables.a[static_cast<size_t>(s * n + t)];
    }
    const auto ownShift = [&](size_t j) {
      double shift = 0;
      for (const int l : ownRequestLimits(terms_, g, j))
        shift += problem_.limits[static_cast<size_t>(l)].sign() * d[l];
      return shift;
    };
    for (size_t j = 0; j < models; ++j)
      for (size_t k = j + 1; k < models; ++k) {
        const size_t pair = j * models + k;
        for (Eigen::Index s = 0; s < n; ++s)
          block(s, n) = block(n, s) = tables.u[pair * static_cast<size_t>(n) + static_cast<size_t>(s)];
        block(n, n) = tables.v[pair];
        difference[n] = ownShift(k) - ownShift(j);
        // A pair without own limits has v = 0 and needs the shared part alone.
        const Eigen::Index size = tables.v[pair] > 0 ? n + 1 : n;
        if (size < n + 1 && difference[n] != 0) return false;
        if (size == 0) continue;
        const Eigen::VectorXd tail = difference.head(size);
        const Eigen::LLT<Eigen::MatrixXd> llt(block.topLeftCorner(size, size));
        if (llt.info() != Eigen::Success) return false;
        if (!(llt.matrixL().solve(tail).squaredNorm() <= 1)) return false;
      }
  }
  return true;
}

}  // namespace omnirouter::assignment
