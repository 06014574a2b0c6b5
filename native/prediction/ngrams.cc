#include "prediction/ngrams.h"

#include <algorithm>
#include <bit>

#include "prediction/hash.h"
#include "prediction/unicode.h"
#include "prediction/utf8.h"

namespace omnirouter::prediction {

namespace {

uint32_t wordBucket(uint64_t hash) { return static_cast<uint32_t>(mix64(hash) % kFamilyBuckets); }

// Up to three code points fit into one word of 21 bits each; the fourth is folded in after a mix.
uint32_t characterBucket(uint64_t packed3, char32_t fourth) {
  const uint64_t hash = fourth == 0 ? mix64(packed3) : mix64(mix64(packed3) ^ fourth);
  return kFamilyBuckets + static_cast<uint32_t>(hash % kFamilyBuckets);
}

// Words and pairs of neighbouring words; symbols between them do not part a pair.
class WordNgrams {
 public:
  explicit WordNgrams(std::vector<uint32_t>& buckets) : buckets_(buckets) {}
  void add(char32_t code) {
    current_ = (current_ ^ code) * 0x100000001B3u;  // FNV-1a by code points
    open_ = true;
  }
  void endWord() {
    if (!open_) return;
    buckets_.push_back(wordBucket(current_));
    if (previous_ != 0) buckets_.push_back(wordBucket(mix64(previous_) + current_));
    previous_ = current_;
    current_ = kStart;
    open_ = false;
  }

 private:
  static constexpr uint64_t kStart = 0xCBF29CE484222325u;
  std::vector<uint32_t>& buckets_;
  uint64_t current_ = kStart, previous_ = 0;
  bool open_ = false;
};

// Windows of 3 and 4 characters inside each stretch between blanks, the blanks on both sides included.
class CharacterNgrams {
 public:
  explicit CharacterNgrams(std::vector<uint32_t>& buckets) : buckets_(buckets) {}
  void add(char32_t code) {
    if (seen_ == 0) push(' ');
    push(code);
  }
  void endStretch() {
    if (seen_ > 0) push(' ');
    window_ = 0;
    seen_ = 0;
  }

 private:
  void push(char32_t code) {
    if (seen_ >= 3) buckets_.push_back(characterBucket(window_, code));
    window_ = ((window_ << 21) | code) & ((uint64_t{1} << 63) - 1);
    if (++seen_ >= 3) buckets_.push_back(characterBucket(window_, 0));
  }

  std::vector<uint32_t>& buckets_;
  uint64_t window_ = 0;  // the last three code points
  size_t seen_ = 0;
};

}  // namespace

void appendNgrams(std::string_view text, std::vector<uint32_t>& buckets) {
  buckets.reserve(buckets.size() + text.size() * 5 / 2);
  WordNgrams words(buckets);
  CharacterNgrams characters(buckets);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    const char32_t code = lowerCase(nextCodePoint(at, end));
    const CharacterClass kind = classOf(code);
    if (kind == CharacterClass::kSpace) {
      words.endWord();
      characters.endStretch();
      continue;
    }
    characters.add(code);
    if (kind != CharacterClass::kWord) words.endWord();
    if (kind != CharacterClass::kSymbol) words.add(code);
    if (kind == CharacterClass::kIdeograph) words.endWord();
  }
  words.endWord();
  characters.endStretch();
}

const std::vector<Term>& TermCounter::count(const std::vector<uint32_t>& ids) {
  terms_.clear();
  slots_.assign(std::bit_ceil(std::max<size_t>(2 * ids.size(), 2)), 0);
  const size_t mask = slots_.size() - 1;
  for (const uint32_t id : ids) {
    size_t slot = mix64(id) & mask;
    while (slots_[slot] != 0 && terms_[slots_[slot] - 1].id != id) slot = (slot + 1) & mask;
    if (slots_[slot] == 0) {
      terms_.push_back({id, 0});
      slots_[slot] = static_cast<uint32_t>(terms_.size());
    }
    ++terms_[slots_[slot] - 1].count;
  }
  return terms_;
}

}  // namespace omnirouter::prediction
