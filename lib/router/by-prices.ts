import type { RunnerUp } from "../assignment/plan.js";
import type { Prices } from "../assignment/prices.js";
import { columnsOf, predictSync } from "./batch.js";
import type { RouteQuery } from "./queries.js";
import type { RouterState } from "./state.js";

/** One query routed by given prices. */
export interface PricedRoute {
  /** Name of the model that is best at these prices. */
  readonly model: string;
  /** Predicted, 0 to 1. */
  readonly quality: number;
  /** Predicted, USD. */
  readonly cost: number;
  /** Predicted. */
  readonly outputTokens: number;
  /** The next best allowed model at these prices, and what it would lose; absent if no other is allowed. */
  readonly runnerUp?: RunnerUp;
}

export function routeByPrices(state: RouterState, query: string | RouteQuery, prices: Prices): PricedRoute {
  const { names } = state.parts.pool;
  const columns = columnsOf(state, [query]);
  const { quality, cost, outputTokens } = predictSync(state, columns).predictions;
  const group = typeof query === "string" ? undefined : query.group;
  const allowed = columns.allowed?.[0];
  let best: { column: number; reduced: number } | undefined;
  let second: typeof best;
  names.forEach((model, column) => {
    if (allowed !== undefined && !((allowed >> BigInt(column)) & 1n)) return;
    const values = {
      quality: quality[column]!,
      cost: cost[column]!,
      outputTokens: outputTokens[column]!,
    };
    const candidate = { column, reduced: prices.reduced(model, values, group) };
    if (best === undefined || candidate.reduced < best.reduced) [best, second] = [candidate, best];
    else if (second === undefined || candidate.reduced < second.reduced) second = candidate;
  });
  const { column, reduced } = best!; // the columns allow at least one model
  return {
    model: names[column]!,
    quality: quality[column]!,
    cost: cost[column]!,
    outputTokens: outputTokens[column]!,
    ...(second === undefined
      ? {}
      : { runnerUp: { model: names[second.column]!, loss: second.reduced - reduced } }),
  };
}
