#include "bindings/assignment_frame.h"

#include <algorithm>
#include <limits>
#include <string>

#include "errors.h"

namespace omnirouter::bindings {

namespace {

constexpr double kLayout = 3;

enum Request : size_t {
  kLayoutVersion,
  kRows,
  kModels,
  kQuantities,
  kLimits,
  kGroups,
  kTieBreak,
  kWarm,
  kGapTolerance,
  kNodeLimit,
  kSeed,
  kDiagnose,
  kTimeLimit,
  kRelax,
  kTies,
  kTieLarge,
  kRequestSize
};
enum QuantityField : size_t { kMost, kWeight, kQuantitySize };
enum LimitField : size_t {
  kLimitQuantity,
  kMean,
  kAtLeast,
  kLimitBound,
  kScope,
  kLimitGroup,
  kLimitModel,
  kPrice,
  kLimitSize
};
enum Answer : size_t {
  kStatus,
  kStop,
  kObjective,
  kBound,
  kGap,
  kEvaluations,
  kWork,
  kWorkEnd = kWork + static_cast<int>(compute::kWorkKinds) - 1,
  kViolation,
  kConflicts,
  kMissed,
  kReachable,
  kRelaxed,
  kAnswerSize
};
enum Fate : size_t { kFatePrice, kTotal, kSlack, kFateSize };
enum ReachableField : size_t { kReachableLimit, kFound, kValue, kReachableBound, kReachableSize };
enum RelaxedField : size_t { kRelaxedLimit, kTo, kRelaxedSize };
enum Point : size_t { kPointStatus, kPointObjective, kPointBound, kPointGap, kPointSize };

// A whole number in [least, most].
int64_t whole(double x, const char* argument, int64_t least, int64_t most) {
  if (!(x >= static_cast<double>(least) && x <= static_cast<double>(most)) ||
      x != static_cast<double>(static_cast<int64_t>(x)))
    throw InvalidArgument(argument, std::string(argument) + " must be a whole number from " + std::to_string(least) +
                                        " to " + std::to_string(most));
  return static_cast<int64_t>(x);
}

size_t limitsStart(const FrameSizes& sizes) { return kRequestSize + kQuantitySize * sizes.quantities; }
size_t answerStart(const FrameSizes& sizes) { return limitsStart(sizes) + kLimitSize * sizes.limits; }
size_t answerLength(const FrameSizes& sizes) {
  return kAnswerSize + sizes.quantities + sizes.models +
         (kFateSize + 1 + 1 + kReachableSize + kRelaxedSize) * sizes.limits;
}

void requireRoom(std::span<const double> frame, size_t length) {
  if (frame.size() < length) throw InvalidArgument("frame", "frame is too short for what it says it holds");
}

}  // namespace

FrameSizes readSizes(std::span<const double> frame, bool withAnswer) {
  if (frame.size() < kRequestSize || frame[kLayoutVersion] != kLayout)
    throw Error("ERR_OMNI_INTERNAL", "", "the native addon is of another release than the package that loaded it");
  const auto size = [&](Request field, const char* argument, size_t least, size_t most) {
    return static_cast<size_t>(whole(frame[field], argument, static_cast<int64_t>(least), static_cast<int64_t>(most)));
  };
  const FrameSizes sizes{size(kRows, "rows", 0, assignment::kMaxRows),
                         size(kModels, "models", 1, assignment::kMaxModels),
                         size(kQuantities, "quantities", 0, assignment::kMaxQuantities),
                         size(kLimits, "limits", 0, assignment::kMaxLimits)};
  requireRoom(frame, answerStart(sizes) + (withAnswer ? answerLength(sizes) : 0));
  return sizes;
}

void readProblem(std::span<const double> frame, const FrameSizes& sizes, assignment::Problem& problem) {
  problem.rows = sizes.rows;
  problem.models = sizes.models;
  problem.groupCount = static_cast<size_t>(whole(frame[kGroups], "groups", 1, assignment::kMaxGroups));
  problem.tieBreak = static_cast<int>(whole(frame[kTieBreak], "tieBreak", -1, assignment::kMaxQuantities - 1));
  problem.tieLarge = frame[kTieLarge] != 0;
  problem.quantities.clear();
  problem.objective.clear();
  for (size_t k = 0; k < sizes.quantities; ++k) {
    const double* quantity = frame.data() + kRequestSize + kQuantitySize * k;
    problem.quantities.push_back({nullptr, quantity[kMost]});
    problem.objective.push_back(quantity[kWeight]);
  }
  problem.limits.clear();
  for (size_t l = 0; l < sizes.limits; ++l) {
    const double* limit = frame.data() + limitsStart(sizes) + kLimitSize * l;
    const auto index = [&](LimitField field, const char* argument, int64_t most) {
      return static_cast<int>(whole(limit[field], argument, -1, most));
    };
    problem.limits.push_back({index(kLimitQuantity, "limits.quantity", assignment::kMaxQuantities - 1),
                              limit[kAtLeast] != 0, limit[kLimitBound] * limitScale(frame, sizes, l),
                              index(kLimitGroup, "limits.group", assignment::kMaxGroups - 1),
                              index(kLimitModel, "limits.model", assignment::kMaxModels - 1)});
  }
}

double limitScale(std::span<const double> frame, const FrameSizes& sizes, size_t l) {
  const double* limit = frame.data() + limitsStart(sizes) + kLimitSize * l;
  return limit[kMean] != 0 ? limit[kScope] : 1.0;
}

std::optional<uint64_t> readTies(std::span<const double> frame) {
  const int64_t seed = whole(frame[kTies], "ties", -1, 4294967295);
  if (seed < 0) return {};
  return static_cast<uint64_t>(seed);
}

void readPrices(std::span<const double> frame, const FrameSizes& sizes, std::vector<double>& prices) {
  prices.clear();
  for (size_t l = 0; l < sizes.limits; ++l) prices.push_back(frame[limitsStart(sizes) + kLimitSize * l + kPrice]);
}

assignment::Options readOptions(std::span<const double> frame, const FrameSizes& sizes,
                                std::vector<double>& warmStart) {
  assignment::Options options;
  options.gapTolerance = frame[kGapTolerance];
  options.nodeLimit = static_cast<size_t>(whole(frame[kNodeLimit], "nodeLimit", 0, 1000000000));
  options.seed = static_cast<uint64_t>(whole(frame[kSeed], "seed", 0, 4294967295));
  options.diagnose = frame[kDiagnose] != 0;
  options.timeLimit = frame[kTimeLimit];
  options.relax = frame[kRelax] != 0;
  options.ties = readTies(frame);
  if (frame[kWarm] != 0) {
    readPrices(frame, sizes, warmStart);
    options.warmStart = warmStart;
  }
  return options;
}

void writeAnswer(std::span<double> frame, const FrameSizes& sizes, const assignment::Solution& s) {
  requireRoom(frame, answerStart(sizes) + answerLength(sizes));
  double* out = frame.data() + answerStart(sizes);
  out[kStatus] = static_cast<double>(s.status);
  out[kStop] = static_cast<double>(s.stop);
  out[kObjective] = s.certificate.objective;
  out[kBound] = s.bound;
  out[kGap] = s.gap;
  out[kEvaluations] = s.evaluations;
  for (size_t k = 0; k < compute::kWorkKinds; ++k) out[kWork + k] = static_cast<double>(s.work.count[k]);
  out[kViolation] = s.violation;
  out[kConflicts] = static_cast<double>(s.conflict.size());
  out[kMissed] = static_cast<double>(s.missed.size());
  out[kReachable] = static_cast<double>(s.reachable.size());
  out[kRelaxed] = static_cast<double>(s.relaxed.size());
  out = std::copy_n(s.certificate.quantity.begin(), sizes.quantities, out + kAnswerSize);
  out = std::copy_n(s.certificate.requests.begin(), sizes.models, out);
  for (size_t l = 0; l < sizes.limits; ++l, out += kFateSize) {
    out[kFatePrice] = s.prices[l];
    out[kTotal] = s.certificate.total[l];
    out[kSlack] = s.certificate.slack[l];
  }
  // Never more than one of each per limit, which is what there is room for.
  out = std::copy_n(s.conflict.begin(), std::min(s.conflict.size(), sizes.limits), out);
  out = std::copy_n(s.missed.begin(), std::min(s.missed.size(), sizes.limits), out);
  for (size_t r = 0; r < std::min(s.reachable.size(), sizes.limits); ++r, out += kReachableSize) {
    out[kReachableLimit] = s.reachable[r].limit;
    out[kFound] = s.reachable[r].found ? 1 : 0;
    out[kValue] = s.reachable[r].value;
    out[kReachableBound] = s.reachable[r].bound;
  }
  for (size_t r = 0; r < std::min(s.relaxed.size(), sizes.limits); ++r, out += kRelaxedSize) {
    out[kRelaxedLimit] = s.relaxed[r].limit;
    out[kTo] = s.relaxed[r].to;
  }
}

size_t pointLength(const FrameSizes& sizes) { return kPointSize + sizes.quantities + sizes.limits; }

void writePoint(std::span<double> out, const FrameSizes& sizes, const assignment::FrontierPoint& point) {
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  std::fill(out.begin(), out.end(), nothing);
  out[kPointStatus] = static_cast<double>(point.status);
  if (!point.prices.empty() || sizes.limits == 0) out[kPointBound] = point.bound;
  std::copy_n(point.prices.begin(), std::min(point.prices.size(), sizes.limits),
              out.begin() + kPointSize + static_cast<ptrdiff_t>(sizes.quantities));
  if (point.status == assignment::Status::infeasible || point.status == assignment::Status::unknown) return;
  out[kPointObjective] = point.objective;
  out[kPointGap] = point.gap;
  std::copy_n(point.quantity.begin(), std::min(point.quantity.size(), sizes.quantities), out.begin() + kPointSize);
}

}  // namespace omnirouter::bindings
