// Extremely randomised trees for several targets at once (Geurts, Ernst and Wehenkel, Machine Learning 63, 2006). Each
// tree sees a random half of the rows; what the trees that did not see a row say of it is an out-of-fold prediction
// (Breiman, "Out-of-bag estimation", 1996), from half as many trees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compute/cancel.h"

namespace omnirouter::prediction {

// Row-major. A target of weight 0 is unknown; weights are relative precisions.
struct ForestTargets {
  size_t rows = 0, targets = 0;
  std::span<const float> values;   // [rows x targets]
  std::span<const float> weights;  // [rows x targets]
};

class Forest {
 public:
  struct Options {
    size_t trees = 128;
    size_t leastLeaf = 3;  // rows in a leaf, at least
    uint64_t seed = 0;
  };

  Forest() = default;
  // `features` is [rows x columns], row-major, finite. In parallel, and bit-identical for any number of threads.
  static Forest fit(std::span<const float> features, size_t columns, const ForestTargets& data, const Options& options,
                    const compute::CancelFlag& cancel);

  size_t columns() const { return columns_; }
  size_t targets() const { return targets_; }
  size_t bytes() const { return sizeof(Node) * nodes_.size() + sizeof(float) * leaves_.size(); }

  // One query's prediction from its features, which are `columns()` of them: the mean over the trees.
  void predict(const float* features, float* out) const;
  // The same from the trees that did not see row `row` of those it was fitted on.
  void predictLeftOut(const float* features, size_t row, float* out) const;

  // For the saved form (hybrid_file.cc), which calls valid() on what it has read.
  template <class Archive>
  void archive(Archive& file) {
    file.size(columns_);
    file.size(targets_);
    file.size(trees_);
    file.word(seed_);
    file.array(roots_, trees_);
    file.list(nodes_);
    file.list(leaves_);
    file.array(mean_, targets_);
  }
  bool valid() const;

 private:
  // In one place, because a walk touches all of a node at once. Saved as it is.
  struct Node {
    int32_t feature = -1;  // what is compared; -1 in a leaf
    float threshold = 0;   // below it to the left
    uint32_t next = 0;     // the left child, before the right one; in a leaf, its number
  };
  static_assert(sizeof(Node) == 12);
  class Grower;

  bool sees(size_t tree, size_t row) const;
  // Adds to `out` what the trees with these roots say, in their order.
  void addTrees(std::span<const uint32_t> roots, const float* features, float* out) const;

  size_t columns_ = 0, targets_ = 0, trees_ = 0;
  uint64_t seed_ = 0;
  std::vector<uint32_t> roots_;  // [trees]: the first node of each
  std::vector<Node> nodes_;
  std::vector<float> leaves_;  // [leaves x targets]
  std::vector<float> mean_;    // [targets]: what is said where every tree has seen the row
};

}  // namespace omnirouter::prediction
