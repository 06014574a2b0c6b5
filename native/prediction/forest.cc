#include "prediction/forest.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "compute/pool.h"
#include "compute/random.h"

namespace omnirouter::prediction {

namespace {

// A third of the features are tried at each node, each at one random threshold.
constexpr size_t kTriedShare = 3;
// A leaf counts as if it held one more row, with its parent's mean: leaves are small and many outcomes may be missing.
constexpr float kParentWeight = 1;
// Rows a tree may see: trees of more differ little, and a million rows must not take a minute.
constexpr size_t kRowsPerTree = 24576;

// Walks at a time: each waits for memory at every node, and they wait together.
constexpr size_t kWalks = 8;

}  // namespace

// Grows one tree.
class Forest::Grower {
 public:
  Grower(const std::vector<float>& columns, size_t rows, const ForestTargets& data,
         const std::vector<float>& meanWeight, size_t leastLeaf, uint64_t seed)
      : columns_(columns), rows_(rows), data_(data), meanWeight_(meanWeight), leastLeaf_(leastLeaf), seed_(seed) {}

  std::vector<Node> nodes;
  std::vector<float> leaves;

  void grow(std::vector<uint32_t> rows, const std::vector<float>& mean, const compute::CancelFlag& cancel) {
    in_ = std::move(rows);
    struct Pending {
      uint32_t node;
      size_t begin, end;
      std::vector<float> parentMean;
    };
    std::vector<Pending> stack;
    addNode();
    stack.push_back({0, 0, in_.size(), mean});
    while (!stack.empty()) {
      cancel.throwIfRaised();
      Pending at = std::move(stack.back());
      stack.pop_back();
      std::vector<float> own = meanOf(at.begin, at.end, at.parentMean);
      const Split split = bestSplit(at.begin, at.end);
      if (split.feature < 0) {
        nodes[at.node].next = static_cast<uint32_t>(leaves.size() / data_.targets);
        leaves.insert(leaves.end(), own.begin(), own.end());
        continue;
      }
      const float* column = columns_.data() + static_cast<size_t>(split.feature) * rows_;
      const auto middle = std::stable_partition(in_.begin() + static_cast<std::ptrdiff_t>(at.begin),
                                                in_.begin() + static_cast<std::ptrdiff_t>(at.end),
                                                [&](uint32_t row) { return column[row] < split.threshold; });
      const auto border = static_cast<size_t>(middle - in_.begin());
      const auto left = addNode();
      addNode();
      nodes[at.node] = {split.feature, split.threshold, left};
      stack.push_back({left + 1, border, at.end, own});
      stack.push_back({left, at.begin, border, std::move(own)});
    }
  }

 private:
  struct Split {
    int32_t feature = -1;
    float threshold = 0;
  };

  uint32_t addNode() {
    nodes.emplace_back();
    return static_cast<uint32_t>(nodes.size() - 1);
  }

  double uniform() { return static_cast<double>(compute::hash(seed_, drawn_++) >> 11) * 0x1p-53; }

  // Weighted sums and weights of the targets, one after the other.
  void sums(size_t begin, size_t end, std::vector<float>& out) const {
    const size_t targets = data_.targets;
    out.assign(2 * targets, 0.0f);
    for (size_t at = begin; at < end; ++at) add(in_[at], out.data());
  }
  void add(uint32_t row, float* out) const {
    const size_t targets = data_.targets;
    const float* values = data_.values.data() + row * targets;
    const float* weights = data_.weights.data() + row * targets;
    for (size_t t = 0; t < targets; ++t) {
      out[t] += weights[t] * values[t];
      out[targets + t] += weights[t];
    }
  }

  std::vector<float> meanOf(size_t begin, size_t end, const std::vector<float>& parent) const {
    std::vector<float> total;
    sums(begin, end, total);
    std::vector<float> mean(data_.targets);
    for (size_t t = 0; t < data_.targets; ++t) {
      const float prior = kParentWeight * meanWeight_[t];
      const float weight = total[data_.targets + t] + prior;
      mean[t] = weight > 0 ? (total[t] + prior * parent[t]) / weight : parent[t];
    }
    return mean;
  }

