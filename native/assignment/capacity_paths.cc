#include "assignment/capacity_paths.h"

#include <algorithm>
#include <limits>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace omnirouter::assignment {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// What looking at an edge takes, in readings of a value (compute/work.h).
constexpr uint64_t kPerEdge = 6;
// Paths that are still followed where no work is left.
constexpr int kLatePaths = 64;

// The cheapest open row on every edge of the model graph, the first of those as cheap.
class ModelGraph {
 public:
  ModelGraph(size_t models, OpenPlan& plan)
      : models_(models), plan_(plan), rows_(models), cost_(models * models), move_(models * models) {
    for (size_t row = 0; row < plan.rows().size(); ++row) rows_[plan.chosen(row).model].push_back(row);
    for (size_t model = 0; model < models; ++model) lookOut(model);
  }

  // Makes the moves of a path: only edges out of the models on it are others then.
  void apply(const std::vector<OpenPlan::Move>& moves) {
    std::vector<size_t> touched;
    for (const OpenPlan::Move& move : moves) {
      const size_t from = plan_.chosen(move.row).model, to = plan_.candidates()[move.to].model;
      std::erase(rows_[from], move.row);
      rows_[to].push_back(move.row);
      touched.push_back(from);
      touched.push_back(to);
    }
    plan_.apply(moves);
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    for (const size_t model : touched) lookOut(model);
  }

  // The cheapest path from `source` to a node with room, by Bellman and Ford (a rounded row may sit off its best model,
  // so costs can be negative); `exit[k]` is added at the end. Empty if there is none.
  std::vector<OpenPlan::Move> path(size_t source, const std::vector<double>& exit) const {
    std::vector<double> distance(models_, kInfinity);
    std::vector<size_t> parent(models_, models_);
    distance[source] = 0;
    for (size_t round = 1; round < models_; ++round) {
      looked_ += models_ * models_;
      bool changed = false;
      for (size_t j = 0; j < models_; ++j) {
        if (distance[j] == kInfinity) continue;
        for (size_t k = 0; k < models_; ++k) {
          const double through = distance[j] + cost_[j * models_ + k];
          if (k == source || through >= distance[k] || onPath(parent, j, k)) continue;
          distance[k] = through;
          parent[k] = j;
          changed = true;
        }
      }
      if (!changed) break;
    }
    size_t target = models_;
    for (size_t k = 0; k < models_; ++k)
      if (k != source && distance[k] + exit[k] < kInfinity &&
          (target == models_ || distance[k] + exit[k] < distance[target] + exit[target]))
        target = k;
    std::vector<OpenPlan::Move> moves;
    if (target == models_) return moves;
    for (size_t k = target; k != source; k = parent[k]) moves.push_back(move_[parent[k] * models_ + k]);
    return moves;
  }

  // At how many edges, since this was asked before.
  uint64_t looked() { return std::exchange(looked_, 0); }

 private:
  // The edges out of a model.
  void lookOut(size_t model) {
    double* cost = cost_.data() + model * models_;
    OpenPlan::Move* move = move_.data() + model * models_;
    std::fill_n(cost, models_, kInfinity);
    looked_ += rows_[model].size() * models_;
    for (const size_t row : rows_[model]) {
      const OpenPlan::Row& r = plan_.rows()[row];
      const double regret = plan_.chosen(row).regret;
      for (size_t c = r.firstCandidate; c < r.lastCandidate; ++c) {
        const OpenPlan::Candidate& to = plan_.candidates()[c];
        const double more = to.regret - regret;
        if (c == r.chosen || more > cost[to.model] || (more == cost[to.model] && row > move[to.model].row)) continue;
        cost[to.model] = more;
        move[to.model] = {row, c};
      }
    }
  }

  // Whether k lies on the path to j: going there would close a cycle.
  bool onPath(const std::vector<size_t>& parent, size_t j, size_t k) const {
    for (size_t node = j; node != models_; node = parent[node])
      if (node == k) return true;
    return false;
  }
  size_t models_;
  OpenPlan& plan_;
  std::vector<std::vector<size_t>> rows_;  // per model, in no order
  std::vector<double> cost_;
  std::vector<OpenPlan::Move> move_;
  mutable uint64_t looked_ = 0;
};

}  // namespace

void mendCapacities(const Problem& problem, OpenPlan& plan, const compute::CancelFlag& cancel) {
  // Per model, its limits on the number of requests over all rows.
  std::vector<std::vector<size_t>> capacity(problem.models);
  for (size_t l = 0; l < problem.limits.size(); ++l) {
    const Limit& limit = problem.limits[l];
    if (limit.quantity == kRequests && !limit.atLeast && limit.group == kAll && limit.model != kAll)
      capacity[static_cast<size_t>(limit.model)].push_back(l);
  }
  std::optional<ModelGraph> graph;
  std::vector<double> exit(problem.models);
  int late = 0;
  for (size_t source = 0; source < problem.models; ++source) {
    const auto overfull = [&] {
      for (const size_t l : capacity[source])
        if (plan.violated(l)) return true;
      return false;
    };
    while (overfull()) {
      cancel.throwIfRaised();
      if (graph && cancel.mustEnd() && ++late > kLatePaths) return;
      if (!graph) graph.emplace(problem.models, plan);
      for (size_t k = 0; k < problem.models; ++k) {
        exit[k] = 0;
        for (const size_t l : capacity[k]) {
          // Taking a slot uses up priced slack.
          exit[k] -= plan.prices()[static_cast<Eigen::Index>(l)];
          if (plan.slack()[l] < 1) exit[k] = kInfinity;
        }
      }
      const std::vector<OpenPlan::Move> moves = graph->path(source, exit);
      if (!moves.empty()) graph->apply(moves);
      cancel.count(compute::WorkKind::entries, kPerEdge * graph->looked());
      if (moves.empty()) break;
    }
  }
}

}  // namespace omnirouter::assignment
