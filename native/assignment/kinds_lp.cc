#include "assignment/kinds_lp.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>

#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

constexpr int kMaxSteps = 60;
constexpr size_t kSlice = 1024;
// How near to the boundary a step may go.
constexpr double kInside = 0.995;
// Where the start lies too near a side of the box: this share of its width from it.
constexpr double kMargin = 0.1;
// How often a step walks over the entries.
constexpr uint64_t kSweeps = 8;

class InteriorPoint {
 public:
  InteriorPoint(const Problem& problem, const Terms& terms, const RowSet& kinds, const PriceBox& box)
      : limits_(problem.limits.size()), chunks_(kinds.size(), kSlice), parts_(chunks_.count()), box_(box) {
    b_.resize(static_cast<Eigen::Index>(limits_));
    for (size_t l = 0; l < limits_; ++l)
      b_[static_cast<Eigen::Index>(l)] = problem.limits[l].sign() * problem.limits[l].bound - kinds.decided.limit[l];
    decided_ = kinds.decided.objective;
    weight_ = kinds.weight;
    starts_.push_back(0);
    entryStarts_.push_back(0);
    for (size_t k = 0; k < kinds.size(); ++k) {
      const RowSet::Row row = kinds[k];
      rows_.push_back(weight_ * row.copies);
      for (size_t c = 0; c < row.models.size(); ++c) {
        double f = 0;
        for (size_t q = 0; q < problem.quantities.size(); ++q) f += problem.weight(q, row.group) * row.value(q, c);
        f_.push_back(f);
        const auto add = [&](const Term& term) {
          entries_.push_back(
              {term.limit,
               static_cast<float>(
                   term.sign * (term.quantity == kRequests ? 1.0 : row.value(static_cast<size_t>(term.quantity), c)))});
        };
        for (const Term& term : terms.shared(row.group)) add(term);
        for (const Term& term : terms.own(row.group, row.models[c])) add(term);
        entryStarts_.push_back(static_cast<uint32_t>(entries_.size()));
      }
      starts_.push_back(f_.size());
    }
    for (std::vector<double>* values : {&x_, &z_, &dx_, &dz_}) values->assign(f_.size(), 0.0);
    t_.assign(rows_.size(), 0.0);
    dt_ = t_;
  }

  KindsPlan run(const Eigen::VectorXd& start, double magnitude, double precision, const compute::CancelFlag& cancel) {
    begin(start, magnitude);
    KindsPlan plan;
    double enough = 0;
    for (; plan.steps < kMaxSteps && !plan.converged; ++plan.steps) {
      cancel.throwIfRaised();
      cancel.count(compute::WorkKind::pivots, systemWork());
      if (plan.steps > 0 && cancel.mustEnd()) break;
      const double gap = measure();
      if (plan.steps == 0) enough = precision * gap;
      plan.converged = gap <= enough;
      if (plan.converged || !(gap < std::numeric_limits<double>::infinity())) break;
      const double mu = gap / static_cast<double>(f_.size() + 2 * limits_);
      factorise();
      // The affine step shows how much centring is needed, and what curvature to make good for.
      std::fill(dz_.begin(), dz_.end(), 0.0);
      secondU_.setZero();
      secondV_.setZero();
      direction(0);
      const double affine = gapAfter(stepLengths());
      const double left = std::clamp(affine / gap, 0.0, 1.0), centring = left * left * left;
      for (size_t e = 0; e < dz_.size(); ++e) dz_[e] *= dx_[e];
      secondU_ = du_.cwiseProduct(-dy_);
      secondV_ = dv_.cwiseProduct(dy_);
      direction(centring * mu);
      const Lengths lengths = stepLengths();
      // No step to be had, or none that rounding left whole.
      if (std::max(lengths.primal, lengths.dual) < 1e-8 || !dy_.allFinite()) break;
      move(lengths);
    }
    plan.prices = y_;
    plan.amount = std::move(x_);
    for (double& amount : plan.amount) amount /= weight_;
    return plan;
  }

 private:
  struct Entry {
    int limit;
    float amount;  // a value of the problem's, or 1, and its sign
  };
  struct Difference {
    int limit;
    double amount;
  };
  struct Lengths {
    double primal = 1, dual = 1;
  };
  // What a chunk of kinds adds up to.
  struct Part {
    Eigen::MatrixXd system;
    Eigen::VectorXd vector;
    double sum = 0, other = 0;
  };

