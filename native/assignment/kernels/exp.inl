// Included once per instruction set, after its lanes_*.inl, inside an anonymous namespace.

// exp(-x) for 0 <= x <= 700: compute/exp.h, lane by lane.
inline __attribute__((always_inline)) Doubles expOfMinus(Doubles x) {
  const Doubles round = allDoubles(compute::exp_detail::kRound);
  const Doubles shifted = add(multiply(x, allDoubles(compute::exp_detail::kLog2e)), round);
  const Doubles n = subtract(shifted, round);
  const Doubles f = subtract(multiply(n, allDoubles(compute::exp_detail::kLn2Low)),
                             subtract(x, multiply(n, allDoubles(compute::exp_detail::kLn2High))));
  Doubles p = allDoubles(compute::exp_detail::kTaylor[0]);
  for (size_t t = 1; t < sizeof compute::exp_detail::kTaylor / sizeof(double); ++t)
    p = add(multiply(p, f), allDoubles(compute::exp_detail::kTaylor[t]));
  return divideByPower(p, shifted);
}
