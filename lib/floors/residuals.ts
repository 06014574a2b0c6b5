import { Prices } from "../assignment/prices.js";
import type { AssignmentProblem } from "../assignment/problem.js";
import type { OutOfFoldPredictions } from "../prediction/out-of-fold.js";

/** What is needed to see how predictions turned out: those made out of fold, and the outcomes. */
export interface FloorHistory {
  readonly outOfFold: OutOfFoldPredictions;
  /** `[rows x models]`, row-major: the outcomes' quality, NaN where it is not known. */
  readonly quality: Float32Array;
}

/** How the quality that a policy realised on the history differs from what was predicted of it, out of fold. */
export interface Residuals {
  /** Mean of realised minus predicted quality: below 0 where predictions promise too much. */
  readonly bias: number;
  /** Standard error of {@link bias}, as what it stands for in queries to come. */
  readonly standardError: number;
  /** Mean squared residual, over what it would be were each outcome 1 with the predicted probability and else 0. */
  readonly dispersion: number;
  /** As many outcomes, all of them known, would leave the same standard error. */
  readonly outcomes: number;
}

/** Fewer outcomes say too little of their own spread. */
export const FEWEST_OUTCOMES = 10;

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
 * On zeroeval and mmlu-pro, 10 and 4 splits, this makes the plans 1 to 1.5 % cheaper; over 0.25 to 4 it is the same.
 */
export function residualsAt(prices: Prices, history: FloorHistory, scope: Scope): Residuals | undefined {
  const at = (factor: number) => residualsOf(policyOnHistory(worth(prices, factor), history, scope), history);
  const own = at(1);
  if (own === undefined) return undefined;
  const biases = NEIGHBOURHOOD.map(factor => (factor === 1 ? own : (at(factor) ?? own)).bias);
  return { ...own, bias: biases.reduce((sum, bias) => sum + bias, 0) / biases.length };
}

/** The same prices with quality worth `factor` times as much. */
function worth({ objective, limits }: Prices, factor: number): Prices {
  const { quality, ...rest } = objective;
  return new Prices(
    quality === undefined ? objective : { ...rest, quality: quality * factor },
    limits.map(limit => (limit.quantity === "quality" ? { ...limit, price: limit.price * factor } : limit)),
  );
}

/**
 * How predictions turned out for the models chosen, `undefined` where fewer than {@link FEWEST_OUTCOMES} outcomes of them
 * are known.
 *
 * It is residuals that are averaged, not outcomes: most of what varies between queries is predicted, and does not count
 * as noise. Where outcomes are missing, the known ones of a model stand for its others, which is fair where it is chance, or what
 * the prediction knows, that decided what was graded: within a model by the prediction, between them by weight
 * (augmented inverse-probability weighting, Robins, Rotnitzky and Zhao 1994).
 *
 * The spread is taken as if one more answer had missed entirely, so that a history without a single failure does not
 * pass for proof that there will be none.
 */
export function residualsOf(choice: Uint8Array, { outOfFold, quality }: FloorHistory): Residuals | undefined {
  const { models, quality: predicted, rows } = outOfFold;
  const width = models.length;
  const chosen = new Float64Array(width);
  const known = new Float64Array(width);
  let outcomes = 0;
  for (let i = 0; i < rows; i++) {
    const j = choice[i]!;
    chosen[j]!++;
    if (Number.isNaN(quality[i * width + j]!)) continue;
    known[j]!++;
    outcomes++;
  }
  if (outcomes < FEWEST_OUTCOMES) return undefined;

  // Each known outcome stands for so many of its model's; where none is known, for none.
  const weight = chosen.map((count, j) => (known[j] === 0 ? 0 : count / known[j]!));
  const covered = chosen.reduce((sum, count, j) => sum + (known[j] === 0 ? 0 : count), 0);
  const each = (visit: (weight: number, residual: number, p: number) => void) => {
    for (let i = 0; i < rows; i++) {
      const j = choice[i]!;
      const a = quality[i * width + j]!;
      if (!Number.isNaN(a)) visit(weight[j]!, a - predicted[i * width + j]!, predicted[i * width + j]!);
    }
  };
  let sum = 0;
  each((w, r) => {
    sum += w * r;
  });
  const bias = sum / covered;
  let [squares, weightedSquares, binary] = [0, 0, 0];
  each((w, r, p) => {
    const square = (r - bias) ** 2;
    squares += w * square;
    weightedSquares += w * w * square;
    binary += w * p * (1 - p);
  });
  const miss = 1;
  const variance = (squares + miss) / covered;
  // All the rows of which nothing is known may be off together: they count as a single one.
  const uncovered = (rows - covered) / rows;
  const squaredError =
    ((weightedSquares + miss) / covered ** 2) * (outcomes / (outcomes - 1)) + uncovered ** 2 * variance;
  return {
    bias,
    standardError: Math.sqrt(squaredError),
    dispersion: (squares + miss) / (binary + miss),
    outcomes: variance / squaredError,
  };
}