  // Of a step, in changes of matrix entries: every candidate's and kind's part of the system, and its factorisation.
  uint64_t systemWork() const {
    const auto perCandidate = static_cast<uint64_t>(entries_.size()) / std::max<uint64_t>(1, f_.size());
    return entries_.size() * (kSweeps + perCandidate) + limits_ * limits_ * (rows_.size() + limits_ / 3);
  }

  double total() const {
    double sum = 0;
    for (const double rows : rows_) sum += rows;
    return sum;
  }

  template <class Body>
  void forEachKind(const Body& body) {
    compute::Pool::shared().forEachChunk(chunks_.count(), [&](size_t chunk) {
      Part& part = parts_[chunk];
      part.vector = Eigen::VectorXd::Zero(b_.size());
      part.sum = part.other = 0;
      const compute::Range range = chunks_[chunk];
      for (size_t k = range.begin; k < range.end; ++k) body(k, part);
    });
  }

  std::span<const Entry> entries(size_t e) const {
    return {entries_.data() + entryStarts_[e], entryStarts_[e + 1] - entryStarts_[e]};
  }
  double along(size_t e, const Eigen::VectorXd& y) const {
    double sum = 0;
    for (const Entry& entry : entries(e)) sum += static_cast<double>(entry.amount) * y[entry.limit];
    return sum;
  }

  // Prices inside the box, every kind on the central path at a temperature of `magnitude` per row.
  void begin(const Eigen::VectorXd& start, double magnitude) {
    const Eigen::VectorXd margin = kMargin * (box_.high - box_.low);
    y_ = start.cwiseMax(box_.low + margin).cwiseMin(box_.high - margin);
    const double mu = f_.empty() ? magnitude : magnitude * total() / static_cast<double>(f_.size());
    forEachKind([&](size_t k, Part& part) {
      double least = std::numeric_limits<double>::infinity();
      for (size_t e = starts_[k]; e < starts_[k + 1]; ++e) least = std::min(least, z_[e] = f_[e] + along(e, y_));
      // sum_c mu / (least + distance - least_c) = n_k: convex and falling in the distance, so Newton from below is safe.
      double distance = mu / rows_[k];
      for (int step = 0; step < 20; ++step) {
        double sum = 0, slope = 0;
        for (size_t e = starts_[k]; e < starts_[k + 1]; ++e) {
          const double one = mu / (z_[e] - least + distance);
          sum += one;
          slope += one * one / mu;
        }
        const double change = (sum - rows_[k]) / slope;
        distance += change;
        if (std::abs(change) <= 1e-10 * distance) break;
      }
      t_[k] = least - distance;
      double sum = 0;
      for (size_t e = starts_[k]; e < starts_[k + 1]; ++e) sum += x_[e] = mu / (z_[e] - t_[k]);
      for (size_t e = starts_[k]; e < starts_[k + 1]; ++e) {
        x_[e] *= rows_[k] / sum;
        for (const Entry& entry : entries(e)) part.vector[entry.limit] += static_cast<double>(entry.amount) * x_[e];
      }
    });
    Eigen::VectorXd room = b_;
    for (const Part& part : parts_) room -= part.vector;
    const Eigen::VectorXd above = box_.high - y_, below = y_ - box_.low;
    u_.resize(b_.size());
    v_.resize(b_.size());
    for (Eigen::Index l = 0; l < b_.size(); ++l) {
      u_[l] = room[l] >= 0 ? mu / above[l] : mu / below[l] - room[l];
      v_[l] = room[l] >= 0 ? mu / above[l] + room[l] : mu / below[l];
    }
    secondU_ = secondV_ = Eigen::VectorXd::Zero(b_.size());
  }

  // Slacks of the dual, what rounding left of the primal's equations, the dual's value; returns the gap.
  double measure() {
    above_ = box_.high - y_;
    below_ = y_ - box_.low;
    forEachKind([&](size_t k, Part& part) {
      part.other += rows_[k] * t_[k];
      for (size_t e = starts_[k]; e < starts_[k + 1]; ++e) {
        z_[e] = std::max(f_[e] + along(e, y_) - t_[k], 1e-300);
        part.sum += x_[e] * z_[e];
        for (const Entry& entry : entries(e)) part.vector[entry.limit] += static_cast<double>(entry.amount) * x_[e];
      }
    });
    double gap = u_.dot(above_) + v_.dot(below_);
    value_ = decided_ - b_.dot(y_);
    residual_ = b_ - v_ + u_;
    for (const Part& part : parts_) {
      gap += part.sum;
      value_ += part.other;
      residual_ -= part.vector;
    }
    return gap;
  }