  // The reduction of the summed variance, up to what all splits of a node share.
  float gain(const float* left, const std::vector<float>& total) const {
    const size_t targets = data_.targets;
    float sum = 0;
    for (size_t t = 0; t < targets; ++t) {
      const float l = left[targets + t], r = total[targets + t] - l;
      const float right = total[t] - left[t];
      if (l > 0) sum += left[t] * left[t] / l;
      if (r > 0) sum += right * right / r;
    }
    return sum;
  }

  Split bestSplit(size_t begin, size_t end) {
    Split best;
    if (end - begin < 2 * leastLeaf_) return best;
    std::vector<float> total, left;
    sums(begin, end, total);
    float bestGain = -1;
    const size_t features = columns_.size() / rows_;
    for (size_t tried = (features + kTriedShare - 1) / kTriedShare; tried > 0; --tried) {
      const auto candidate = static_cast<size_t>(uniform() * static_cast<double>(features));
      const float* column = columns_.data() + candidate * rows_;
      float low = column[in_[begin]], high = low;
      for (size_t at = begin; at < end; ++at) {
        low = std::min(low, column[in_[at]]);
        high = std::max(high, column[in_[at]]);
      }
      const double fraction = uniform();
      if (!(high > low)) continue;
      const float border = low + static_cast<float>(fraction) * (high - low);
      left.assign(total.size(), 0.0f);
      size_t count = 0;
      for (size_t at = begin; at < end; ++at) {
        if (!(column[in_[at]] < border)) continue;
        add(in_[at], left.data());
        ++count;
      }
      if (count < leastLeaf_ || end - begin - count < leastLeaf_) continue;
      const float found = gain(left.data(), total);
      if (found > bestGain) {
        bestGain = found;
        best = {static_cast<int32_t>(candidate), border};
      }
    }
    return best;
  }

