// libFuzzer's entry points, the same for every target.
#include "compute/pool.h"
#include "native/fuzz/input.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  omnirouter::compute::Pool::shared().setThreads(1);  // an input must do the same each time
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  omnirouter::test::Input in(data, size);
  omnirouter::test::fuzz(in);
  return 0;
}
