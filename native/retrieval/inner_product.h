// The inner product of float vectors, the similarity of this subject.
//
// Bit-identical on every instruction set: 32 virtual lanes, lane l summing x[i] * y[i] for i = l, l + 32, ... with a
// fused multiply-add each, then folded in halves (32 -> 16 -> ... -> 1). Every CPU that has the vector instructions has
// the fused ones, so nothing is lost by fixing the order. So one index gives one answer, whatever the machine, the
// number of threads, or the batch a query comes in.
#pragma once

#include <cstddef>

#include "compute/cpu.h"
#include "retrieval/inner_product_kernels.h"

namespace omnirouter::retrieval {

const InnerProduct& innerProduct(compute::Isa isa = compute::isa());

}  // namespace omnirouter::retrieval
