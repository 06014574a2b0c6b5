#include "prediction/row_sum.h"

#include <cstdlib>  // defines __GLIBC__ where it is

// One copy per instruction set, picked when the addon is loaded. Needs the loader's indirect functions (ELF), which run
// before a sanitizer is ready; musl has none.
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GLIBC__) && !defined(OMNIROUTER_SANITIZED)
#define OMNIROUTER_WIDEST_VECTORS __attribute__((target_clones("arch=skylake-avx512", "avx2", "default")))
#else
#define OMNIROUTER_WIDEST_VECTORS
#endif

namespace omnirouter::prediction {

OMNIROUTER_WIDEST_VECTORS
void addWeightedRows(const float* matrix, size_t columns, const uint32_t* rows, const float* weights, size_t count,
                     float* __restrict out) {
  size_t t = 0;
  // Four rows at a time read and write `out` once for four; the order of additions is that of the plain loop.
  for (; t + 4 <= count; t += 4) {
    const float* const r0 = matrix + rows[t] * columns;
    const float* const r1 = matrix + rows[t + 1] * columns;
    const float* const r2 = matrix + rows[t + 2] * columns;
    const float* const r3 = matrix + rows[t + 3] * columns;
    const float w0 = weights[t], w1 = weights[t + 1], w2 = weights[t + 2], w3 = weights[t + 3];
    for (size_t c = 0; c < columns; ++c) out[c] = (((out[c] + w0 * r0[c]) + w1 * r1[c]) + w2 * r2[c]) + w3 * r3[c];
  }
  for (; t < count; ++t) {
    const float* const row = matrix + rows[t] * columns;
    const float weight = weights[t];
    for (size_t c = 0; c < columns; ++c) out[c] += weight * row[c];
  }
}

}  // namespace omnirouter::prediction
