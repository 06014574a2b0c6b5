// Hashes that are part of the file format: the same on every machine and in every release.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace omnirouter::prediction {

// The finaliser of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014): a bijection
// of 64 bits in which every input bit moves every output bit.
constexpr uint64_t mix64(uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// MurmurHash64A (Austin Appleby, public domain), on little-endian words: a checksum against accidents, not attackers.
inline uint64_t hashBytes(const void* data, size_t length) {
  constexpr uint64_t kMultiplier = 0xC6A4A7935BD1E995u;
  const auto* bytes = static_cast<const unsigned char*>(data);
  uint64_t hash = 0x6F6D6E69726F7574u ^ (length * kMultiplier);
  for (; length >= 8; bytes += 8, length -= 8) {
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    word *= kMultiplier;
    word ^= word >> 47;
    hash = (hash ^ (word * kMultiplier)) * kMultiplier;
  }
  if (length > 0) {
    uint64_t word = 0;
    std::memcpy(&word, bytes, length);
    hash = (hash ^ word) * kMultiplier;
  }
  hash = (hash ^ (hash >> 47)) * kMultiplier;
  return hash ^ (hash >> 47);
}

}  // namespace omnirouter::prediction
