#include "prediction/text_embedder.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "compute/pool.h"
#include "errors.h"
#include "prediction/hash.h"
#include "prediction/row_sum.h"
#include "prediction/sparse_matrix.h"
#include "prediction/truncated_svd.h"

namespace omnirouter::prediction {

namespace {

using compute::CancelFlag;
using compute::Pool;

// Of more n-grams the most frequent are kept. Twice as many changed nothing in the neighbours' estimates from 5,779
// questions of MMLU-Pro (AUC .662, Brier .216), and double the memory.
constexpr size_t kMaxFeatures = 32768;
// An n-gram seen in one text only says nothing about any other, unless there are hardly any texts.
constexpr size_t kFewDocuments = 32;
// The singular vectors settle long before every text of a large history has been seen: beyond this much text they are
// fitted on a sample. It bounds the tf-idf matrix, two copies of about eight bytes per byte of text.
constexpr size_t kMaxFitBytes = 16u << 20;

constexpr size_t kTextsPerChunk = 16;

uint32_t leastFrequency(size_t documents) { return documents < kFewDocuments ? 1 : 2; }

template <class Body>
void forEachText(size_t count, const CancelFlag& cancel, Body&& body) {
  Pool::shared().forEachChunk((count + kTextsPerChunk - 1) / kTextsPerChunk, [&](size_t chunk) {
    cancel.throwIfRaised();
    body(chunk, chunk * kTextsPerChunk, std::min(count, (chunk + 1) * kTextsPerChunk));
  });
}

// In how many texts each bucket occurs.
std::vector<uint32_t> documentFrequencies(const Texts& texts, const CancelFlag& cancel) {
  std::vector<uint32_t> frequency(kBuckets, 0);
  forEachText(texts.size(), cancel, [&](size_t, size_t begin, size_t end) {
    std::vector<uint32_t> occurrences;
    TermCounter counter;
    for (size_t i = begin; i < end; ++i) {
      occurrences.clear();
      appendNgrams(texts[i], occurrences);
      // Whole numbers add up to the same in any order.
      for (const Term& term : counter.count(occurrences))
        std::atomic_ref(frequency[term.id]).fetch_add(1, std::memory_order_relaxed);
    }
  });
  return frequency;
}

// Which texts the singular vectors are fitted on, ascending: all, or a random sample of kMaxFitBytes.
std::vector<size_t> sampleTexts(const Texts& texts, uint64_t seed) {
  std::vector<size_t> order(texts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  size_t total = 0;
  for (const size_t i : order) total += texts[i].size();
  if (total <= kMaxFitBytes) return order;
  std::sort(order.begin(), order.end(), [seed](size_t a, size_t b) {
    const uint64_t x = mix64(seed ^ mix64(a)), y = mix64(seed ^ mix64(b));
    return x != y ? x < y : a < b;
  });
  size_t kept = 0;
  for (size_t bytes = 0; kept < order.size() && bytes + texts[order[kept]].size() <= kMaxFitBytes; ++kept)
    bytes += texts[order[kept]].size();
  order.resize(kept);
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace

struct TextEmbedder::Scratch {
  std::vector<uint32_t> occurrences;
  TermCounter counter;
  std::vector<uint32_t> feature;
  std::vector<float> weight;
};

float TextEmbedder::idf(uint32_t documentFrequency, size_t documents) {
  return static_cast<float>(std::log((1.0 + static_cast<double>(documents)) / (1.0 + documentFrequency)) + 1.0);
}

// The tf-idf vector of a text, into scratch.feature and scratch.weight.
void TextEmbedder::features(std::string_view text, bool heldOut, Scratch& scratch) const {
  scratch.occurrences.clear();
  appendNgrams(text, scratch.occurrences);
  const size_t mask = lookup_.size() - 1;
  size_t known = 0;
  for (const uint32_t bucket : scratch.occurrences) {
    size_t slot = mix64(bucket) & mask;
    while (lookup_[slot] != 0 && buckets_[lookup_[slot] - 1] != bucket) slot = (slot + 1) & mask;
    if (lookup_[slot] != 0) scratch.occurrences[known++] = lookup_[slot] - 1;
  }
  scratch.occurrences.resize(known);

  scratch.feature.clear();
  scratch.weight.clear();
  double squares[kFamilies] = {};
  const uint32_t least = leastFrequency(documents_);
  for (const Term& term : scratch.counter.count(scratch.occurrences)) {
    float inverseFrequency = idf_[term.id];
    if (heldOut) {
      if (frequency_[term.id] <= least) continue;
      inverseFrequency = idf(frequency_[term.id] - 1, documents_ - 1);
    }
    const float weight = (1.0f + std::log(static_cast<float>(term.count))) * inverseFrequency;
    scratch.feature.push_back(term.id);
    scratch.weight.push_back(weight);
    squares[familyOf(buckets_[term.id])] += static_cast<double>(weight) * weight;
  }
  const auto inverseNorm = [&](size_t family) {
    return squares[family] > 0 ? static_cast<float>(1 / std::sqrt(squares[family])) : 0.0f;
  };
  const float words = inverseNorm(0), characters = inverseNorm(1);
  // A select, not a lookup scale[familyOf(...)]: with the lookup, builds by GCC 12 at -O3 (not at -O2) read
  // uninitialised memory here, as Valgrind said and fingerprints that changed from run to run showed. The cause was not
  // found.
  for (size_t t = 0; t < scratch.feature.size(); ++t)
    scratch.weight[t] *= familyOf(buckets_[scratch.feature[t]]) == 0 ? words : characters;
}

void TextEmbedder::selectFeatures(const std::vector<uint32_t>& documentFrequency, size_t documents) {
  const uint32_t least = leastFrequency(documents);
  documents_ = documents;
  for (uint32_t bucket = 0; bucket < kBuckets; ++bucket)
    if (documentFrequency[bucket] >= least) buckets_.push_back(bucket);
  if (buckets_.size() > kMaxFeatures) {
    std::nth_element(buckets_.begin(), buckets_.begin() + kMaxFeatures, buckets_.end(), [&](uint32_t a, uint32_t b) {
      return documentFrequency[a] != documentFrequency[b] ? documentFrequency[a] > documentFrequency[b] : a < b;
    });
    buckets_.resize(kMaxFeatures);
    std::sort(buckets_.begin(), buckets_.end());
  }
  for (const uint32_t bucket : buckets_) {
    idf_.push_back(idf(documentFrequency[bucket], documents));
    frequency_.push_back(documentFrequency[bucket]);
  }
}

void TextEmbedder::buildLookup() {
  lookup_.assign(std::bit_ceil(std::max<size_t>(2 * buckets_.size(), 2)), 0);
  const size_t mask = lookup_.size() - 1;
  for (size_t feature = 0; feature < buckets_.size(); ++feature) {
    size_t slot = mix64(buckets_[feature]) & mask;
    while (lookup_[slot] != 0) slot = (slot + 1) & mask;
    lookup_[slot] = static_cast<uint32_t>(feature) + 1;
  }
}

void TextEmbedder::seal() {
  const uint64_t parts[] = {
      dimension_,
      hashBytes(buckets_.data(), buckets_.size() * sizeof(uint32_t)),
      hashBytes(idf_.data(), idf_.size() * sizeof(float)),
      hashBytes(projection_.data(), projection_.size() * sizeof(float)),
  };
  fingerprint_ = hashBytes(parts, sizeof parts);
}

TextEmbedder TextEmbedder::fit(const Texts& texts, const FitOptions& options, const CancelFlag& cancel) {
  TextEmbedder embedder;
  embedder.selectFeatures(documentFrequencies(texts, cancel), texts.size());
  embedder.buildLookup();

  const std::vector<size_t> sample = sampleTexts(texts, options.seed);
  std::vector<SparseMatrix> parts((sample.size() + kTextsPerChunk - 1) / kTextsPerChunk);
  forEachText(sample.size(), cancel, [&](size_t chunk, size_t begin, size_t end) {
    Scratch scratch;
    SparseMatrix& part = parts[chunk];
    for (size_t i = begin; i < end; ++i) {
      embedder.features(texts[sample[i]], false, scratch);
      part.column.insert(part.column.end(), scratch.feature.begin(), scratch.feature.end());
      part.value.insert(part.value.end(), scratch.weight.begin(), scratch.weight.end());
      part.begin.push_back(part.column.size());
    }
  });
  SparseMatrix matrix;
  matrix.columns = embedder.buckets_.size();
  for (SparseMatrix& part : parts) {
    for (size_t row = 1; row < part.begin.size(); ++row) matrix.begin.push_back(matrix.column.size() + part.begin[row]);
    matrix.column.insert(matrix.column.end(), part.column.begin(), part.column.end());
    matrix.value.insert(matrix.value.end(), part.value.begin(), part.value.end());
    part = SparseMatrix();
  }

  TruncatedSvd svd = truncatedSvd(matrix, options.dimension, options.seed, cancel);
  embedder.dimension_ = std::max<size_t>(svd.rank, 1);
  embedder.projection_ = std::move(svd.vectors);
  embedder.singularValues_ = std::move(svd.singularValues);
  embedder.singularValues_.resize(embedder.dimension_, 0.0);
  embedder.projection_.resize(embedder.buckets_.size() * embedder.dimension_, 0.0f);
  embedder.seal();
  return embedder;
}

namespace {

// To unit length. Nearly nothing is rounding: the projection kept nothing of what the text shares with the history.
void normalise(float* row, size_t dimension) {
  double squares = 0;
  for (size_t c = 0; c < dimension; ++c) squares += static_cast<double>(row[c]) * row[c];
  const double norm = std::sqrt(squares);
  for (size_t c = 0; c < dimension; ++c) row[c] = norm > 1e-6 ? static_cast<float>(row[c] / norm) : 0.0f;
}

}  // namespace

void TextEmbedder::project(std::string_view text, bool heldOut, Scratch& scratch, float* row) const {
  std::fill_n(row, dimension_, 0.0f);
  features(text, heldOut, scratch);
  addWeightedRows(projection_.data(), dimension_, scratch.feature.data(), scratch.weight.data(),
                  scratch.feature.size(), row);
}

void TextEmbedder::embed(const Texts& texts, float* out, const CancelFlag& cancel) const {
  forEachText(texts.size(), cancel, [&](size_t, size_t begin, size_t end) {
    Scratch scratch;
    for (size_t i = begin; i < end; ++i) {
      float* const row = out + i * dimension_;
      project(texts[i], false, scratch, row);
      normalise(row, dimension_);
    }
  });
}

void TextEmbedder::embedHeldOut(const Texts& texts, float* out, const CancelFlag& cancel) const {
  if (singularValues_.empty())
    throw InvalidArgument("embedder", "must have been fitted in this process: its saved form cannot hold texts out");
  forEachText(texts.size(), cancel, [&](size_t, size_t begin, size_t end) {
    Scratch scratch;
    for (size_t i = begin; i < end; ++i) {
      float* const row = out + i * dimension_;
      project(texts[i], true, scratch, row);
      double whole = 0, kept = 0;
      for (const float weight : scratch.weight) whole += static_cast<double>(weight) * weight;
      for (size_t c = 0; c < dimension_; ++c) kept += static_cast<double>(row[c]) * row[c];
      const double left = std::max(0.0, whole - kept);
      for (size_t c = 0; c < dimension_; ++c) {
        const double own = static_cast<double>(row[c]) * row[c];
        const double others = singularValues_[c] * singularValues_[c] - own;
        row[c] = others > 0 ? static_cast<float>(row[c] / (1 + left / others)) : 0.0f;
      }
      normalise(row, dimension_);
    }
  });
}

}  // namespace omnirouter::prediction
