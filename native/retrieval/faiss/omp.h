// What FAISS's graph takes from OpenMP, in place of the compiler's omp.h: see serial_openmp.cc.
#pragma once

// Of the size and alignment of GCC's, which Debian's libfaiss.a was compiled with.
struct omp_lock_t {
  unsigned taken;
};

extern "C" {
void omp_init_lock(omp_lock_t* lock);
void omp_destroy_lock(omp_lock_t* lock);
void omp_set_lock(omp_lock_t* lock);
void omp_unset_lock(omp_lock_t* lock);
int omp_get_num_threads();
int omp_get_thread_num();
}
