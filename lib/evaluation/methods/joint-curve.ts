import { frontier } from "../../assignment/frontier.js";
import { Prices } from "../../assignment/prices.js";
import type { Quantities } from "../../assignment/problem.js";
import { capacityLimits, floorsWithin } from "./floors-within.js";

export interface JointProblem {
  readonly models: readonly string[];
  readonly quantities: Quantities & { readonly quality: Float32Array; readonly cost: Float32Array };
  readonly allowed?: BigUint64Array;
}

/**
 * Choices for all queries together, from the cheapest to the best: without capacities at each of the given prices of quality, which
 * is then the best plan of its quality; within capacities along the frontier, a solve for each floor.
 *
 * @param share of the batch that each model may take at most
 */
export function jointCurve(problem: JointProblem, prices: Float64Array, share: number): Uint8Array[] {
  const rows = problem.quantities.quality.length / problem.models.length;
  const limits = capacityLimits(problem.models, share, rows);
  if (limits.length === 0)
    return Array.from(prices, price =>
      new Prices({ cost: 1 }, [{ quantity: "quality", sense: "atLeast", price }]).choose(problem),
    );
  const limited = { ...problem, limits };
  const curve = frontier(
    { ...limited, objective: { minimize: "cost" } },
    { mean: "quality", atLeast: floorsWithin(limited) },
    { plans: true },
  );
  const choices: Uint8Array[] = [];
  for (let point = 0; point < curve.size; point++)
    if (!Number.isNaN(curve.gap[point]!)) choices.push(curve.choice(point));
  return choices;
}
