#include "assignment/problem.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "assignment/kernels/values_within.h"
#include "compute/chunks.h"
#include "compute/pool.h"
#include "errors.h"

namespace omnirouter::assignment {

namespace {

// Of a bound: what a limit may be missed by in all, and the part of it that is left to the rounding of sums.
constexpr double kTolerance = 1e-7, kRounding = 1e-12;

std::string at(const char* list, size_t index, const char* field) {
  return std::string(list) + "[" + std::to_string(index) + "]." + field;
}

void checkShape(const Problem& problem) {
  if (problem.rows > kMaxRows) throw InvalidArgument("rows", "queries must be at most 4294967295");
  if (problem.models < 1 || problem.models > kMaxModels) throw InvalidArgument("models", "models must be from 1 to 64");
  if (problem.quantities.size() > kMaxQuantities)
    throw InvalidArgument("quantities", "quantities must be at most 8 matrices");
  if (problem.objective.size() != problem.quantities.size())
    throw InvalidArgument("objective", "objective must weigh every quantity");
  for (const double weight : problem.objective)
    if (!(std::abs(weight) <= kLargestNumber))
      throw InvalidArgument("objective", "objective weights must be finite numbers of at most 1e100");
  if (problem.tieBreak < -1 || problem.tieBreak >= static_cast<int>(problem.quantities.size()))
    throw InvalidArgument("tieBreak", "tieBreak is not a quantity of the problem");
  if (problem.groupCount < 1 || problem.groupCount > kMaxGroups)
    throw InvalidArgument("groups", "groups must be numbered from 0 to at most 1023");
  if (problem.limits.size() > kMaxLimits) throw InvalidArgument("limits", "limits must be at most 512");
  for (size_t l = 0; l < problem.limits.size(); ++l) {
    const Limit& limit = problem.limits[l];
    if (!(std::abs(limit.bound) <= kLargestNumber))
      throw InvalidArgument(at("limits", l, "bound"),
                            at("limits", l, "bound") + " must be a finite number of at most 1e100");
    if (limit.quantity < kRequests || limit.quantity >= static_cast<int>(problem.quantities.size()))
      throw InvalidArgument(at("limits", l, "quantity"),
                            at("limits", l, "quantity") + " is not a quantity of the problem");
    if (limit.group < kAll || limit.group >= static_cast<int>(problem.groupCount))
      throw InvalidArgument(at("limits", l, "group"), at("limits", l, "group") + " is not a group of the problem");
    if (limit.model < kAll || limit.model >= static_cast<int>(problem.models))
      throw InvalidArgument(at("limits", l, "model"), at("limits", l, "model") + " is not a model of the problem");
  }
}

void checkRows(const Problem& problem, compute::Range rows) {
  const ValuesWithin within = valuesWithin(compute::isa());
  for (size_t k = 0; k < problem.quantities.size(); ++k) {
    const float* values = problem.row(k, rows.begin);
    const float most = static_cast<float>(problem.quantities[k].most);
    const size_t count = rows.size() * problem.models;
    if (within(values, count, most)) continue;
    for (size_t e = 0; e < count; ++e) {
      if (values[e] >= 0.0f && values[e] <= most) continue;
      const std::string argument = "quantities[" + std::to_string(k) + "]";
      throw InvalidArgument(argument, argument + " has " + std::to_string(values[e]) + " for query " +
                                          std::to_string(rows.begin + e / problem.models) + ", model " +
                                          std::to_string(e % problem.models) + "; it must be from 0 to " +
                                          std::to_string(most));
    }
  }
  for (size_t i = rows.begin; i < rows.end; ++i) {
    if (problem.allowedModels(i) == 0)
      throw InvalidArgument("allowed", "allowed leaves no model for query " + std::to_string(i));
    if (problem.group(i) >= problem.groupCount)
      throw InvalidArgument("groups", "groups has " + std::to_string(problem.group(i)) + " for query " +
                                          std::to_string(i) + "; groups are numbered below " +
                                          std::to_string(problem.groupCount));
  }
}

}  // namespace

double tolerance(const Limit& limit) {
  return limit.quantity == kRequests ? 0.0 : kTolerance * std::abs(limit.bound);
}

double rounding(const Limit& limit) { return limit.quantity == kRequests ? 0.0 : kRounding * std::abs(limit.bound); }

Limit widened(const Limit& limit) {
  Limit wide = limit;
  if (limit.quantity != kRequests) wide.bound += limit.sign() * (kTolerance - kRounding) * std::abs(limit.bound);
  return wide;
}

void widen(const Problem& problem, Problem& wide) {
  wide = problem;
  for (Limit& limit : wide.limits) limit = widened(limit);
}

void checkProblem(const Problem& problem) {
  checkShape(problem);
  const compute::Chunks chunks(problem.rows, 8192);
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) { checkRows(problem, chunks[chunk]); });
}

