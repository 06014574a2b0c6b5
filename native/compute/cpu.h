// Which instruction set the kernels use, chosen at run time so that one binary serves every CPU of a platform. Kernels
// of all subjects ask here, so a process never mixes instruction sets.
#pragma once

#include <optional>
#include <string_view>

namespace omnirouter::compute {

// avx2 means AVX2 and FMA (Haswell, Zen); avx512 adds F, BW, DQ and VL (Skylake-X, Zen 4); neon is AArch64.
enum class Isa { scalar, avx2, avx512, neon };

std::string_view name(Isa isa);

// Whether this build has kernels for it and this CPU and operating system can run them.
bool supported(Isa isa);

// The best one supported.
Isa detect();

// The one in use: detect(), or what the environment variable OMNIROUTER_ISA names (scalar, avx2, avx512, neon). Throws
// InvalidArgument if that is unknown or not supported here: a forced choice that is silently not taken would make every
// measurement of it a lie.
Isa isa();

// For tests: forces one, or with nullopt returns to the above. Throws InvalidArgument if it is not supported.
void setIsa(std::optional<Isa> forced);

}  // namespace omnirouter::compute
