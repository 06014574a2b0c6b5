// What a text looks like, whatever it is about: length, digits, formulas, code, lines, nesting. Beside an embedding, which
// knows topics, these tell an exercise with ten numbers from one with two.
#pragma once

#include <cstddef>
#include <string_view>

namespace omnirouter::prediction {

inline constexpr size_t kSurfaceFeatures = 38;

// Writes kSurfaceFeatures finite numbers, for any bytes at all.
void surface(std::string_view text, float* out);

}  // namespace omnirouter::prediction
