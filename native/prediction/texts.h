// A batch of texts in one block of memory.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace omnirouter::prediction {

// Of a longer text the embedder reads the two ends, half of this each: long prompts are mostly quoted material, and
// what is asked of it stands before or after. It bounds the time and memory that one text can take.
inline constexpr size_t kMaxTextBytes = 64 * 1024;

class Texts {
 public:
  // A copy of what will be read of `text`. A code point cut in two is ill-formed UTF-8, which the reader survives.
  void append(std::string_view text) {
    if (text.size() <= kMaxTextBytes) {
      bytes_.append(text);
    } else {
      bytes_.append(text.substr(0, kMaxTextBytes / 2));
      bytes_.push_back(' ');
      bytes_.append(text.substr(text.size() - kMaxTextBytes / 2));
    }
    ends_.push_back(bytes_.size());
  }

  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t i) const {
    const size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string bytes_;
  std::vector<size_t> ends_;
};

}  // namespace omnirouter::prediction
