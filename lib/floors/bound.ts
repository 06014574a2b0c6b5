import { binarySumDistribution } from "./binary-sum.js";
import { normalQuantile, studentQuantile } from "./quantiles.js";
import type { Residuals } from "./residuals.js";

/**
 * What lies between the mean quality that is expected and the one that can be promised, in quality (0 to 1). The parts add up
 * to `total`.
 */
export interface Margin {
  /** By how much the promise lies below the expected mean. */
  readonly total: number;
  /** For the chance in the answers of this batch: the larger the batch, the smaller. */
  readonly sampling: number;
  /** For what the history leaves uncertain about the predictions' bias: the more of it is graded, the smaller. */
  readonly history: number;
  /** For queries that are unlike the history's; 0 for a batch like it. */
  readonly shift: number;
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
 * few queries it is that of a sum of independent binary outcomes over three points for the error of the expectation
 * (Gauss-Hermite). Outcomes that vary less than binary ones are as much nearer to their predictions.
 *
 * Queries of clusters that the history does not have may be off together, by as much as its clusters differ: that quantile,
 * with Student's distribution for as many clusters, counts in proportion to the novelty of the batch.
 *
 * @param predicted `[n]`, n >= 1: each query's predicted quality with the model it was given.
 * @param models `[n]`: the column of that model
 * @param novelty 0 to 1 (`Shift`)
 */
export function boundOf(
  predicted: ArrayLike<number>,
  models: ArrayLike<number>,
  residuals: Residuals,
  confidence: number,
  novelty: number,
): Bound {
  const n = predicted.length;
  let [sum, binary, variance, third] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const p = predicted[i]!;
    sum += p;
    binary += p * (1 - p);
    variance += residuals.dispersion[models[i]!]! * p * (1 - p);
    third += p * (1 - p) * (1 - 2 * p);
  }
  const mean = sum / n;
  const z = normalQuantile(confidence);
  const { bias, outcomes } = residuals;
  // Student's for what the history's own spread is not known by heart.
  const historyError = residuals.standardError * inflation(confidence, outcomes - 1);
  const samplingVariance = variance / n ** 2;
  const errorVariance = samplingVariance + historyError ** 2;

  let before: number;
  if (n < SMALL) {
    const share = binary > 0 ? Math.sqrt(variance / binary) : 1;
    before = smallBound(predicted, bias, historyError, Math.min(share, 1), confidence);
  } else {
    // A part that is not skewed takes from the skewness of the other.
    const skewness =
      samplingVariance > 0 ? (third / binary ** 1.5) * (samplingVariance / errorVariance) ** 1.5 : 0;
    before = mean + bias - (z - ((z * z - 1) / 6) * skewness) * Math.sqrt(errorVariance);
  }
  before = Math.min(Math.max(before, 0), 1);
  const shift = novelty * residuals.betweenClusters * z * inflation(confidence, residuals.clusters - 1);
  const quality = Math.min(Math.max(before - shift, 0), 1);
  const chance = mean + bias - before;
  const sampling = errorVariance > 0 ? (chance * samplingVariance) / errorVariance : chance;
  return {
    quality,
    margin: {
      total: mean + bias - quality,
      sampling,
      history: chance - sampling,
      shift: before - quality,
    },
  };
}

/** Student's quantile over the normal one. */
function inflation(confidence: number, freedom: number): number {
  const z = normalQuantile(confidence);
  return z === 0 ? 1 : studentQuantile(confidence, Math.max(freedom, 9)) / z;
}

/**
 * The largest mean of `n` outcomes that is reached with the confidence, where each is its expectation plus `share` times what
 * an outcome of 0 or 1 deviates from it.
 */
function smallBound(
  predicted: ArrayLike<number>,
  bias: number,
  error: number,
  share: number,
  confidence: number,
): number {
  const n = predicted.length;
  const reached = new Float64Array(n + 1);
  let expected = 0;
  for (const [node, weight] of [
    [0, 2 / 3],
    [Math.sqrt(3), 1 / 6],
    [-Math.sqrt(3), 1 / 6],
  ] as const) {
    const shifted = Float64Array.from(predicted, p => Math.min(Math.max(p + bias + node * error, 0), 1));
    expected += weight * shifted.reduce((sum, p) => sum + p, 0);
    const distribution = binarySumDistribution(shifted);
    let tail = 0;
    for (let k = n; k >= 0; k--) {
      tail += distribution[k]!;
      reached[k]! += weight * tail;
    }
  }
  // With nothing to reach the probability is 1, whatever rounding has made of it.
  let k = n;
  while (k > 0 && reached[k]! < confidence) k--;
  return Math.max(0, (1 - share) * expected + share * k) / n;
}
