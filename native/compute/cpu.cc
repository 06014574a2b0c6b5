#include "compute/cpu.h"

#include <atomic>
#include <cstdlib>
#include <string>

#include "errors.h"

namespace omnirouter::compute {

namespace {

constexpr Isa kAll[] = {Isa::scalar, Isa::avx2, Isa::avx512, Isa::neon};

std::string supportedNames() {
  std::string names;
  for (const Isa isa : kAll)
    if (supported(isa)) names += (names.empty() ? "" : ", ") + std::string(name(isa));
  return names;
}

Isa fromEnvironment() {
  const char* text = std::getenv("OMNIROUTER_ISA");
  if (text == nullptr || *text == '\0') return detect();
  for (const Isa isa : kAll)
    if (name(isa) == text && supported(isa)) return isa;
  throw InvalidArgument("OMNIROUTER_ISA", "OMNIROUTER_ISA is \"" + std::string(text) +
                                              "\", which this machine does not support; it supports " +
                                              supportedNames());
}

constexpr int kNotForced = -1;
std::atomic<int> forcedIsa{kNotForced};

}  // namespace

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::scalar:
      return "scalar";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::neon:
      return "neon";
  }
  return "unknown";
}

bool supported(Isa isa) {
  if (isa == Isa::scalar) return true;
#if defined(__x86_64__)
  // These ask the operating system too (XGETBV), which must save the wide registers.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (isa == Isa::avx2) return avx2;
  if (isa == Isa::avx512)
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#elif defined(__aarch64__)
  if (isa == Isa::neon) return true;  // part of the base architecture
#endif
  return false;
}

Isa detect() {
  if (supported(Isa::avx512)) return Isa::avx512;
  if (supported(Isa::avx2)) return Isa::avx2;
  if (supported(Isa::neon)) return Isa::neon;
  return Isa::scalar;
}

Isa isa() {
  const int forced = forcedIsa.load(std::memory_order_relaxed);
  if (forced != kNotForced) return static_cast<Isa>(forced);
  static const Isa chosen = fromEnvironment();
  return chosen;
}

void setIsa(std::optional<Isa> forced) {
  if (forced && !supported(*forced))
    throw InvalidArgument(
        "isa", std::string(name(*forced)) + " is not supported here; this machine supports " + supportedNames());
  forcedIsa.store(forced ? static_cast<int>(*forced) : kNotForced, std::memory_order_relaxed);
}

}  // namespace omnirouter::compute
