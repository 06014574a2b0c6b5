// A stateless generator: the value depends on (seed, index) alone, so any thread may draw any element.
#pragma once

#include <cstdint>

namespace omnirouter::compute {

// SplitMix64's finaliser (Steele, Lea, Flood 2014) over a Weyl sequence.
inline uint64_t hash(uint64_t seed, uint64_t index) {
  uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace omnirouter::compute
