// Sixteen float lanes in four NEON registers.

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

namespace {

struct Lanes {
  float32x4_t part[4];
};
using Bits = uint32_t;  // one per lane

inline Lanes load(const float* p) { return {{vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)}}; }
inline Lanes loadFirst(const float* p, size_t n) {
  float padded[16] = {};
  for (size_t l = 0; l < n; ++l) padded[l] = p[l];
  return load(padded);
}
inline void store(float* p, Lanes a) {
  for (size_t v = 0; v < 4; ++v) vst1q_f32(p + 4 * v, a.part[v]);
}
inline Lanes all(float x) {
  const float32x4_t v = vdupq_n_f32(x);
  return {{v, v, v, v}};
}
#define OMNIROUTER_LANEWISE(name, operation)                                   \
  inline Lanes name(Lanes a, Lanes b) {                                        \
    Lanes out;                                                                 \
    for (int v = 0; v < 4; ++v) out.part[v] = operation(a.part[v], b.part[v]); \
    return out;                                                                \
  }
OMNIROUTER_LANEWISE(add, vaddq_f32)
OMNIROUTER_LANEWISE(subtract, vsubq_f32)
OMNIROUTER_LANEWISE(multiply, vmulq_f32)
OMNIROUTER_LANEWISE(least, vminq_f32)
#undef OMNIROUTER_LANEWISE
inline Lanes absolute(Lanes a) {
  for (int v = 0; v < 4; ++v) a.part[v] = vabsq_f32(a.part[v]);
  return a;
}
inline uint32x4_t maskOf4(Bits where) {
  const uint32_t bit[4] = {1, 2, 4, 8};
  const uint32x4_t bits = vld1q_u32(bit);
  return vceqq_u32(vandq_u32(vdupq_n_u32(where), bits), bits);
}
inline Bits bitsOf4(uint32x4_t mask) {
  const uint32_t bit[4] = {1, 2, 4, 8};
  return vaddvq_u32(vandq_u32(mask, vld1q_u32(bit)));
}
inline Lanes select(Bits where, Lanes yes, Lanes no) {
  for (int v = 0; v < 4; ++v) no.part[v] = vbslq_f32(maskOf4(where >> (4 * v)), yes.part[v], no.part[v]);
  return no;
}
inline Bits equal(Lanes a, Lanes b) {
  Bits bits = 0;
  for (int v = 0; v < 4; ++v) bits |= bitsOf4(vceqq_f32(a.part[v], b.part[v])) << (4 * v);
  return bits;
}
inline Bits greater(Lanes a, Lanes b) {
  Bits bits = 0;
  for (int v = 0; v < 4; ++v) bits |= bitsOf4(vcgtq_f32(a.part[v], b.part[v])) << (4 * v);
  return bits;
}
inline Bits atMost(Lanes a, Lanes b) {
  Bits bits = 0;
  for (int v = 0; v < 4; ++v) bits |= bitsOf4(vcleq_f32(a.part[v], b.part[v])) << (4 * v);
  return bits;
}
inline float leastLane(Lanes a) {
  return vminvq_f32(vminq_f32(vminq_f32(a.part[0], a.part[1]), vminq_f32(a.part[2], a.part[3])));
}

// Eight double lanes in four registers.
struct Doubles {
  float64x2_t part[4];
};

