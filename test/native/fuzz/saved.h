// Saved forms that a fuzz target tries: whole, altered here and there, or cut off.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "errors.h"
#include "native/fuzz/input.h"
#include "prediction/hash.h"

namespace omnirouter::test {

enum class Damage : uint8_t { foreign, none, altered, cut };

// Of a form whose last eight bytes are hashBytes() of the rest. What is foreign is the input itself. Mostly the checksum is
// made to fit, so that what lies behind it is reached too.
inline std::vector<uint8_t> damaged(Input& in, Damage damage, const std::vector<uint8_t>& good) {
  std::vector<uint8_t> bytes = good;
  if (damage == Damage::none) return bytes;
  if (damage == Damage::foreign) {
    bytes.assign(in.rest().begin(), in.rest().end());
  } else {
    for (size_t edits = 1 + in.below(6); edits > 0; --edits) {
      const size_t at = in.oneIn(2) ? in.below(120) : in.below(bytes.size());
      bytes[std::min(at, bytes.size() - 1)] = in.byte();
    }
    if (damage == Damage::cut) bytes.resize(in.below(bytes.size() + 1));
  }
  if (!in.oneIn(4) && bytes.size() >= sizeof(uint64_t)) {
    const size_t body = bytes.size() - sizeof(uint64_t);
    const uint64_t sum = prediction::hashBytes(bytes.data(), body);
    std::memcpy(bytes.data() + body, &sum, sizeof sum);
  }
  return bytes;
}

// Makes something of what `good` has become: whatever was damaged may be refused as that.
template <class Use>
void trySaved(Input& in, const std::vector<uint8_t>& good, const Use& use) {
  const auto damage = static_cast<Damage>(in.byte() % 4);
  const std::vector<uint8_t> bytes = damaged(in, damage, good);
  try {
    use(bytes);
  } catch (const Error& error) {
    require(damage != Damage::none, "a saved form is refused: " + std::string(error.what()));
    require(error.code() == "ERR_OMNI_CORRUPT" || error.code() == "ERR_OMNI_VERSION",
            "an unexpected error: " + error.code());
  }
}

}  // namespace omnirouter::test
