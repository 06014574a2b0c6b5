/**
 * The value below which a standard normal variable falls with probability `p`, 0 < p < 1; accurate to 1e-7.
 *
 * Wichura (1988), Algorithm AS 241 (PPND7), Applied Statistics 37, 477-484.
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (
      (q * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)) /
      (((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1)
    );
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  let tail: number;
  if (r <= 5) {
    const t = r - 1.6;
    tail =
      (((0.17023821103 * t + 1.3067284816) * t + 2.75681539) * t + 1.4234372777) /
      ((0.12021132975 * t + 0.7370016425) * t + 1);
  } else {
    const t = r - 5;
    tail =
      (((0.017337203997 * t + 0.42868294337) * t + 3.081226386) * t + 6.657905115) /
      ((0.012258202635 * t + 0.24197894225) * t + 1);
  }
  return q < 0 ? -tail : tail;
}

/**
 * The same of Student's t with `freedom` degrees of freedom, at least 9: for so many, its expansion about the normal quantile
 * (Abramowitz and Stegun 26.7.5) is good to 1e-3.
 */
export function studentQuantile(p: number, freedom: number): number {
  const z = normalQuantile(p);
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / freedom + second / freedom ** 2 + third / freedom ** 3;
}
