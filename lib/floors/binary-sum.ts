/**
 * Distribution of the sum of independent outcomes of 0 or 1: `[n + 1]`, the probability of each sum. One outcome after the
 * other is added, O(n^2), every number a sum of products of what is not negative: no digit is lost.
 */
export function binarySumDistribution(probabilities: ArrayLike<number>): Float64Array {
  const n = probabilities.length;
  const distribution = new Float64Array(n + 1);
  distribution[0] = 1;
  for (let i = 0; i < n; i++) {
    const p = probabilities[i]!;
    for (let sum = i + 1; sum > 0; sum--)
      distribution[sum] = distribution[sum]! * (1 - p) + distribution[sum - 1]! * p;
    distribution[0]! *= 1 - p;
  }
  return distribution;
}
