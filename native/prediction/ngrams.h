// A text as a bag of hashed n-grams: words and pairs of words, and windows of 3 and 4 characters between blanks.
//
// N-grams are named by a hash (Weinberger et al., "Feature hashing for large scale multitask learning", ICML
// 2009) instead of a dictionary of strings, so that memory does not grow with the history.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace omnirouter::prediction {

// The two families have their own halves of the buckets: words below, characters above.
inline constexpr uint32_t kFamilyBuckets = 1u << 21;
inline constexpr uint32_t kBuckets = 2 * kFamilyBuckets;
inline constexpr size_t kFamilies = 2;
inline constexpr size_t familyOf(uint32_t bucket) { return bucket >= kFamilyBuckets; }

// Appends the bucket of every occurrence of every n-gram of the text, lower-cased. Any bytes are a text.
void appendNgrams(std::string_view text, std::vector<uint32_t>& buckets);

struct Term {
  uint32_t id;     // a bucket or a feature
  uint32_t count;  // times it occurs in the text, at least 1
};

// Counts equal ids. Terms stand in the order of their first occurrence.
class TermCounter {
 public:
  const std::vector<Term>& count(const std::vector<uint32_t>& ids);

 private:
  std::vector<uint32_t> slots_;  // open addressing: index into terms_ plus one, 0 is free
  std::vector<Term> terms_;
};

}  // namespace omnirouter::prediction