  // The candidate that weighs most: the others' differences from it are summed, not the large numbers themselves.
  size_t heaviest(size_t k) const {
    size_t at = starts_[k];
    for (size_t e = at + 1; e < starts_[k + 1]; ++e)
      if (x_[e] * z_[at] > x_[at] * z_[e]) at = e;
    return at;
  }

  // The system in y: sum_k (sum_c d g g' - (sum_c d g)(sum_c d g)' / sum_c d), d = x / z, and the box's own.
  void factorise() {
    const auto n = static_cast<Eigen::Index>(limits_);
    compute::Pool::shared().forEachChunk(chunks_.count(), [&](size_t chunk) {
      Eigen::MatrixXd& system = parts_[chunk].system;
      system = Eigen::MatrixXd::Zero(n, n);
      std::vector<double> mean(limits_, 0.0);
      std::vector<char> seen(limits_, 0);
      std::vector<int> touched;
      std::vector<Difference> difference;
      const compute::Range range = chunks_[chunk];
      for (size_t k = range.begin; k < range.end; ++k) {
        const size_t reference = heaviest(k);
        double sum = x_[reference] / z_[reference];
        touched.clear();
        for (size_t e = starts_[k]; e < starts_[k + 1]; ++e) {
          if (e == reference) continue;
          const double d = x_[e] / z_[e];
          sum += d;
          difference.clear();
          for (const Entry& to : entries(e)) difference.push_back({to.limit, static_cast<double>(to.amount)});
          for (const Entry& from : entries(reference)) {
            const auto same = std::find_if(difference.begin(), difference.end(),
                                           [&](const Difference& other) { return other.limit == from.limit; });
            if (same != difference.end())
              same->amount -= static_cast<double>(from.amount);
            else
              difference.push_back({from.limit, -static_cast<double>(from.amount)});
          }
          for (const Difference& a : difference) {
            if (a.amount == 0) continue;
            if (!seen[static_cast<size_t>(a.limit)]) touched.push_back(a.limit);
            seen[static_cast<size_t>(a.limit)] = 1;
            mean[static_cast<size_t>(a.limit)] += d * a.amount;
            for (const Difference& other : difference)
              if (other.limit <= a.limit) system(a.limit, other.limit) += d * a.amount * other.amount;
          }
        }
        for (const int a : touched)
          for (const int other : touched)
            if (other <= a) system(a, other) -= mean[static_cast<size_t>(a)] * mean[static_cast<size_t>(other)] / sum;
        for (const int a : touched) {
          mean[static_cast<size_t>(a)] = 0;
          seen[static_cast<size_t>(a)] = 0;
        }
      }
    });
    Eigen::MatrixXd system = Eigen::MatrixXd::Zero(n, n);
    for (const Part& part : parts_) system += part.system;
    system.diagonal() += u_.cwiseQuotient(above_) + v_.cwiseQuotient(below_);
    // Prices differ in size by as much as their limits' units.
    unit_ = system.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
    Eigen::MatrixXd scaled = unit_.asDiagonal() * system * unit_.asDiagonal();
    scaled.diagonal().array() += 1e-13;
    factor_.compute(scaled);
  }

  // The Newton step towards products x z = target, less the second-order terms, which dz_ holds until it gets the step's own.
  void direction(double target) {
    forEachKind([&](size_t k, Part& part) {
      double sum = 0, lift = 0;
      for (size_t e = starts_[k]; e < starts_[k + 1]; ++e) {
        sum += x_[e] / z_[e];
        lift += dx_[e] = (target - dz_[e]) / z_[e] - x_[e];
      }
      dt_[k] = lift / sum;
      for (size_t e = starts_[k]; e < starts_[k + 1]; ++e) {
        const double push = dx_[e] - x_[e] / z_[e] * dt_[k];
        for (const Entry& entry : entries(e)) part.vector[entry.limit] += static_cast<double>(entry.amount) * push;
      }
    });
    const Eigen::VectorXd pushU = ((target - secondU_.array()) / above_.array()).matrix() - u_;
    const Eigen::VectorXd pushV = ((target - secondV_.array()) / below_.array()).matrix() - v_;
    Eigen::VectorXd right = pushV - pushU - residual_;
    for (const Part& part : parts_) right += part.vector;
    dy_ = unit_.cwiseProduct(factor_.solve(unit_.cwiseProduct(right)));
    du_ = pushU + u_.cwiseQuotient(above_).cwiseProduct(dy_);
    dv_ = pushV - v_.cwiseQuotient(below_).cwiseProduct(dy_);
    forEachKind([&](size_t k, Part&) {
      double sum = 0, mean = 0;
      for (size_t e = starts_[k]; e < starts_[k + 1]; ++e) {
        const double d = x_[e] / z_[e];
        sum += d;
        mean += d * (dz_[e] = along(e, dy_));
      }
      dt_[k] = mean / sum - dt_[k];
      for (size_t e = starts_[k]; e < starts_[k + 1]; ++e) {
        dz_[e] -= dt_[k];
        dx_[e] -= x_[e] / z_[e] * dz_[e];
      }
    });
  }

