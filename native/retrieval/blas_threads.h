// FAISS computes with OpenMP and a BLAS, both of which would start threads of their own inside ours and multiply. The
// compute pool alone decides what runs in parallel: while one of these lives, FAISS calls of this thread stay on it.
#pragma once

namespace omnirouter::retrieval {

class OneThreadedFaiss {
 public:
  OneThreadedFaiss();
  ~OneThreadedFaiss();
  OneThreadedFaiss(const OneThreadedFaiss&) = delete;
  OneThreadedFaiss& operator=(const OneThreadedFaiss&) = delete;

 private:
  int before_;
};

}  // namespace omnirouter::retrieval
