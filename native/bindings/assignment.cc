// assign, assignAsync, chooseByPrices (frame, quantities, allowed, groups, choice): lib/assignment/binding.ts.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "assignment/choose.h"
#include "assignment/solver.h"
#include "bindings/addon.h"
#include "bindings/arguments.h"
#include "bindings/assignment_frame.h"
#include "bindings/js_errors.h"
#include "bindings/task.h"
#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::bindings {

namespace {

using assignment::Problem;

enum Argument : size_t { kFrame, kQuantities, kAllowed, kGroups, kChoice };

// Whether a typed array lies on a SharedArrayBuffer.
bool isShared(const Napi::Value& array) {
  napi_value buffer = nullptr;
  bool own = false;
  napi_get_typedarray_info(array.Env(), array, nullptr, nullptr, nullptr, &buffer, nullptr);
  napi_is_arraybuffer(array.Env(), buffer, &own);
  return !own;
}

// TypeScript sees to it that arrays have the right lengths; a workspace's are as long as its longest batch.
template <class T>
std::span<T> viewAtLeast(const Napi::Value& value, const char* argument, size_t length) {
  const std::span<T> array = view<T>(value, argument);
  if (array.size() < length)
    throw InvalidArgument(argument, std::string(argument) + " has " + std::to_string(array.size()) +
                                        " elements where " + std::to_string(length) + " are needed");
  return array.first(length);
}

std::span<float> viewMatrix(const Napi::Value& list, size_t k, const FrameSizes& sizes) {
  static constexpr const char* kArgument[] = {"quantities[0]", "quantities[1]", "quantities[2]", "quantities[3]",
                                              "quantities[4]", "quantities[5]", "quantities[6]", "quantities[7]"};
  static_assert(std::size(kArgument) == assignment::kMaxQuantities);
  napi_value matrix;
  if (napi_get_element(list.Env(), list, static_cast<uint32_t>(k), &matrix) != napi_ok)
    throw InvalidArgument("quantities", "quantities must be an array of Float32Array");
  return viewAtLeast<float>({list.Env(), matrix}, kArgument[k], sizes.rows * sizes.models);
}

std::span<uint8_t> viewChoice(const Napi::Value& value, const FrameSizes& sizes) {
  return viewAtLeast<uint8_t>(value, "out", sizes.rows);
}

// A problem whose arrays are the caller's, read where they lie; what indexes memory is copied from shared memory, though,
// where it could change between the check and the use.
class BorrowedProblem {
 public:
  BorrowedProblem(const Napi::CallbackInfo& info, std::span<const double> frame, const FrameSizes& sizes)
      : problem(kept()) {
    readProblem(frame, sizes, problem);
    for (size_t k = 0; k < sizes.quantities; ++k)
      problem.quantities[k].values = viewMatrix(info[kQuantities], k, sizes).data();
    problem.allowed = rows<uint64_t>(info[kAllowed], "allowed", allowed_);
    problem.groups = rows<uint16_t>(info[kGroups], "groups", groups_);
  }

  Problem& problem;

 private:
  // Small batches come many a second: its vectors keep their memory from call to call.
  static Problem& kept() {
    thread_local Problem problem;
    return problem;
  }

  template <class T>
  const T* rows(const Napi::Value& value, const char* argument, std::vector<T>& copy) {
    if (isAbsent(value)) return nullptr;
    const auto given = viewAtLeast<T>(value, argument, problem.rows);
    if (!isShared(value)) return given.data();
    copy.assign(given.begin(), given.end());
    return copy.data();
  }

  std::vector<uint64_t> allowed_;
  std::vector<uint16_t> groups_;
};

// A problem that outlives the call: its arrays are copied, so that a caller who changes or transfers a buffer can do no
// harm, except matrices on shared memory, which cannot be transferred and are there to be shared.
class OwnedProblem {
 public:
  OwnedProblem(const Napi::CallbackInfo& info, std::span<const double> frame, const FrameSizes& sizes) {
    readProblem(frame, sizes, problem);
    for (size_t k = 0; k < sizes.quantities; ++k) {
      const std::span<const float> values = viewMatrix(info[kQuantities], k, sizes);
      const Napi::Value matrix = info[kQuantities].As<Napi::Object>().Get(static_cast<uint32_t>(k));
      if (isShared(matrix)) {
        pins_.push_back(Napi::Persistent(matrix.As<Napi::Object>()));
        problem.quantities[k].values = values.data();
      } else {
        problem.quantities[k].values = matrices_.emplace_back(copy(values)).get();
      }
    }
    problem.allowed = rows<uint64_t>(info[kAllowed], "allowed", allowed_);
    problem.groups = rows<uint16_t>(info[kGroups], "groups", groups_);
  }

  // Of private memory; without them the problem is not to be used any more.
  std::vector<std::unique_ptr<float[]>> takeCopies() { return std::move(matrices_); }

  Problem problem;

 private:
  // On all threads: the event loop waits for it.
  static std::unique_ptr<float[]> copy(std::span<const float> values) {
    auto out = std::make_unique_for_overwrite<float[]>(values.size());
    const compute::Chunks chunks(values.size(), size_t{1} << 18);
    compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
      const auto [begin, end] = chunks[chunk];
      std::copy(values.begin() + static_cast<ptrdiff_t>(begin), values.begin() + static_cast<ptrdiff_t>(end),
                out.get() + begin);
    });
    return out;
  }

  template <class T>
  const T* rows(const Napi::Value& value, const char* argument, std::vector<T>& copy) {
    if (isAbsent(value)) return nullptr;
    const auto given = viewAtLeast<T>(value, argument, problem.rows);
    copy.assign(given.begin(), given.end());
    return copy.data();
  }

  std::vector<std::unique_ptr<float[]>> matrices_;
  std::vector<Napi::ObjectReference> pins_;
  std::vector<uint64_t> allowed_;
  std::vector<uint16_t> groups_;
};

Napi::Value assign(const Napi::CallbackInfo& info) {
  const auto frame = view<double>(info[kFrame], "frame");
  const FrameSizes sizes = readSizes(frame, true);
  const BorrowedProblem arguments(info, frame, sizes);
  thread_local std::vector<double> warmStart;
  const assignment::Options options = readOptions(frame, sizes, warmStart);
  const auto choice = viewChoice(info[kChoice], sizes);
  const assignment::Solution solution = assignment::solve(arguments.problem, options, {});
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
        choice_(Napi::Persistent(info[kChoice].As<Napi::Object>())) {
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
  assignment::chooseByPrices(arguments.problem, prices, viewChoice(info[kChoice], sizes).data());
  return info.Env().Undefined();
}

}  // namespace

void registerAssignment(Napi::Env env, Napi::Object exports) {
  exports.Set("assign", guarded<assign>(env, "assign"));
  exports.Set("assignAsync", guarded<assignAsync>(env, "assignAsync"));
  exports.Set("chooseByPrices", guarded<chooseByPrices>(env, "chooseByPrices"));
}

}  // namespace omnirouter::bindings