  Lengths stepLengths() {
    // Of all that falls, the largest share of itself by which it falls.
    double primal = 0, dual = 0;
    compute::Pool::shared().forEachChunk(chunks_.count(), [&](size_t chunk) {
      const compute::Range range = chunks_[chunk];
      double x = 0, z = 0;
      for (size_t e = starts_[range.begin]; e < starts_[range.end]; ++e) {
        x = std::max(x, -dx_[e] / x_[e]);
        z = std::max(z, -dz_[e] / z_[e]);
      }
      parts_[chunk].sum = x;
      parts_[chunk].other = z;
    });
    for (const Part& part : parts_) {
      primal = std::max(primal, part.sum);
      dual = std::max(dual, part.other);
    }
    for (Eigen::Index l = 0; l < b_.size(); ++l) {
      primal = std::max({primal, -du_[l] / u_[l], -dv_[l] / v_[l]});
      dual = std::max({dual, dy_[l] / above_[l], -dy_[l] / below_[l]});
    }
    return {std::min(1.0, kInside / std::max(primal, 1e-300)), std::min(1.0, kInside / std::max(dual, 1e-300))};
  }

  double gapAfter(const Lengths& lengths) {
    const double p = lengths.primal, d = lengths.dual;
    forEachKind([&](size_t k, Part& part) {
      for (size_t e = starts_[k]; e < starts_[k + 1]; ++e) part.sum += (x_[e] + p * dx_[e]) * (z_[e] + d * dz_[e]);
    });
    double gap = (u_ + p * du_).dot(above_ - d * dy_) + (v_ + p * dv_).dot(below_ + d * dy_);
    for (const Part& part : parts_) gap += part.sum;
    return gap;
  }

  void move(const Lengths& lengths) {
    forEachKind([&](size_t k, Part&) {
      t_[k] += lengths.dual * dt_[k];
      double sum = 0;
      for (size_t e = starts_[k]; e < starts_[k + 1]; ++e) sum += x_[e] += lengths.primal * dx_[e];
      for (size_t e = starts_[k]; e < starts_[k + 1]; ++e) x_[e] *= rows_[k] / sum;
    });
    y_ += lengths.dual * dy_;
    u_ += lengths.primal * du_;
    v_ += lengths.primal * dv_;
  }

  const size_t limits_;
  const compute::Chunks chunks_;
  std::vector<Part> parts_;
  const PriceBox& box_;
  double decided_ = 0, weight_ = 1, value_ = 0;
  Eigen::VectorXd b_;
  // Per kind: rows, the dual's t; where its candidates begin.
  std::vector<double> rows_, t_, dt_;
  std::vector<size_t> starts_;
  std::vector<uint32_t> entryStarts_;
  // Per candidate.
  std::vector<double> f_, x_, z_, dx_, dz_;
  std::vector<Entry> entries_;
  // Per limit.
  Eigen::VectorXd y_, u_, v_, above_, below_, dy_, du_, dv_, secondU_, secondV_, residual_, unit_;
  Eigen::LLT<Eigen::MatrixXd> factor_;
};

}  // namespace

KindsPlan solveKinds(const Problem& problem, const Terms& terms, const RowSet& kinds, const PriceBox& box,
                     const Eigen::VectorXd& start, double magnitude, double precision,
                     const compute::CancelFlag& cancel) {
  return InteriorPoint(problem, terms, kinds, box).run(start, magnitude, precision, cancel);
}

}  // namespace omnirouter::assignment