void Terms::arrange(const Problem& problem) {
  models_ = problem.models;
  const auto forEachTerm = [&](const auto& visit) {
    for (size_t l = 0; l < problem.limits.size(); ++l) {
      const Limit& limit = problem.limits[l];
      const size_t first = limit.group == kAll ? 0 : static_cast<size_t>(limit.group);
      const size_t last = limit.group == kAll ? problem.groupCount : first + 1;
      for (size_t g = first; g < last; ++g)
        visit(g * (models_ + 1) + static_cast<size_t>(limit.model + 1),
              Term{static_cast<int>(l), limit.quantity, limit.sign()});
    }
  };
  static_assert(kAll == -1);
  // Counted, summed to where each list ends, and filled in: each start moves on to the next list's and is put back.
  starts_.assign(problem.groupCount * (models_ + 1) + 1, 0);
  forEachTerm([&](size_t list, const Term&) { ++starts_[list + 1]; });
  for (size_t n = 1; n < starts_.size(); ++n) starts_[n] += starts_[n - 1];
  terms_.resize(starts_.back());
  forEachTerm([&](size_t list, const Term& term) { terms_[starts_[list]++] = term; });
  for (size_t n = starts_.size() - 1; n > 0; --n) starts_[n] = starts_[n - 1];
  starts_[0] = 0;
}

void Reduced::tabulate(const Problem& problem, std::span<const double> prices, size_t padded) {
  models_ = std::max(problem.models, padded);
  quantities_ = problem.quantities.size();
  base_.assign(problem.groupCount * models_, 0.0);
  weight_.assign(problem.groupCount * quantities_ * models_, 0.0);
  for (size_t g = 0; g < problem.groupCount; ++g)
    for (size_t k = 0; k < quantities_; ++k)
      for (size_t j = 0; j < problem.models; ++j) weight_[(g * quantities_ + k) * models_ + j] = problem.weight(k, g);
  for (size_t l = 0; l < problem.limits.size(); ++l) {
    const Limit& limit = problem.limits[l];
    const double price = limit.sign() * prices[l];
    if (price == 0) continue;
    for (size_t g = 0; g < problem.groupCount; ++g) {
      if (!limit.covers(static_cast<int>(g))) continue;
      double* values = limit.quantity == kRequests
                           ? base_.data() + g * models_
                           : weight_.data() + (g * quantities_ + static_cast<size_t>(limit.quantity)) * models_;
      for (size_t j = 0; j < problem.models; ++j)
        if (limit.model == kAll || limit.model == static_cast<int>(j)) values[j] += price;
    }
  }
}

void Reduced::tabulateLowered(const Problem& problem, std::span<const double> prices) {
  tabulate(problem, prices);
  baseSize_.assign(base_.size(), 0.0);
  weightSize_.assign(weight_.size(), 0.0);
  for (size_t e = 0; e < weight_.size(); ++e) {
    const size_t table = e / models_;
    weightSize_[e] = std::abs(problem.weight(table % quantities_, table / quantities_));
  }
  double terms = 1;
  for (size_t l = 0; l < problem.limits.size(); ++l) {
    const Limit& limit = problem.limits[l];
    const double price = prices[l];
    if (price == 0) continue;
    ++terms;
    for (size_t g = 0; g < problem.groupCount; ++g) {
      if (!limit.covers(static_cast<int>(g))) continue;
      double* sizes = limit.quantity == kRequests
                          ? baseSize_.data() + g * models_
                          : weightSize_.data() + (g * quantities_ + static_cast<size_t>(limit.quantity)) * models_;
      for (size_t j = 0; j < problem.models; ++j)
        if (limit.model == kAll || limit.model == static_cast<int>(j)) sizes[j] += price;
    }
  }
  // Each of the operations that a term goes through rounds by 2^-53 at most; twice that covers the rounding of this.
  const double share = (terms + static_cast<double>(quantities_) + 4) * 0x1p-52;
  for (size_t e = 0; e < base_.size(); ++e) base_[e] -= share * baseSize_[e];
  for (size_t e = 0; e < weight_.size(); ++e) weight_[e] -= share * weightSize_[e];
}

}  // namespace omnirouter::assignment
