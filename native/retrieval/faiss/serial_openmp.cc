// An OpenMP run-time of one thread, as much of it as FAISS's graph calls (the OpenMP specification has such stubs in an
// appendix; the GOMP_ entry points are those of GCC's ABI, https://gcc.gnu.org/onlinedocs/libgomp/The-libgomp-ABI.html).
//
// Our compute pool alone decides what runs in parallel, so all that FAISS needs from OpenMP are its locks and critical
// sections. With these here the addon depends on no OpenMP library: a binary for users is one file, and no second
// library of threads comes into their process. Nothing of this is exported (native/bindings/CMakeLists.txt), so an
// addon that brings the real one is not disturbed. Should FAISS call more than this, the addon does not load (-z now).
#include <omp.h>

#include <atomic>
#include <mutex>

namespace {
std::mutex criticalSection, atomicSection;
}  // namespace

extern "C" {

void omp_init_lock(omp_lock_t* lock) { lock->taken = 0; }
void omp_destroy_lock(omp_lock_t*) {}
void omp_set_lock(omp_lock_t* lock) {
  const std::atomic_ref taken(lock->taken);
  while (taken.exchange(1, std::memory_order_acquire) != 0) taken.wait(1, std::memory_order_relaxed);
}
void omp_unset_lock(omp_lock_t* lock) {
  const std::atomic_ref taken(lock->taken);
  taken.store(0, std::memory_order_release);
  taken.notify_one();
}
int omp_get_num_threads() { return 1; }
int omp_get_thread_num() { return 0; }

void GOMP_parallel(void (*body)(void*), void* data, unsigned, unsigned) { body(data); }
void GOMP_barrier() {}
bool GOMP_single_start() { return true; }
void GOMP_critical_start() { criticalSection.lock(); }
void GOMP_critical_end() { criticalSection.unlock(); }
void GOMP_atomic_start() { atomicSection.lock(); }
void GOMP_atomic_end() { atomicSection.unlock(); }

}  // extern "C"
