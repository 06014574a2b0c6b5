// assign(problem, options), assignAsync(problem, options), chooseByPrices(problem, prices, out):
// lib/assignment/binding.ts.
#include <cstring>
#include <memory>
#include <vector>

#include "assignment/choose.h"
#include "assignment/solver.h"
#include "bindings/addon.h"
#include "bindings/arguments.h"
#include "bindings/js_errors.h"
#include "bindings/task.h"

namespace omnirouter::bindings {

namespace {

using assignment::Problem;

enum class Memory { borrow, own };

// A Problem with whatever memory it has to own. Sync calls borrow the caller's arrays. Async calls copy them, so that a
// caller who changes or transfers a buffer can do no harm, except matrices on shared memory, which cannot be
// transferred and are there to be shared. Masks and groups index memory: they are copied from shared memory always.
class ProblemArguments {
 public:
  ProblemArguments(const Napi::Object& object, Memory memory) {
    problem.rows = static_cast<size_t>(integer(object.Get("rows"), "rows", 0, 4000000000));
    problem.models = static_cast<size_t>(integer(object.Get("models"), "models", 1, 64));
    readQuantities(object, memory);
    problem.objective = readNumbers(object.Get("objective"), "objective");
    problem.tieBreak = static_cast<int>(integer(object.Get("tieBreak"), "tieBreak", -1, 7));
    problem.groupCount =
        static_cast<size_t>(integer(object.Get("groupCount"), "groupCount", 1, assignment::kMaxGroups));
    readLimits(object);
    readRows(object.Get("allowed"), "allowed", memory, allowed_, problem.allowed);
    readRows(object.Get("groups"), "groups", memory, groups_, problem.groups);
  }

  Problem problem;

 private:
  static std::vector<double> readNumbers(const Napi::Value& value, const char* argument) {
    const auto numbers = view<double>(value, argument);
    return {numbers.begin(), numbers.end()};
  }

  void readQuantities(const Napi::Object& object, Memory memory) {
    const Napi::Value list = object.Get("quantities");
    if (!list.IsArray()) throw InvalidArgument("quantities", "quantities must be an array of Float32Array");
    const auto array = list.As<Napi::Array>();
    const std::vector<double> most = readNumbers(object.Get("most"), "most");
    if (array.Length() > assignment::kMaxQuantities || most.size() != array.Length())
      throw InvalidArgument("quantities", "quantities must be at most 8 matrices, each with its greatest value");
    for (uint32_t k = 0; k < array.Length(); ++k) {
      const std::string argument = "quantities[" + std::to_string(k) + "]";
      const Napi::Value value = array[k];
      const std::span<float> values = view<float>(value, argument.c_str(), problem.rows * problem.models);
      const float* data = values.data();
      if (memory == Memory::own) {
        const Napi::Value buffer = value.As<Napi::Object>().Get("buffer");
        if (buffer.IsArrayBuffer()) {
          copies_.emplace_back(values.begin(), values.end());
          data = copies_.back().data();
        } else {
          pins_.push_back(Napi::Persistent(value.As<Napi::Object>()));
        }
      }
      problem.quantities.push_back({data, most[k]});
    }
  }

  void readLimits(const Napi::Object& object) {
    const auto quantity = view<int32_t>(object.Get("limitQuantity"), "limitQuantity");
    const size_t count = quantity.size();
    const auto atLeast = view<uint8_t>(object.Get("limitAtLeast"), "limitAtLeast", count);
    const auto bound = view<double>(object.Get("limitBound"), "limitBound", count);
    const auto group = view<int32_t>(object.Get("limitGroup"), "limitGroup", count);
    const auto model = view<int32_t>(object.Get("limitModel"), "limitModel", count);
    for (size_t l = 0; l < count; ++l)
      problem.limits.push_back({quantity[l], atLeast[l] != 0, bound[l], group[l], model[l]});
  }

  template <class T>
  void readRows(const Napi::Value& value, const char* argument, Memory memory, std::vector<T>& copy, const T*& out) {
    if (isAbsent(value)) return;
    const auto rows = view<T>(value, argument, problem.rows);
    if (memory == Memory::own || !value.As<Napi::Object>().Get("buffer").IsArrayBuffer()) {
      copy.assign(rows.begin(), rows.end());
      out = copy.data();
    } else {
      out = rows.data();
    }
  }

