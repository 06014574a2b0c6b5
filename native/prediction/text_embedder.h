// The built-in features of a text: latent semantic analysis of its n-grams, fitted on the history.
//
// tf-idf of hashed n-grams (ngrams.h), with tf = 1 + ln(count), idf = ln((1 + n) / (1 + df)) + 1, each family of
// n-grams scaled to unit length; projected on the leading right singular vectors of the history's tf-idf matrix
// (Deerwester et al., "Indexing by latent semantic analysis", 1990); scaled to unit length, so that inner products are
// cosines. No model to download, no dependence on locale, machine or number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "compute/cancel.h"
#include "prediction/ngrams.h"
#include "prediction/texts.h"

namespace omnirouter::prediction {

inline constexpr size_t kMaxDimension = 1024;

class TextEmbedder {
 public:
  struct FitOptions {
    size_t dimension = 256;  // at most; never more than the rank of the texts' tf-idf matrix
    uint64_t seed = 0;
  };

  // Throws compute::Cancelled.
  static TextEmbedder fit(const Texts& texts, const FitOptions& options, const compute::CancelFlag& cancel);

  // Throws Error with ERR_OMNI_CORRUPT or ERR_OMNI_VERSION; any bytes are safe to try.
  static TextEmbedder fromBytes(std::span<const uint8_t> bytes);
  std::vector<uint8_t> toBytes() const;

  // At least 1, also when no text had a feature: every embedding is then zero.
  size_t dimension() const { return dimension_; }
  // A hash of everything that decides an embedding.
  uint64_t fingerprint() const { return fingerprint_; }

  // What it holds, roughly: the projection.
  size_t bytes() const { return projection_.size() * sizeof(float); }

  // Row i of `out` [texts.size() x dimension] = the embedding of texts[i]; zeros if it shares no n-gram with the
  // history. In parallel. Throws compute::Cancelled.
  void embed(const Texts& texts, float* out, const compute::CancelFlag& cancel) const;

 private:
  struct Scratch;

  TextEmbedder() = default;
  void selectFeatures(const std::vector<uint32_t>& documentFrequency, size_t documents);
  void buildLookup();
  void seal();  // once all else is in place: computes the fingerprint
  void features(std::string_view text, Scratch& scratch) const;

  size_t dimension_ = 1;
  std::vector<uint32_t> buckets_;  // [features], ascending: the n-grams that count
  std::vector<float> idf_;         // [features]
  std::vector<float> projection_;  // [features x dimension], row-major
  std::vector<uint32_t> lookup_;   // open addressing over buckets_: feature plus one, 0 is free
  uint64_t fingerprint_ = 0;
};

}  // namespace omnirouter::prediction
