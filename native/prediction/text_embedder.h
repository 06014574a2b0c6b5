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

  // The same of texts that it was fitted on, as if it had been fitted without the text in question: what a predictor is
  // fitted on has to look like the queries that it will be asked about. Only for an embedder that was just fitted, not for
  // one that was read from bytes: throws InvalidArgument.
  //
  // A text's own n-grams count once less. Its component along the singular vector r, of singular value s, is too large by a
  // factor of 1 + e^2 / (s^2 - z_r^2), z being its projection and e what the projection leaves of it: first-order
  // perturbation by one row (Stewart and Sun, Matrix Perturbation Theory, 1990, chapter V).
  void embedHeldOut(const Texts& texts, float* out, const compute::CancelFlag& cancel) const;

 private:
  struct Scratch;

  TextEmbedder() = default;
  void selectFeatures(const std::vector<uint32_t>& documentFrequency, size_t documents);
  void buildLookup();
  void seal();  // once all else is in place: computes the fingerprint
  // `heldOut`: with each of the text's n-grams counted in one document less.
  void features(std::string_view text, bool heldOut, Scratch& scratch) const;
  static float idf(uint32_t documentFrequency, size_t documents);
  // The text's features times the singular vectors, [dimension].
  void project(std::string_view text, bool heldOut, Scratch& scratch, float* row) const;

  size_t dimension_ = 1;
  std::vector<uint32_t> buckets_;  // [features], ascending: the n-grams that count
  std::vector<float> idf_;         // [features]
  std::vector<float> projection_;  // [features x dimension], row-major
  std::vector<uint32_t> lookup_;   // open addressing over buckets_: feature plus one, 0 is free
  uint64_t fingerprint_ = 0;
  // What embedHeldOut() needs besides, and bytes do not keep.
  size_t documents_ = 0;
  std::vector<uint32_t> frequency_;      // [features]: documents that have the n-gram
  std::vector<double> singularValues_;  // [dimension]
};

}  // namespace omnirouter::prediction