  std::vector<std::vector<float>> copies_;
  std::vector<Napi::ObjectReference> pins_;
  std::vector<uint64_t> allowed_;
  std::vector<uint16_t> groups_;
};

struct OptionArguments {
  explicit OptionArguments(const Napi::Object& object) {
    options.gapTolerance = number(object.Get("gapTolerance"), "gapTolerance");
    options.nodeLimit = static_cast<size_t>(integer(object.Get("nodeLimit"), "nodeLimit", 0, 1000000000));
    options.seed = static_cast<uint64_t>(integer(object.Get("seed"), "seed", 0, 4294967295));
    options.diagnose = boolean(object.Get("diagnose"), "diagnose");
    if (const Napi::Value warm = object.Get("warmStart"); !isAbsent(warm)) {
      const auto prices = view<double>(warm, "warmStart");
      warmStart.assign(prices.begin(), prices.end());
      options.warmStart = warmStart;
    }
  }
  OptionArguments(const OptionArguments&) = delete;

  assignment::Options options;

 private:
  std::vector<double> warmStart;
};

Napi::Float64Array doubles(Napi::Env env, const std::vector<double>& values) {
  return copyOut<Napi::Float64Array, double>(env, values);
}

Napi::Value toJs(Napi::Env env, const assignment::Solution& s) {
  static constexpr const char* kStatus[] = {"optimal", "withinTolerance", "feasible", "infeasible", "unknown"};
  Napi::Object out = Napi::Object::New(env);
  out.Set("status", kStatus[static_cast<size_t>(s.status)]);
  out.Set("choice", copyOut<Napi::Uint8Array, uint8_t>(env, s.choice));
  out.Set("prices", doubles(env, s.prices));
  out.Set("objective", s.certificate.objective);
  out.Set("bound", s.bound);
  out.Set("gap", s.gap);
  out.Set("evaluations", s.evaluations);
  out.Set("total", doubles(env, s.certificate.total));
  out.Set("slack", doubles(env, s.certificate.slack));
  out.Set("quantity", doubles(env, s.certificate.quantity));
  out.Set("requests", doubles(env, {s.certificate.requests.begin(), s.certificate.requests.end()}));
  out.Set("conflict", copyOut<Napi::Int32Array, int32_t>(env, s.conflict));
  Napi::Array reachable = Napi::Array::New(env, s.reachable.size());
  for (size_t r = 0; r < s.reachable.size(); ++r) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("limit", s.reachable[r].limit);
    entry.Set("found", s.reachable[r].found);
    entry.Set("value", s.reachable[r].value);
    entry.Set("bound", s.reachable[r].bound);
    reachable.Set(static_cast<uint32_t>(r), entry);
  }
  out.Set("reachable", reachable);
  return out;
}

Napi::Value assign(const Napi::CallbackInfo& info) {
  const ProblemArguments arguments(object(info[0], "problem"), Memory::borrow);
  const OptionArguments options(object(info[1], "options"));
  return toJs(info.Env(), assignment::solve(arguments.problem, options.options, {}));
}

class AssignTask final : public Task {
 public:
  explicit AssignTask(const Napi::CallbackInfo& info)
      : arguments_(object(info[0], "problem"), Memory::own), options_(object(info[1], "options")) {}
  void compute(const compute::CancelFlag& cancel) override {
    solution_ = assignment::solve(arguments_.problem, options_.options, cancel);
  }
  Napi::Value result(Napi::Env env) override { return toJs(env, solution_); }

 private:
  ProblemArguments arguments_;
  OptionArguments options_;
  assignment::Solution solution_;
};

Napi::Value assignAsync(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_shared<AssignTask>(info));
}

// (problem, prices per limit, out: Uint8Array of rows)
Napi::Value chooseByPrices(const Napi::CallbackInfo& info) {
  const ProblemArguments arguments(object(info[0], "problem"), Memory::borrow);
  const Problem& problem = arguments.problem;
  const auto prices = view<double>(info[1], "prices", problem.limits.size());
  const auto out = view<uint8_t>(info[2], "out", problem.rows);
  assignment::chooseByPrices(problem, prices, out.data());
  return info.Env().Undefined();
}

}  // namespace

void registerAssignment(Napi::Env env, Napi::Object exports) {
  exports.Set("assign", guarded<assign>(env, "assign"));
  exports.Set("assignAsync", guarded<assignAsync>(env, "assignAsync"));
  exports.Set("chooseByPrices", guarded<chooseByPrices>(env, "chooseByPrices"));
}

}  // namespace omnirouter::bindings
