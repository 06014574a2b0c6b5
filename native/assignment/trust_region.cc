#include "assignment/trust_region.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace omnirouter::assignment {

namespace {

// A sum of signed prices: a channel's, or a model's own request prices.
using Mix = std::vector<Term>;

Mix channelOf(const Terms& terms, size_t group, int quantity) {
  Mix mix;
  for (const Term& term : terms.shared(group))
    if (term.quantity == quantity) mix.push_back(term);
  return mix;
}

Mix ownRequests(const Terms& terms, size_t group, size_t model) {
  Mix mix;
  for (const Term& term : terms.own(group, model))
    if (term.quantity == kRequests) mix.push_back(term);
  return mix;
}

double covarianceOf(const Eigen::MatrixXd& c, const Mix& a, const Mix& b) {
  double sum = 0;
  for (const Term& s : a)
    for (const Term& t : b) sum += s.sign * t.sign * c(s.limit, t.limit);
  return sum;
}

double errorOf(const Eigen::VectorXd& d, const Mix& mix) {
  double sum = 0;
  for (const Term& term : mix) sum += term.sign * d[term.limit];
  return sum;
}

}  // namespace

TrustRegion::TrustRegion(const Problem& problem, const Terms& terms, const Eigen::VectorXd& center,
                         const Eigen::MatrixXd& covariance, double radius, const Eigen::VectorXd& floor)
    : problem_(problem), terms_(terms), center_(center), groups_(problem.groupCount) {
  Eigen::MatrixXd c = (radius * radius) * covariance;
  c.diagonal() += floor.cwiseAbs2();
  const size_t models = problem.models, quantities = problem.quantities.size();
  for (int k = 0; k < static_cast<int>(quantities); ++k)
    for (const Limit& limit : problem.limits)
      if (limit.quantity == k && limit.model == kAll) {
        channels_.push_back(k);
        break;
      }
  const size_t n = channels_.size();
  for (size_t g = 0; g < problem.groupCount; ++g) {
    Group& tables = groups_[g];
    std::vector<Mix> channel, own;
    for (const int quantity : channels_) channel.push_back(channelOf(terms, g, quantity));
    for (size_t j = 0; j < models; ++j) own.push_back(ownRequests(terms, g, j));

    tables.a.resize(n * n);
    for (size_t s = 0; s < n; ++s)
      for (size_t t = 0; t < n; ++t) tables.a[s * n + t] = covarianceOf(c, channel[s], channel[t]);
    tables.u.resize(models * n * models);
    tables.v.resize(models * models);
    for (size_t j = 0; j < models; ++j)
      for (size_t k = 0; k < models; ++k) {
        tables.v[j * models + k] =
            covarianceOf(c, own[k], own[k]) + covarianceOf(c, own[j], own[j]) - 2 * covarianceOf(c, own[j], own[k]);
        for (size_t s = 0; s < n; ++s)
          tables.u[(j * n + s) * models + k] =
              covarianceOf(c, channel[s], own[k]) - covarianceOf(c, channel[s], own[j]);
      }
    tables.own.assign(quantities * models, 0.0);
    for (size_t j = 0; j < models; ++j)
      for (const Term& term : terms.own(g, j))
        if (term.quantity != kRequests) {
          tables.own[static_cast<size_t>(term.quantity) * models + j] += std::sqrt(c(term.limit, term.limit));
          hasOwn_ = true;
        }
  }
}

double TrustRegion::widest(size_t g) const {
  const Group& tables = groups_[g];
  const size_t models = problem_.models, n = channels_.size();
  // |Delta| in a channel that acts in this group at most; where nothing acts, however large.
  const auto most = [&](size_t s) { return problem_.quantities[static_cast<size_t>(channels_[s])].most; };
  const auto part = [](double factor, double values) { return factor == 0 ? 0.0 : std::abs(factor) * values; };
  double square = 0, widest = 0;
  for (size_t s = 0; s < n; ++s)
    for (size_t t = 0; t < n; ++t) square += part(tables.a[s * n + t], most(s) * most(t));
  for (size_t j = 0; j < models; ++j)
    for (size_t k = 0; k < models; ++k) {
      double pair = square + std::max(0.0, tables.v[j * models + k]);
      for (size_t s = 0; s < n; ++s) pair += part(2 * tables.u[(j * n + s) * models + k], most(s));
      widest = std::max(widest, pair);
    }
  return std::sqrt(widest);
}

bool TrustRegion::contains(const Eigen::VectorXd& prices) const {
  const Eigen::VectorXd d = prices - center_;
  const size_t models = problem_.models, n = channels_.size();
  const auto dimensions = static_cast<Eigen::Index>(n);
  for (size_t g = 0; g < problem_.groupCount; ++g) {
    const Group& tables = groups_[g];
    std::vector<double> ownError(models), ownTotal(problem_.quantities.size());
    for (size_t j = 0; j < models; ++j) {
      ownError[j] = errorOf(d, ownRequests(terms_, g, j));
      std::fill(ownTotal.begin(), ownTotal.end(), 0.0);
      for (const Term& term : terms_.own(g, j))
        if (term.quantity != kRequests) ownTotal[static_cast<size_t>(term.quantity)] += std::abs(d[term.limit]);
      for (size_t q = 0; q < ownTotal.size(); ++q)
        if (!(ownTotal[q] <= tables.own[q * models + j])) return false;
    }
    Eigen::VectorXd error(dimensions + 1);
    Eigen::MatrixXd block(dimensions + 1, dimensions + 1);
    for (size_t s = 0; s < n; ++s) {
      error[static_cast<Eigen::Index>(s)] = errorOf(d, channelOf(terms_, g, channels_[s]));
      for (size_t t = 0; t < n; ++t)
        block(static_cast<Eigen::Index>(s), static_cast<Eigen::Index>(t)) = tables.a[s * n + t];
    }
    for (size_t j = 0; j < models; ++j)
      for (size_t k = j + 1; k < models; ++k) {
        for (size_t s = 0; s < n; ++s)
          block(static_cast<Eigen::Index>(s), dimensions) = block(dimensions, static_cast<Eigen::Index>(s)) =
              tables.u[(j * n + s) * models + k];
        block(dimensions, dimensions) = tables.v[j * models + k];
        error[dimensions] = ownError[k] - ownError[j];
        // Directions without limits in this group or pair have no variance, and then no error either.
        std::vector<Eigen::Index> live;
        for (Eigen::Index e = 0; e <= dimensions; ++e) {
          if (block(e, e) > 0)
            live.push_back(e);
          else if (error[e] != 0)
            return false;
        }
        if (live.empty()) continue;
        const Eigen::LLT<Eigen::MatrixXd> llt(block(live, live));
        if (llt.info() != Eigen::Success) return false;
        const Eigen::VectorXd part = error(live);
        if (!(llt.matrixL().solve(part).squaredNorm() <= 1)) return false;
      }
  }
  return true;
}

}  // namespace omnirouter::assignment
