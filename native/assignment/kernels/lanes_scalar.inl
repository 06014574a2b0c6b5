// Sixteen float lanes in an array: what the others are tested against.

#include <cstddef>
#include <cstdint>

namespace {

struct Lanes {
  float lane[16];
};
using Bits = uint32_t;  // one per lane

inline Lanes loadFirst(const float* p, size_t n) {
  Lanes out{};
  for (size_t l = 0; l < n; ++l) out.lane[l] = p[l];
  return out;
}
inline Lanes load(const float* p) { return loadFirst(p, 16); }
inline Lanes all(float x) {
  Lanes out;
  for (float& lane : out.lane) lane = x;
  return out;
}
inline Lanes add(Lanes a, Lanes b) {
  for (int l = 0; l < 16; ++l) a.lane[l] += b.lane[l];
  return a;
}
inline Lanes subtract(Lanes a, Lanes b) {
  for (int l = 0; l < 16; ++l) a.lane[l] -= b.lane[l];
  return a;
}
inline Lanes multiply(Lanes a, Lanes b) {
  for (int l = 0; l < 16; ++l) a.lane[l] *= b.lane[l];
  return a;
}
inline Lanes least(Lanes a, Lanes b) {
  for (int l = 0; l < 16; ++l) a.lane[l] = a.lane[l] < b.lane[l] ? a.lane[l] : b.lane[l];
  return a;
}
inline Lanes absolute(Lanes a) {
  for (float& lane : a.lane) lane = lane < 0 ? -lane : lane;
  return a;
}
inline Lanes select(Bits where, Lanes yes, Lanes no) {
  for (int l = 0; l < 16; ++l) no.lane[l] = (where >> l & 1) != 0 ? yes.lane[l] : no.lane[l];
  return no;
}
inline Bits equal(Lanes a, Lanes b) {
  Bits bits = 0;
  for (int l = 0; l < 16; ++l) bits |= static_cast<Bits>(a.lane[l] == b.lane[l]) << l;
  return bits;
}
inline Bits greater(Lanes a, Lanes b) {
  Bits bits = 0;
  for (int l = 0; l < 16; ++l) bits |= static_cast<Bits>(a.lane[l] > b.lane[l]) << l;
  return bits;
}
inline float leastLane(Lanes a) {
  float best = a.lane[0];
  for (int l = 1; l < 16; ++l) best = a.lane[l] < best ? a.lane[l] : best;
  return best;
}

}  // namespace