  const std::vector<float>& columns_;  // [features x rows]
  size_t rows_;
  const ForestTargets& data_;
  const std::vector<float>& meanWeight_;
  size_t leastLeaf_;
  uint64_t seed_, drawn_ = 0;
  std::vector<uint32_t> in_;
};

bool Forest::sees(size_t tree, size_t row) const { return (compute::hash(seed_ + tree, row) >> 63) != 0; }

Forest Forest::fit(std::span<const float> features, size_t columns, const ForestTargets& data, const Options& options,
                   const compute::CancelFlag& cancel) {
  Forest forest;
  forest.columns_ = columns;
  forest.targets_ = data.targets;
  forest.trees_ = options.trees;
  forest.seed_ = compute::hash(options.seed, 0);
  std::vector<float> byColumn(features.size());
  for (size_t row = 0; row < data.rows; ++row)
    for (size_t column = 0; column < columns; ++column)
      byColumn[column * data.rows + row] = features[row * columns + column];
  std::vector<float> meanWeight(data.targets);
  for (size_t t = 0; t < data.targets; ++t) {
    double sum = 0, weight = 0;
    for (size_t row = 0; row < data.rows; ++row) {
      const double w = data.weights[row * data.targets + t];
      weight += w;
      sum += w * data.values[row * data.targets + t];
    }
    forest.mean_.push_back(weight > 0 ? static_cast<float>(sum / weight) : 0);
    meanWeight[t] = static_cast<float>(weight / static_cast<double>(std::max<size_t>(data.rows, 1)));
  }
  // Larger histories are thinned evenly by a second hash, so that a tree's half has at most kRowsPerTree rows.
  const double kept = std::min(1.0, 2.0 * kRowsPerTree / static_cast<double>(std::max<size_t>(data.rows, 1)));
  std::vector<Grower> growers;
  for (size_t tree = 0; tree < forest.trees_; ++tree)
    growers.emplace_back(byColumn, data.rows, data, meanWeight, options.leastLeaf, compute::hash(forest.seed_, tree));
  compute::Pool::shared().forEachChunk(forest.trees_, [&](size_t tree) {
    std::vector<uint32_t> rows;
    for (size_t row = 0; row < data.rows; ++row) {
      if (!forest.sees(tree, row)) continue;
      if (kept < 1 && static_cast<double>(compute::hash(~forest.seed_ - tree, row) >> 11) * 0x1p-53 >= kept) continue;
      rows.push_back(static_cast<uint32_t>(row));
    }
    growers[tree].grow(std::move(rows), forest.mean_, cancel);
  });
  for (const Grower& grown : growers) {
    const auto first = static_cast<uint32_t>(forest.nodes_.size());
    const auto leaf = static_cast<uint32_t>(forest.leaves_.size() / std::max<size_t>(data.targets, 1));
    forest.roots_.push_back(first);
    for (const Node& node : grown.nodes)
      forest.nodes_.push_back({node.feature, node.threshold, node.next + (node.feature < 0 ? leaf : first)});
    forest.leaves_.insert(forest.leaves_.end(), grown.leaves.begin(), grown.leaves.end());
  }
  return forest;
}

void Forest::addTrees(std::span<const uint32_t> roots, const float* features, float* out) const {
  for (size_t begin = 0; begin < roots.size(); begin += kWalks) {
    const size_t count = std::min(kWalks, roots.size() - begin);
    uint32_t at[kWalks];
    std::copy_n(roots.begin() + static_cast<std::ptrdiff_t>(begin), count, at);
    // Without a branch that depends on a node: a walk that has ended stays where it is.
    for (bool going = true; going;) {
      going = false;
      for (size_t walk = 0; walk < count; ++walk) {
        const Node& node = nodes_[at[walk]];
        const bool inner = node.feature >= 0;
        const float value = features[inner ? node.feature : 0];
        at[walk] = inner ? node.next + (value < node.threshold ? 0 : 1) : at[walk];
        going |= inner;
      }
    }
    for (size_t walk = 0; walk < count; ++walk) {
      const float* values = leaves_.data() + size_t{nodes_[at[walk]].next} * targets_;
      for (size_t t = 0; t < targets_; ++t) out[t] += values[t];
    }
  }
}

void Forest::predict(const float* features, float* out) const {
  std::fill(out, out + targets_, 0.0f);
  addTrees(roots_, features, out);
  for (size_t t = 0; t < targets_; ++t) out[t] /= static_cast<float>(trees_);
}

void Forest::predictLeftOut(const float* features, size_t row, float* out) const {
  std::vector<uint32_t> roots;
  for (size_t tree = 0; tree < trees_; ++tree)
    if (!sees(tree, row)) roots.push_back(roots_[tree]);
  std::fill(out, out + targets_, 0.0f);
  addTrees(roots, features, out);
  for (size_t t = 0; t < targets_; ++t) out[t] = roots.empty() ? mean_[t] : out[t] / static_cast<float>(roots.size());
}

bool Forest::valid() const {
  if (targets_ == 0 || trees_ == 0 || columns_ == 0 || leaves_.size() % targets_ != 0) return false;
  const size_t nodes = nodes_.size(), leaves = leaves_.size() / targets_;
  for (const uint32_t root : roots_)
    if (root >= nodes) return false;
  for (size_t at = 0; at < nodes; ++at) {
    const Node& node = nodes_[at];
    if (!std::isfinite(node.threshold)) return false;
    if (node.feature < 0) {
      if (node.next >= leaves) return false;
    } else {
      // Children come after their parent, so that every walk ends.
      if (static_cast<size_t>(node.feature) >= columns_ || node.next <= at || node.next + size_t{1} >= nodes)
        return false;
    }
  }
  for (const auto* values : {&leaves_, &mean_})
    for (const float value : *values)
      if (!std::isfinite(value)) return false;
  return true;
}

}  // namespace omnirouter::prediction
