/** Predictions of about the same quality, beside what came of them. */
export interface ReliabilityBin {
  readonly count: number;
  /** Mean predicted quality; NaN of an empty bin. */
  readonly predicted: number;
  /** Mean realised quality; NaN of an empty bin. */
  readonly realised: number;
}

/** Bins of equal width over [0, 1], as is usual for this (Guo et al., arXiv 1706.04599, have 15). */
const RELIABILITY_BINS = 15;

/** @param realised NaN = unknown, and left out */
export function reliability(
  predicted: ArrayLike<number>,
  realised: ArrayLike<number>,
  bins = RELIABILITY_BINS,
): ReliabilityBin[] {
  const sums = Array.from({ length: bins }, () => ({ count: 0, predicted: 0, realised: 0 }));
  for (let i = 0; i < realised.length; i++) {
    if (Number.isNaN(realised[i]!)) continue;
    const bin = sums[Math.min(bins - 1, Math.max(0, Math.floor(predicted[i]! * bins)))]!;
    bin.count++;
    bin.predicted += predicted[i]!;
    bin.realised += realised[i]!;
  }
  return sums.map(({ count, predicted, realised }) => ({
    count,
    predicted: predicted / count,
    realised: realised / count,
  }));
}

/** Expected calibration error: the mean distance of realised from predicted quality over the bins, by their counts. */
export function expectedCalibrationError(bins: readonly ReliabilityBin[]): number {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  return bins.reduce(
    (sum, { count, predicted, realised }) =>
      count === 0 ? sum : sum + (count / total) * Math.abs(realised - predicted),
    0,
  );
}

/** Several reliability diagrams of equal bins as one. */
export function pooled(diagrams: readonly (readonly ReliabilityBin[])[]): ReliabilityBin[] {
  return (diagrams[0] ?? []).map((_, bin) => {
    const held = diagrams.map(diagram => diagram[bin]!).filter(({ count }) => count > 0);
    const count = held.reduce((sum, each) => sum + each.count, 0);
    const mean = (key: "predicted" | "realised") =>
      held.reduce((sum, each) => sum + each.count * each[key], 0) / count;
    return { count, predicted: mean("predicted"), realised: mean("realised") };
  });
}

/** Mean squared distance of realised from predicted quality (Brier 1950); NaN where nothing is known. */
export function brier(predicted: ArrayLike<number>, realised: ArrayLike<number>): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < realised.length; i++)
    if (!Number.isNaN(realised[i]!)) {
      sum += (predicted[i]! - realised[i]!) ** 2;
      count++;
    }
  return sum / count;
}