inline Doubles load(const double* p) { return {{vld1q_f64(p), vld1q_f64(p + 2), vld1q_f64(p + 4), vld1q_f64(p + 6)}}; }
inline Doubles loadFirst(const double* p, size_t n) {
  double padded[8] = {};
  for (size_t l = 0; l < n; ++l) padded[l] = p[l];
  return load(padded);
}
inline void store(double* p, Doubles a) {
  for (int v = 0; v < 4; ++v) vst1q_f64(p + 2 * v, a.part[v]);
}
inline Doubles widen(const float* p) {
  const float32x4_t low = vld1q_f32(p), high = vld1q_f32(p + 4);
  return {{vcvt_f64_f32(vget_low_f32(low)), vcvt_high_f64_f32(low), vcvt_f64_f32(vget_low_f32(high)),
           vcvt_high_f64_f32(high)}};
}
inline Doubles widenFirst(const float* p, size_t n) {
  float padded[8] = {};
  for (size_t l = 0; l < n; ++l) padded[l] = p[l];
  return widen(padded);
}
inline Doubles allDoubles(double x) {
  const float64x2_t v = vdupq_n_f64(x);
  return {{v, v, v, v}};
}
#define OMNIROUTER_LANEWISE(name, operation)                                   \
  inline Doubles name(Doubles a, Doubles b) {                                  \
    for (int v = 0; v < 4; ++v) a.part[v] = operation(a.part[v], b.part[v]);   \
    return a;                                                                  \
  }
OMNIROUTER_LANEWISE(add, vaddq_f64)
OMNIROUTER_LANEWISE(subtract, vsubq_f64)
OMNIROUTER_LANEWISE(multiply, vmulq_f64)
OMNIROUTER_LANEWISE(divide, vdivq_f64)
#undef OMNIROUTER_LANEWISE
// a < b ? a : b, like the other instruction sets', for zeros of either sign too.
inline float64x2_t leastOf2(float64x2_t a, float64x2_t b) { return vbslq_f64(vcltq_f64(a, b), a, b); }
inline Doubles least(Doubles a, Doubles b) {
  for (int v = 0; v < 4; ++v) a.part[v] = leastOf2(a.part[v], b.part[v]);
  return a;
}
inline uint64x2_t maskOf2(Bits where) {
  const uint64_t bit[2] = {1, 2};
  const uint64x2_t bits = vld1q_u64(bit);
  return vceqq_u64(vandq_u64(vdupq_n_u64(where), bits), bits);
}
inline Bits bitsOf2(uint64x2_t mask) {
  return static_cast<Bits>((vgetq_lane_u64(mask, 0) & 1) | (vgetq_lane_u64(mask, 1) & 2));
}
inline Doubles select(Bits where, Doubles yes, Doubles no) {
  for (int v = 0; v < 4; ++v) no.part[v] = vbslq_f64(maskOf2(where >> (2 * v)), yes.part[v], no.part[v]);
  return no;
}
inline Bits equal(Doubles a, Doubles b) {
  Bits bits = 0;
  for (int v = 0; v < 4; ++v) bits |= bitsOf2(vceqq_f64(a.part[v], b.part[v])) << (2 * v);
  return bits;
}
inline Bits atMost(Doubles a, Doubles b) {
  Bits bits = 0;
  for (int v = 0; v < 4; ++v) bits |= bitsOf2(vcleq_f64(a.part[v], b.part[v])) << (2 * v);
  return bits;
}
inline double leastLane(Doubles a) {
  const float64x2_t two = leastOf2(leastOf2(a.part[0], a.part[2]), leastOf2(a.part[1], a.part[3]));
  const double l0 = vgetq_lane_f64(two, 0), l1 = vgetq_lane_f64(two, 1);
  return l0 < l1 ? l0 : l1;
}
inline double sumOfLanes(Doubles a) {
  const float64x2_t two = vaddq_f64(vaddq_f64(a.part[0], a.part[2]), vaddq_f64(a.part[1], a.part[3]));
  return vgetq_lane_f64(two, 0) + vgetq_lane_f64(two, 1);
}
// a * 2^-n, the lowest bits of `shifted` being n (compute/exp.h).
inline Doubles divideByPower(Doubles a, Doubles shifted) {
  for (int v = 0; v < 4; ++v) {
    const uint64x2_t exponent = vsubq_u64(vdupq_n_u64(uint64_t{1023} << 52),
                                          vshlq_n_u64(vreinterpretq_u64_f64(shifted.part[v]), 52));
    a.part[v] = vmulq_f64(a.part[v], vreinterpretq_f64_u64(exponent));
  }
  return a;
}

}  // namespace
