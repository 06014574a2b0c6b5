// What the n-grams need to know of a code point; the same on every machine, whatever its locale.
#pragma once

namespace omnirouter::prediction {

enum class CharacterClass {
  kSpace,      // white space and control characters: separates, and runs of it count as one blank
  kSymbol,     // punctuation, mathematics, emoji: ends a word, and is seen by the character n-grams
  kWord,       // letters, marks and numbers: a run of them is a word
  kIdeograph,  // scripts written without spaces (Han, kana, Thai, Lao, Khmer, Myanmar): each is a word by
               // itself
};

CharacterClass classOf(char32_t code);

// Unicode's simple (one to one) lower case.
char32_t lowerCase(char32_t code);

}  // namespace omnirouter::prediction
