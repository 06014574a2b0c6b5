import { binarySumDistribution } from "./binary-sum.js";
import { normalQuantile, studentQuantile } from "./quantiles.js";
import type { Residuals } from "./residuals.js";

/** What lies between the mean quality that is predicted and the one that can be promised. The parts add up to `total`. */
export interface Margin {
  /** By how much the promise lies below the predicted mean, in quality (0 to 1); below 0: above it. */
  readonly total: number;
  /** By how much the same policy's predictions were too high on the history, out of fold; below 0: too low. */
  readonly bias: number;
  /** For the chance in the answers of this batch: the larger the batch, the smaller. */
  readonly sampling: number;
  /** For what the history leaves uncertain about the bias: the more of it is graded, the smaller. */
  readonly history: number;
}

export interface Bound {
  /** The realised mean quality that is reached with the confidence asked for, 0 to 1. */
  readonly quality: number;
  readonly margin: Margin;
}

/** In batches of fewer queries the sum of the outcomes is too uneven for a normal distribution. */
const SMALL = 64;

/**
 * A lower bound for the mean quality that some queries will realise: with probability `confidence` it is reached.
 *
 * The predicted mean is known, so what remains to chance is the mean residual: its expectation, estimated on the
 * history with an error of its own, and the sampling of `n` residuals around it. Both are independent, and their
 * variances add. Their quantile is the normal one, corrected for the skewness of the outcomes (Cornish and Fisher 1938); for
 * few queries it is that of the sum of independent outcomes of 0 or 1, which no outcomes in [0, 1] with the same means
 * exceed in spread (Hoeffding 1956), over three points for the error of the expectation (Gauss-Hermite).
 *
 * @param predicted `[n]`, n >= 1: each query's predicted quality with the model it was given.
 */
export function boundOf(predicted: ArrayLike<number>, residuals: Residuals, confidence: number): Bound {
  const n = predicted.length;
  let [sum, variance, third] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const p = predicted[i]!;
    sum += p;
    variance += p * (1 - p);
    third += p * (1 - p) * (1 - 2 * p);
  }
  const mean = sum / n;
  const z = normalQuantile(confidence);
  const { bias, dispersion, outcomes } = residuals;
  // Student's for what the history's own spread is not known by heart.
  const inflation = z === 0 ? 1 : studentQuantile(confidence, Math.max(outcomes - 1, 9)) / z;
  const historyError = residuals.standardError * inflation;
  const samplingVariance = (dispersion * variance) / n ** 2;
  const errorVariance = samplingVariance + historyError ** 2;

  let quality: number;
  if (n < SMALL) quality = smallBound(predicted, bias, historyError, confidence);
  else {
    // A part that is not skewed takes from the skewness of the other.
    const skewness = variance > 0 ? (third / variance ** 1.5) * (samplingVariance / errorVariance) ** 1.5 : 0;
    quality = mean + bias - (z - ((z * z - 1) / 6) * skewness) * Math.sqrt(errorVariance);
  }
  quality = Math.min(Math.max(quality, 0), 1);
  const total = mean - quality;
  const chance = total + bias;
  const sampling = errorVariance > 0 ? (chance * samplingVariance) / errorVariance : chance;
  return { quality, margin: { total, bias: -bias, sampling, history: chance - sampling } };
}

/** The largest share of `n` outcomes of 0 or 1 that is reached with the confidence. */
function smallBound(predicted: ArrayLike<number>, bias: number, error: number, confidence: number): number {
  const n = predicted.length;
  const reached = new Float64Array(n + 1);
  for (const [node, weight] of [
    [0, 2 / 3],
    [Math.sqrt(3), 1 / 6],
    [-Math.sqrt(3), 1 / 6],
  ] as const) {
    const shifted = Float64Array.from(predicted, p => Math.min(Math.max(p + bias + node * error, 0), 1));
    const distribution = binarySumDistribution(shifted);
    let tail = 0;
    for (let k = n; k >= 0; k--) {
      tail += distribution[k]!;
      reached[k]! += weight * tail;
    }
  }
  // With nothing to reach the probability is 1, whatever rounding has made of it.
  for (let k = n; k > 0; k--) if (reached[k]! >= confidence) return k / n;
  return 0;
}
