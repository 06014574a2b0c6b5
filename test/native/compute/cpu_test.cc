#include "compute/cpu.h"

#include <doctest/doctest.h>

#include "errors.h"

using namespace omnirouter::compute;

TEST_CASE("the detected instruction set is a supported one, and the plain one always is") {
  CHECK(supported(detect()));
  CHECK(supported(Isa::scalar));
  CHECK_FALSE((supported(Isa::neon) && supported(Isa::avx2)));
}

TEST_CASE("a forced instruction set is used until it is lifted; an unsupported one is refused") {
  const Isa before = isa();
  setIsa(Isa::scalar);
  CHECK(isa() == Isa::scalar);
  setIsa(std::nullopt);
  CHECK(isa() == before);
  for (const Isa each : {Isa::avx2, Isa::avx512, Isa::neon})
    if (!supported(each)) CHECK_THROWS_AS(setIsa(each), omnirouter::InvalidArgument);
}
