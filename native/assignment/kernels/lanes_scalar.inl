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
inline void store(float* p, Lanes a) {
  for (size_t l = 0; l < 16; ++l) p[l] = a.lane[l];
}
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
inline Bits atMost(Lanes a, Lanes b) {
  Bits bits = 0;
  for (int l = 0; l < 16; ++l) bits |= static_cast<Bits>(a.lane[l] <= b.lane[l]) << l;
  return bits;
}
inline float leastLane(Lanes a) {
  float best = a.lane[0];
  for (int l = 1; l < 16; ++l) best = a.lane[l] < best ? a.lane[l] : best;
  return best;
}

// Eight double lanes in an array.
struct Doubles {
  double lane[8];
};

inline Doubles loadFirst(const double* p, size_t n) {
  Doubles out{};
  for (size_t l = 0; l < n; ++l) out.lane[l] = p[l];
  return out;
}
inline Doubles load(const double* p) { return loadFirst(p, 8); }
inline void store(double* p, Doubles a) {
  for (int l = 0; l < 8; ++l) p[l] = a.lane[l];
}
inline Doubles widenFirst(const float* p, size_t n) {
  Doubles out{};
  for (size_t l = 0; l < n; ++l) out.lane[l] = static_cast<double>(p[l]);
  return out;
}
inline Doubles widen(const float* p) { return widenFirst(p, 8); }
inline Doubles allDoubles(double x) {
  Doubles out;
  for (double& lane : out.lane) lane = x;
  return out;
}
inline Doubles add(Doubles a, Doubles b) {
  for (int l = 0; l < 8; ++l) a.lane[l] += b.lane[l];
  return a;
}
inline Doubles subtract(Doubles a, Doubles b) {
  for (int l = 0; l < 8; ++l) a.lane[l] -= b.lane[l];
  return a;
}
inline Doubles multiply(Doubles a, Doubles b) {
  for (int l = 0; l < 8; ++l) a.lane[l] *= b.lane[l];
  return a;
}
inline Doubles divide(Doubles a, Doubles b) {
  for (int l = 0; l < 8; ++l) a.lane[l] /= b.lane[l];
  return a;
}
inline Doubles least(Doubles a, Doubles b) {
  for (int l = 0; l < 8; ++l) a.lane[l] = a.lane[l] < b.lane[l] ? a.lane[l] : b.lane[l];
  return a;
}
inline Doubles select(Bits where, Doubles yes, Doubles no) {
  for (int l = 0; l < 8; ++l) no.lane[l] = (where >> l & 1) != 0 ? yes.lane[l] : no.lane[l];
  return no;
}
inline Bits equal(Doubles a, Doubles b) {
  Bits bits = 0;
  for (int l = 0; l < 8; ++l) bits |= static_cast<Bits>(a.lane[l] == b.lane[l]) << l;
  return bits;
}
inline Bits atMost(Doubles a, Doubles b) {
  Bits bits = 0;
  for (int l = 0; l < 8; ++l) bits |= static_cast<Bits>(a.lane[l] <= b.lane[l]) << l;
  return bits;
}
inline double leastLane(Doubles a) {
  double best = a.lane[0];
  for (int l = 1; l < 8; ++l) best = a.lane[l] < best ? a.lane[l] : best;
  return best;
}
inline double sumOfLanes(Doubles a) {
  const double* l = a.lane;
  return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}
// a * 2^-n, the lowest bits of `shifted` being n (compute/exp.h).
inline Doubles divideByPower(Doubles a, Doubles shifted) {
  for (int l = 0; l < 8; ++l)
    a.lane[l] *= __builtin_bit_cast(
        double, (uint64_t{1023} << 52) - (__builtin_bit_cast(uint64_t, shifted.lane[l]) << 52));
  return a;
}

}  // namespace
