// assign, assignAsync, chooseByPrices (frame, quantities, allowed, groups, choice): lib/assignment/binding.ts.
#include <algorithm>
#include <memory>
#include <vector>

#include "assignment/choose.h"
#include "assignment/solver.h"
#include "bindings/addon.h"
#include "bindings/arguments.h"
#include "bindings/assignment_arguments.h"
#include "bindings/assignment_frame.h"
#include "bindings/js_errors.h"
#include "bindings/task.h"

namespace omnirouter::bindings {

namespace {

constexpr size_t kRowsKept = 4096;

Napi::Value assign(const Napi::CallbackInfo& info) {
  const auto frame = view<double>(info[kFrame], "frame");
  const FrameSizes sizes = readSizes(frame, true);
  const BorrowedProblem arguments(info, frame, sizes);
  thread_local std::vector<double> warmStart;
  const assignment::Options options = readOptions(frame, sizes, warmStart);
  const auto choice = viewChoice(info[kChoice], sizes);
  // A small batch's memory serves the next.
  thread_local assignment::Solution kept;
  assignment::Solution once;
  assignment::Solution& solution = sizes.rows <= kRowsKept ? kept : once;
  assignment::solve(arguments.problem, options, {}, solution);
  std::copy(solution.choice.begin(), solution.choice.end(), choice.begin());
  writeAnswer(frame, sizes, solution);
  return info.Env().Undefined();
}

class AssignTask final : public Task {
 public:
  AssignTask(const Napi::CallbackInfo& info, std::span<const double> frame)
      : sizes_(readSizes(frame, true)),
        arguments_(info, frame, sizes_),
        options_(readOptions(frame, sizes_, warmStart_)),
        frame_(Napi::Persistent(info[kFrame].As<Napi::Object>())),
        choice_(Napi::Persistent(object(info[kChoice], "out"))) {
    viewChoice(info[kChoice], sizes_);
  }
  void compute(const compute::CancelFlag& cancel) override {
    // Freed on this thread: to give back the memory of a million rows takes milliseconds.
    const auto copies = arguments_.takeCopies();
    solution_ = assignment::solve(arguments_.problem, options_, cancel);
  }
  // The arrays may have been transferred meanwhile: they are looked at afresh.
  Napi::Value result(Napi::Env env) override {
    const auto choice = viewChoice(choice_.Value(), sizes_);
    const auto frame = view<double>(frame_.Value(), "frame");
    std::copy(solution_.choice.begin(), solution_.choice.end(), choice.begin());
    writeAnswer(frame, sizes_, solution_);
    return env.Undefined();
  }

 private:
  FrameSizes sizes_;
  OwnedProblem arguments_;
  std::vector<double> warmStart_;
  assignment::Options options_;
  Napi::ObjectReference frame_, choice_;
  assignment::Solution solution_;
};

Napi::Value assignAsync(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_shared<AssignTask>(info, view<double>(info[kFrame], "frame")));
}

Napi::Value chooseByPrices(const Napi::CallbackInfo& info) {
  const auto frame = view<double>(info[kFrame], "frame");
  const FrameSizes sizes = readSizes(frame, false);
  const BorrowedProblem arguments(info, frame, sizes);
  thread_local std::vector<double> prices;
  readPrices(frame, sizes, prices);
  assignment::chooseByPrices(arguments.problem, prices, viewChoice(info[kChoice], sizes).data(), readTies(frame));
  return info.Env().Undefined();
}

}  // namespace

void registerAssignment(Napi::Env env, Napi::Object exports) {
  exports.Set("assign", guarded<assign>(env, "assign"));
  exports.Set("assignAsync", guarded<assignAsync>(env, "assignAsync"));
  exports.Set("chooseByPrices", guarded<chooseByPrices>(env, "chooseByPrices"));
}

}  // namespace omnirouter::bindings
