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
inline float leastLane(Lanes a) {
  return vminvq_f32(vminq_f32(vminq_f32(a.part[0], a.part[1]), vminq_f32(a.part[2], a.part[3])));
}

}  // namespace
