#include "retrieval/blas_threads.h"

#include <faiss/utils/distances.h>
#include <omp.h>

// Present when the BLAS is OpenBLAS, whose thread count belongs to the process, not to a thread.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int);

namespace omnirouter::retrieval {

static bool configureOnce() {
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(1);
  // FAISS uses the BLAS for batches of at least this many queries, and its own loops below. Those are plain SSE2 in a
  // generic build: five times slower than memory for one query, and worse for nineteen.
  faiss::distance_compute_blas_threshold = 1;
  return true;
}

OneThreadedFaiss::OneThreadedFaiss() : before_(omp_get_max_threads()) {
  [[maybe_unused]] static const bool configured = configureOnce();
  omp_set_num_threads(1);  // of the calling thread alone
}

OneThreadedFaiss::~OneThreadedFaiss() { omp_set_num_threads(before_); }

}  // namespace omnirouter::retrieval
