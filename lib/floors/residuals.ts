import { Prices } from "../assignment/prices.js";
import type { AssignmentProblem } from "../assignment/problem.js";
import type { OutOfFoldPredictions } from "../prediction/out-of-fold.js";
import type { Evidence } from "./evidence.js";

/** What is needed to see how predictions turned out: those made out of fold, the outcomes, and how they were observed. */
export interface FloorHistory {
  readonly outOfFold: OutOfFoldPredictions;
  /** `[rows x models]`, row-major: the outcomes' quality, NaN where it is not known. */
  readonly quality: Float32Array;
  readonly evidence: Evidence;
}

/** How the quality that a policy realised on the history differs from what was predicted of it, out of fold. */
export interface Residuals {
  /** Mean of realised minus predicted quality: below 0 where predictions promise too much. */
  readonly bias: number;
  /** Standard error of {@link bias}, as what it stands for in queries to come. */
  readonly standardError: number;
  /**
   * `[models]`: mean squared residual, over what it would be were each outcome 1 with the predicted probability and else 0;
   * of a model with few outcomes nearer to that of all models.
   */
  readonly dispersion: Float64Array;
  /** Effective sample size: as many outcomes of equal weight would leave the same standard error. */
  readonly outcomes: number;
  /** Standard deviation, from one cluster of queries to the next, of what the chosen models realise beside their own means. */
  readonly betweenClusters: number;
  /** Clusters with outcomes. */
  readonly clusters: number;
}

/** Why nothing can be said of a policy. */
export interface Refusal {
  /**
   * `"selection"`: it is not known how the models of most graded answers were selected. `"overlap"`: the history has hardly
   * any graded answers of the chosen models on such queries. `"history"`: it has too few graded answers.
   */
  readonly reason: "selection" | "overlap" | "history";
}

/** Fewer outcomes say too little of their own spread. */
export const FEWEST_OUTCOMES = 10;

/** Of a sum of weights. */
const ROUNDING = 1e-6;

/** A grade with a smaller probability of being observed stands for too many others: its query counts as one without overlap. */
const LEAST_PROPENSITY = 0.01;

/** So much of what a policy chooses may lack overlap. The rest of it is unknown, and widens the standard error. */
const MOST_WITHOUT_OVERLAP = 0.05;

/**
 * Parameters that a fit takes from the outcomes: with `n` of them, out-of-fold residuals understate the variance of the mean
 * residual of new queries by a factor of 1 + parameters / n (cf. Bates, Hastie and Tibshirani, "Cross-validation: what does
 * it estimate and how well does it do it?", JASA 119, 2024). Over 200 simulated histories of 60 queries the factor was 1.4, over 80 of
 * 300 1.1. With 20 parameters 88.1 % of the promises at .9 were kept over 1,500 histories of 60 queries, with 30 89.8 %.
 */
const FITTED_PARAMETERS = 30;

/** The dispersion of all models counts as so many outcomes in that of each. */
const DISPERSION_PRIOR = 20;

/** The part of a batch that a floor is over, as far as it decides which models a query may go to. */
export type Scope = Pick<AssignmentProblem, "allowed" | "groups" | "groupNames">;

/**
 * What each query of the history would have been given at these prices, had it been in the batch: `[rows]`, columns of
 * the models. Prices are all there is to a policy (arXiv 2502.20576, section 3.2), so a plan's prices make its policy
 * on other queries. The history's rows stand for the scope's in turn: each takes the tenant and the allowed models of
 * one of them.
 */
export function policyOnHistory(
  prices: Prices,
  { outOfFold }: FloorHistory,
  { allowed, groups, groupNames }: Scope,
): Uint8Array {
  const { rows, models, quality, cost } = outOfFold;
  const spread = <A extends BigUint64Array | Uint16Array>(values: A, out: A): A => {
    for (let i = 0; i < rows; i++) out[i] = values[Math.floor((i * values.length) / rows)]!;
    return out;
  };
  return prices.choose({
    models,
    quantities: { quality, cost },
    ...(allowed === undefined ? {} : { allowed: spread(allowed, new BigUint64Array(rows)) }),
    ...(groups === undefined ? {} : { groups: spread(groups, new Uint16Array(rows)) }),
    ...(groupNames === undefined ? {} : { groupNames }),
  });
}

