import type { EvaluationSplit } from "../evaluation-split.js";
import { columnMeans } from "../outcomes.js";
import type { Rules } from "./method.js";

/** Points of every method's curve: from one to the next a price rises by some 5 %. */
export const POINTS = 300;

/**
 * Prices of quality, USD per unit: 0, where only cost counts, then geometric from less than the cheapest model's cost of a query to
 * where a thousandth of quality is worth the dearest's, and the same for all methods of a split.
 */
export function qualityPrices({ outcomes }: EvaluationSplit): Float64Array {
  const { cost, width } = outcomes.history;
  const means = columnMeans(cost, width).filter(mean => mean > 0);
  const [low, high] = [0.3 * Math.min(...means), 1e3 * Math.max(...means)];
  return Float64Array.from({ length: POINTS }, (_, p) =>
    p === 0 ? 0 : low * (high / low) ** (p / (POINTS - 1)),
  );
}

/** Each query to the model with the least cost - price * quality, by a price per point. */
export function priceRules(prices: Float64Array, quality: Float32Array, cost: Float32Array): Rules {
  return {
    count: prices.length,
    score: point => {
      const price = prices[point]!;
      return cell => cost[cell]! - price * quality[cell]!;
    },
  };
}
