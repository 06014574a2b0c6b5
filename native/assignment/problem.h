// The assignment problem: every query (row) i gets exactly one model (column) j.
//
//     minimise    sum_i F[i, x(i)]                         F[i,j] = sum_k objective[k] * q_k[i,j]
//     subject to  sign * sum_{i in scope} q_k[i, x(i)]  <=  sign * bound          for every limit
//                 x(i) in allowed(i)
//
// Everything that can be limited or optimised is a *quantity*: quality, cost, latency, tokens are matrices q_k of rows
// x models, "requests" is the constant 1. A floor on mean quality, a dollar budget, a capacity in requests or tokens,
// the same per tenant, are all limits of one shape: what is summed, which way it is bounded, over which rows (all, or
// one group) and which models (all, or one). That is the problem of OmniRouter (arXiv 2502.20576, section 3) with its
// constraint list opened up; nothing below knows which quantity is called what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace omnirouter::assignment {

inline constexpr size_t kMaxRows = 4294967295;  // row numbers are 32-bit
inline constexpr size_t kMaxModels = 64;        // one machine word of allowed models per row
inline constexpr size_t kMaxQuantities = 8;     // matrices
inline constexpr size_t kMaxGroups = 1024;      // tenants
inline constexpr size_t kMaxLimits = 512;
// Of weights, bounds and prices: with values up to 1e30, no product of theirs overflows a double.
inline constexpr double kLargestNumber = 1e100;
inline constexpr int kRequests = -1;  // Limit::quantity that counts rows
inline constexpr int kAll = -1;       // Limit::group, Limit::model that covers everything

struct Limit {
  int quantity = kRequests;  // index into Problem::quantities, or kRequests
  bool atLeast = false;      // sum >= bound, else sum <= bound
  double bound = 0;          // of the sum over the scope, never of a mean
  int group = kAll;
  int model = kAll;

  // Limits are handled as  sign * sum <= sign * bound.
  double sign() const { return atLeast ? -1.0 : 1.0; }
  bool covers(int rowGroup) const { return group == kAll || group == rowGroup; }
};

// When a limit holds, for plans, bounds, curves and proofs alike: its sum misses the bound by no more than
//
//     tolerance   0 for counts of requests; for sums of float32 values their own rounding, 1e-7 of the bound (float32 has
//                 24 bits: 6e-8)
//
// A solve widens every limit once, where it begins (widened() in solver.cc and frontier.cc), and what works on the widened
// problem knows of no tolerance but that of double sums:
//
//     rounding    0 for counts; else 1e-12 of the bound, by which the widened bound falls short of the tolerance's end
//
// Searches aim at the widened bound, so that what they take for held is held when it is summed afresh; plans are judged,
// and the dual is evaluated, at farthest(), the very end. So no plan that holds costs less than the bound.
double tolerance(const Limit& limit);
double rounding(const Limit& limit);
Limit widened(const Limit& limit);
// Of a widened limit, the greatest signed sum that holds it.
inline double farthest(const Limit& limit) { return limit.sign() * limit.bound + rounding(limit); }

struct Quantity {
  const float* values = nullptr;  // rows x models, row-major
  double most = 0;                // greatest value allowed; the least is 0. Checked by checkProblem().
};

struct Problem {
  size_t rows = 0;
  size_t models = 0;
  std::vector<Quantity> quantities;
  std::vector<double> objective;  // one weight per quantity; the sum is minimised
  int objectiveGroup = kAll;      // rows whose quantities count in the objective
  int tieBreak = -1;              // quantity to keep small among plans of equal objective, or -1
  bool tieLarge = false;          // it is to be kept large instead
  std::vector<Limit> limits;
  const uint64_t* allowed = nullptr;  // per row, bit j: model j may answer; nullptr: every model
  const uint16_t* groups = nullptr;   // per row, < groupCount; nullptr: all in group 0
  size_t groupCount = 1;

  uint64_t everyModel() const { return models == 64 ? ~uint64_t{0} : (uint64_t{1} << models) - 1; }
  uint64_t allowedModels(size_t row) const { return allowed ? allowed[row] & everyModel() : everyModel(); }
  double tieSign() const { return tieLarge ? -1.0 : 1.0; }
  size_t group(size_t row) const { return groups ? groups[row] : 0; }
  // The objective's weight of a quantity in rows of a group.
  double weight(size_t quantity, size_t rowGroup) const {
    return objectiveGroup == kAll || objectiveGroup == static_cast<int>(rowGroup) ? objective[quantity] : 0.0;
  }
  // Values that a pass over all rows reads.
  size_t entries() const { return rows * models * quantities.size(); }
  const float* row(size_t quantity, size_t i) const { return quantities[quantity].values + i * models; }
};

// The problem as it is solved: every limit widened. In the memory of `wide`.
void widen(const Problem& problem, Problem& wide);

// Throws InvalidArgument, naming the culprit, unless every number of the problem is usable: values finite and within
// [0, most], a model allowed in every row, bounds finite, indices in range. One parallel pass over the matrices.
void checkProblem(const Problem& problem);

// The limit index of every price that acts on a row of group g choosing model j, with the quantity it weighs.
struct Term {
  int limit;
  int quantity;
  double sign;
};

// Which limits touch what, arranged for walking. "Shared" limits cover all models of a group's rows (floors, budgets);
// "own" limits cover one model (capacities).
class Terms {
 public:
  Terms() = default;
  explicit Terms(const Problem& problem) { arrange(problem); }
  // Of another problem, in the same memory.
  void arrange(const Problem& problem);

  std::span<const Term> shared(size_t group) const { return list(group * (models_ + 1)); }
  std::span<const Term> own(size_t group, size_t model) const { return list(group * (models_ + 1) + 1 + model); }

 private:
  std::span<const Term> list(size_t n) const { return {terms_.data() + starts_[n], terms_.data() + starts_[n + 1]}; }

  size_t models_ = 0;
  std::vector<Term> terms_;     // of every group, the shared ones and each model's own
  std::vector<size_t> starts_;  // of those lists, and the last one's end
};

// The reduced value  r[i,j] = base[g,j] + sum_k weight[g,k,j] * q_k[i,j]  of given prices, g = group of row
// i: the Lagrangian's coefficient of x[i,j]. Affine in the quantities, whatever the mix of limits.
class Reduced {
 public:
  // Tables may be padded with zeros to more models than there are.
  Reduced(const Problem& problem, std::span<const double> prices, size_t padded = 0) {
    tabulate(problem, prices, padded);
  }
  Reduced() = default;
  // Of other prices, in the same memory.
  void tabulate(const Problem& problem, std::span<const double> prices, size_t padded = 0);
  // The same, lowered by what rounding can add to any reduced value, in these tables or in the sum over the quantities, as
  // the values are >= 0: reduced values computed from these tables in double are never above the true ones.
  void tabulateLowered(const Problem& problem, std::span<const double> prices);

  const double* base(size_t group) const { return base_.data() + group * models_; }
  const double* weight(size_t group, size_t quantity) const {
    return weight_.data() + (group * quantities_ + quantity) * models_;
  }

 private:
  size_t models_ = 0, quantities_ = 0;
  std::vector<double> base_, weight_;
  std::vector<double> baseSize_, weightSize_;  // of tabulateLowered(): the terms' absolute values, summed
};

}  // namespace omnirouter::assignment