/** Factors of the worth of quality over which the bias is averaged. */
const NEIGHBOURHOOD = [0.5, Math.SQRT1_2, 1, Math.SQRT2, 2];

/**
 * How predictions turn out at these prices. The bias is the mean over neighbouring prices, as it changes slowly with them,
 * and the search for the least floor that will do would else stop where chance is favourable.
 *
 * @param weights `[rows]`: how often the batch has queries like each of the history's, relative to the history (shift.ts)
 */
export function residualsAt(
  prices: Prices,
  history: FloorHistory,
  scope: Scope,
  weights: Float64Array,
): Residuals | Refusal {
  const at = (factor: number) =>
    residualsOf(policyOnHistory(worth(prices, factor), history, scope), history, weights);
  const own = at(1);
  if ("reason" in own) return own;
  let [sum, count] = [0, 0];
  for (const factor of NEIGHBOURHOOD) {
    const near = factor === 1 ? own : at(factor);
    if ("reason" in near) continue;
    sum += near.bias;
    count++;
  }
  return { ...own, bias: sum / count };
}

/** The same prices with quality worth `factor` times as much. */
function worth({ objective, limits }: Prices, factor: number): Prices {
  const { quality, ...rest } = objective;
  return new Prices(
    quality === undefined ? objective : { ...rest, quality: quality * factor },
    limits.map(limit => (limit.quantity === "quality" ? { ...limit, price: limit.price * factor } : limit)),
  );
}

/** One graded answer of a model that the policy chooses. */
interface Observed {
  readonly row: number;
  readonly model: number;
  readonly outcome: number;
  readonly predicted: number;
  weight: number;
}

/**
 * How predictions turned out for the models chosen.
 *
 * Residuals are averaged, not outcomes: most of what varies between queries is predicted, and does not count as noise. A
 * residual is weighted by the inverse of the probability with which it is observed, and weights are normalised within each
 * model, so that its graded answers stand for all queries that the policy gives it (augmented inverse-probability
 * weighting: Robins, Rotnitzky and Zhao, JASA 89, 1994; self-normalised: Hajek 1971). Rows whose selection is not known
 * count for nothing.
 *
 * The spread is taken as if one more answer had missed entirely, so that a history without a single failure does not
 * pass for proof that there will be none.
 */
export function residualsOf(
  choice: Uint8Array,
  { outOfFold, quality, evidence }: FloorHistory,
  weights: Float64Array,
): Residuals | Refusal {
  const { models, quality: predicted, rows } = outOfFold;
  const width = models.length;
  const { known, propensity } = evidence;
  const chosen = new Float64Array(width);
  const without = new Float64Array(width);
  const observedWeight = new Float64Array(width);
  const squaredWeight = new Float64Array(width);
  const observed: Observed[] = [];
  let unknownOutcomes = 0;
  for (let row = 0; row < rows; row++) {
    const model = choice[row]!;
    const at = row * width + model;
    const outcome = quality[at]!;
    if (known[row] === 0) {
      if (!Number.isNaN(outcome)) unknownOutcomes++;
      continue;
    }
    chosen[model]! += weights[row]!;
    const probability = propensity[at]!;
    if (probability < LEAST_PROPENSITY) without[model]! += weights[row]!;
    else if (!Number.isNaN(outcome) && !Number.isNaN(probability)) {
      const weight = weights[row]! / probability;
      observedWeight[model]! += weight;
      squaredWeight[model]! += weight * weight * (1 - probability);
      observed.push({ row, model, outcome, predicted: predicted[at]!, weight });
    }
  }
  if (observed.length < FEWEST_OUTCOMES)
    return { reason: unknownOutcomes >= FEWEST_OUTCOMES ? "selection" : "history" };

  const total = sumOf(chosen);
  const covered = chosen.map((weight, j) => {
    const possible = weight - without[j]!;
    // Were the probabilities right, the inverse ones of the grades observed would add up to the rows, but for chance.
    const chance = 2 * Math.sqrt(squaredWeight[j]!);
    return observedWeight[j] === 0 ? 0 : Math.min(observedWeight[j]! + chance, possible);
  });
  const uncovered = 1 - sumOf(covered) / total;
  if (uncovered > MOST_WITHOUT_OVERLAP) return { reason: "overlap" };
  const all = sumOf(covered);
  for (const each of observed) each.weight *= covered[each.model]! / (observedWeight[each.model]! * all);

  let bias = 0;
  for (const { weight, outcome, predicted } of observed) bias += weight * (outcome - predicted);
  const squares = new Float64Array(width);
  const binary = new Float64Array(width);
  const counts = new Float64Array(width);
  let [squaredWeights, weightedSquares, variance] = [0, 0, 0];
  for (const { model, weight, outcome, predicted } of observed) {
    const square = (outcome - predicted - bias) ** 2;
    squares[model]! += square;
    binary[model]! += predicted * (1 - predicted);
    counts[model]!++;
    squaredWeights += weight * weight;
    weightedSquares += weight * weight * square;
    variance += weight * square;
  }
  const miss = 1;
  const n = 1 / squaredWeights;
  if (n < FEWEST_OUTCOMES - ROUNDING) return { reason: "history" };
  variance += miss / n;
  const squaredError =
    (weightedSquares + miss / n ** 2) * (n / (n - 1)) * (1 + FITTED_PARAMETERS / n) +
    uncovered ** 2 * variance;
  return {
    bias,
    standardError: Math.sqrt(squaredError),
    dispersion: dispersionOf(squares, binary, counts, miss),
    outcomes: variance / squaredError,
    ...betweenClusters(observed, evidence.clusters.of, width),
  };
}

