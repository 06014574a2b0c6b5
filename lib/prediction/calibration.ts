/** A model's predictions on the logit scale become `intercept + slope * logit`. `[models]` each. */
export interface Calibration {
  readonly intercepts: Float64Array;
  readonly slopes: Float64Array;
}

/** Grades and how they were observed: matrices `[rows x models]`, row-major. */
export interface WeightedOutcomes {
  /** Grades from 0 to 1, NaN = missing. */
  readonly quality: Float32Array;
  /** The inverse of a grade's weight, above 0; NaN where it does not count. */
  readonly propensity: Float32Array;
}

/** Standard deviations of a model's intercept and slope about 0 and 1: what a fit without weights is off by. */
const INTERCEPT_DEVIATION = 1;
const SLOPE_DEVIATION = 0.5;

/** A single grade counts as this many at most, so that none decides alone. */
const MOST_WEIGHT = 50;

const MOST_STEPS = 20;

/**
 * What makes out-of-fold predictions right on average over all queries, and over the hard ones and the easy ones among them,
 * where grades were observed with different probabilities: a logistic regression for each model on the logit of its
 * predictions (Platt 1999), weighted by the inverse probabilities, with a normal prior about "as they are". A fit that
 * takes the graded queries of each model for its whole traffic is off by what the selection has done.
 *
 * @param predicted `[rows x models]`, above 0 and below 1
 */
export function calibrate(
  predicted: Float32Array,
  { quality, propensity }: WeightedOutcomes,
  models: number,
): Calibration {
  const intercepts = new Float64Array(models);
  const slopes = new Float64Array(models).fill(1);
  for (let j = 0; j < models; j++) {
    const cells: { x: number; y: number; weight: number }[] = [];
    let [sum, squares] = [0, 0];
    for (let at = j; at < quality.length; at += models) {
      const weight = Math.min(1 / propensity[at]!, MOST_WEIGHT);
      if (Number.isNaN(quality[at]) || !(weight > 0)) continue;
      cells.push({ x: logit(predicted[at]!), y: quality[at]!, weight });
      sum += weight;
      squares += weight * weight;
    }
    if (cells.length === 0) continue;
    // Weights that add up to the effective sample size: grades that stand for many others say no more than they are.
    const scale = sum / squares;
    for (let step = 0; step < MOST_STEPS; step++) {
      let [g0, g1] = [-intercepts[j]! / INTERCEPT_DEVIATION ** 2, (1 - slopes[j]!) / SLOPE_DEVIATION ** 2];
      let [h00, h01, h11] = [1 / INTERCEPT_DEVIATION ** 2, 0, 1 / SLOPE_DEVIATION ** 2];
      for (const { x, y, weight } of cells) {
        const p = logistic(intercepts[j]! + slopes[j]! * x);
        const w = scale * weight;
        g0 += w * (y - p);
        g1 += w * (y - p) * x;
        const h = w * p * (1 - p);
        h00 += h;
        h01 += h * x;
        h11 += h * x * x;
      }
      const determinant = h00 * h11 - h01 * h01;
      const [d0, d1] = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant];
      intercepts[j]! += d0;
      slopes[j]! += d1;
      if (Math.abs(d0) + Math.abs(d1) < 1e-9) break;
    }
  }
  return { intercepts, slopes };
}

/** Predictions `[rows x models]` after a calibration. */
export function calibrated(predicted: Float32Array, { intercepts, slopes }: Calibration): Float32Array {
  const models = intercepts.length;
  return predicted.map((p, at) => logistic(intercepts[at % models]! + slopes[at % models]! * logit(p)));
}

const LEAST = 1e-6;

function logit(p: number): number {
  const inside = Math.min(Math.max(p, LEAST), 1 - LEAST);
  return Math.log(inside / (1 - inside));
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
