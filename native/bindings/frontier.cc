// frontier, frontierAsync (frame, quantities, allowed, groups, choices, limit, bounds, points): lib/assignment/binding.ts.
#include "assignment/frontier.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "bindings/addon.h"
#include "bindings/arguments.h"
#include "bindings/assignment_arguments.h"
#include "bindings/assignment_frame.h"
#include "bindings/js_errors.h"
#include "bindings/task.h"

namespace omnirouter::bindings {

namespace {

using assignment::Frontier;
using assignment::Plans;

enum FrontierArgument : size_t { kLimit = kChoice + 1, kBounds, kPoints };

// What is swept, and where the answer goes.
struct SweepArguments {
  SweepArguments(const Napi::CallbackInfo& info, std::span<const double> frame, const FrameSizes& sizes)
      : limit(static_cast<size_t>(
            integer(info[kLimit], "limit", 0, static_cast<int64_t>(std::max<size_t>(sizes.limits, 1)) - 1))),
        plans(isAbsent(info[kChoice]) ? Plans::discard : Plans::keep) {
    const auto stated = view<double>(info[kBounds], "bounds");
    const double scale = sizes.limits > 0 ? limitScale(frame, sizes, limit) : 1.0;
    for (const double bound : stated) bounds.push_back(bound * scale);
  }

  size_t limit;
  Plans plans;
  std::vector<double> bounds;
};

void write(const Frontier& frontier, const FrameSizes& sizes, const Napi::Value& points, const Napi::Value& choices) {
  const size_t length = pointLength(sizes), count = frontier.points.size();
  const auto numbers = view<double>(points, "points", count * length);
  const bool keep = !isAbsent(choices);
  const auto plans = keep ? view<uint8_t>(choices, "choices", count * sizes.rows) : std::span<uint8_t>();
  for (size_t p = 0; p < count; ++p) {
    const assignment::FrontierPoint& point = frontier.points[p];
    writePoint(numbers.subspan(p * length, length), sizes, point);
    if (keep && point.choice.size() == sizes.rows)
      std::copy(point.choice.begin(), point.choice.end(), plans.begin() + static_cast<ptrdiff_t>(p * sizes.rows));
  }
}

Napi::Value frontier(const Napi::CallbackInfo& info) {
  const auto frame = view<double>(info[kFrame], "frame");
  const FrameSizes sizes = readSizes(frame, false);
  const BorrowedProblem arguments(info, frame, sizes);
  const SweepArguments sweep(info, frame, sizes);
  std::vector<double> warmStart;
  const assignment::Options options = readOptions(frame, sizes, warmStart);
  write(assignment::sweep(arguments.problem, sweep.limit, sweep.bounds, options, sweep.plans, {}), sizes, info[kPoints],
        info[kChoice]);
  return info.Env().Undefined();
}

class FrontierTask final : public Task {
 public:
  FrontierTask(const Napi::CallbackInfo& info, std::span<const double> frame)
      : sizes_(readSizes(frame, false)),
        arguments_(info, frame, sizes_),
        sweep_(info, frame, sizes_),
        options_(readOptions(frame, sizes_, warmStart_)),
        points_(Napi::Persistent(object(info[kPoints], "points"))) {
    if (sweep_.plans == Plans::keep) choices_ = Napi::Persistent(object(info[kChoice], "choices"));
  }
  void compute(const compute::CancelFlag& cancel) override {
    const auto copies = arguments_.takeCopies();
    frontier_ = assignment::sweep(arguments_.problem, sweep_.limit, sweep_.bounds, options_, sweep_.plans, cancel);
  }
  Napi::Value result(Napi::Env env) override {
    write(frontier_, sizes_, points_.Value(), choices_.IsEmpty() ? env.Undefined() : Napi::Value(choices_.Value()));
    return env.Undefined();
  }

 private:
  FrameSizes sizes_;
  OwnedProblem arguments_;
  SweepArguments sweep_;
  std::vector<double> warmStart_;
  assignment::Options options_;
  Napi::ObjectReference points_, choices_;
  Frontier frontier_;
};

Napi::Value frontierAsync(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_shared<FrontierTask>(info, view<double>(info[kFrame], "frame")));
}

}  // namespace

void registerFrontier(Napi::Env env, Napi::Object exports) {
  exports.Set("frontier", guarded<frontier>(env, "frontier"));
  exports.Set("frontierAsync", guarded<frontierAsync>(env, "frontierAsync"));
}

}  // namespace omnirouter::bindings