/**
 * What one model is expected to realize on all rows of which it is known how their grades were selected: the mean of its
 * out-of-fold predictions, corrected by its residuals. Empty where that is not known.
 */
export function levelOf(
  column: number,
  history: FloorHistory,
): { readonly quality?: number; readonly uncertainty?: number } {
  const { rows, models, quality } = history.outOfFold;
  const residuals = residualsOf(new Uint8Array(rows).fill(column), history, new Float64Array(rows).fill(1));
  if ("reason" in residuals) return {};
  let [sum, count] = [0, 0];
  history.evidence.known.forEach((known, row) => {
    if (known === 0) return;
    sum += quality[row * models.length + column]!;
    count++;
  });
  const expected = Math.min(Math.max(sum / count + residuals.bias, 0), 1);
  return { quality: expected, uncertainty: residuals.standardError };
}

function dispersionOf(
  squares: Float64Array,
  binary: Float64Array,
  counts: Float64Array,
  miss: number,
): Float64Array {
  const allBinary = sumOf(binary) + miss;
  const ofAll = (sumOf(squares) + miss) / allBinary;
  const prior = (DISPERSION_PRIOR * allBinary) / (sumOf(counts) + miss);
  return squares.map((square, j) => (square + prior * ofAll) / (binary[j]! + prior));
}

/** How far clusters differ in what the chosen models realise beside their own means, without what is chance. */
function betweenClusters(
  observed: readonly Observed[],
  clusterOf: Uint8Array,
  width: number,
): Pick<Residuals, "betweenClusters" | "clusters"> {
  const [sums, weights] = [new Float64Array(width), new Float64Array(width)];
  for (const { model, weight, outcome } of observed) {
    sums[model]! += weight * outcome;
    weights[model]! += weight;
  }
  const deviation = ({ model, outcome }: Observed) => outcome - sums[model]! / weights[model]!;
  const byCluster = new Map<
    number,
    { weight: number; squaredWeights: number; sum: number; squares: number }
  >();
  for (const each of observed) {
    const cluster = clusterOf[each.row]!;
    let own = byCluster.get(cluster);
    if (own === undefined) {
      own = { weight: 0, squaredWeights: 0, sum: 0, squares: 0 };
      byCluster.set(cluster, own);
    }
    const d = deviation(each);
    own.weight += each.weight;
    own.squaredWeights += each.weight ** 2;
    own.sum += each.weight * d;
    own.squares += each.weight * d * d;
  }
  let [between, noise, total] = [0, 0, 0];
  for (const { weight, squaredWeights, sum, squares } of byCluster.values()) {
    const mean = sum / weight;
    const share = squaredWeights / weight ** 2;
    between += weight * mean * mean;
    noise += weight * share * Math.max(0, squares / weight - mean * mean);
    total += weight;
  }
  return { betweenClusters: Math.sqrt(Math.max(0, (between - noise) / total)), clusters: byCluster.size };
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
