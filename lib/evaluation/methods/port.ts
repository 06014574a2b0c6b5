import { frontier } from "../../assignment/frontier.js";
import type { EvaluationSplit } from "../evaluation-split.js";
import { capacityLimits, floorsWithin } from "./floors-within.js";
import type { Method, Rules } from "./method.js";
import { type Estimates, neighbourMeans } from "./neighbour-means.js";
import { priceRules, qualityPrices } from "./price-rules.js";
import { fitScored } from "./scored.js";
import { bestCandidate } from "./tuning.js";

const NEIGHBOURS = [10, 25, 50, 100, 200];

/** The prices of one floor. */
interface LearnedPrices {
  /** USD per unit of quality. */
  readonly quality: number;
  /** Per model, USD per query. */
  readonly capacity: Float64Array;
}

/** PORT: prices of quality and of every model's capacity, learned once and kept for all that comes. */
export const port: Method = {
  id: "port",
  label: "Prices learned once (PORT)",
  about:
    "Quality and cost by nearest neighbours; prices of quality and of each model's capacity solved for on the history once, then kept: no later batch is solved (PORT, arXiv 2509.02718).",
  async fit(split) {
    const uniform = qualityPrices(split);
    const candidates = NEIGHBOURS.map(k => ({ k, estimates: neighbourMeans(split, "history", k) }));
    const { k, estimates } = bestCandidate(split, candidates, ({ estimates: { quality, cost } }) =>
      priceRules(uniform, quality, cost),
    );
    const sides = { history: estimates, heldOut: neighbourMeans(split, "heldOut", k) };
    const learned = new Map<number, LearnedPrices[]>();
    return fitScored(split, {
      predicted: sides.heldOut,
      chosen: `k = ${k}`,
      rules: (side, share) => {
        let prices = learned.get(share);
        if (prices === undefined) {
          prices = learnPrices(split, estimates, share, uniform[1]!);
          learned.set(share, prices);
        }
        return pricedRules(prices, sides[side], split.pool.size);
      },
    });
  },
};

/**
 * One set of prices for each floor of the frontier over the history.
 *
 * @param least price of quality, so that models of equal cost are told apart by it
 */
function learnPrices(
  { pool }: EvaluationSplit,
  { quality, cost }: Estimates,
  share: number,
  least: number,
): LearnedPrices[] {
  const rows = quality.length / pool.size;
  const problem = {
    models: pool.names,
    quantities: { quality, cost },
    limits: capacityLimits(pool.names, share, rows),
  };
  const curve = frontier(
    { ...problem, objective: { minimize: "cost" } },
    { mean: "quality", atLeast: floorsWithin(problem) },
  );
  const prices: LearnedPrices[] = [];
  for (let point = 0; point < curve.size; point++) {
    if (Number.isNaN(curve.objective[point]!)) continue;
    const at = curve.prices(point);
    prices.push({
      quality: Math.max(least, at.of("quality")),
      capacity: Float64Array.from(pool.names, model => at.of("requests", { model })),
    });
  }
  return prices;
}

function pricedRules(prices: readonly LearnedPrices[], { quality, cost }: Estimates, width: number): Rules {
  return {
    count: prices.length,
    score: point => {
      const { quality: price, capacity } = prices[point]!;
      return cell => cost[cell]! - price * quality[cell]! + capacity[cell % width]!;
    },
  };
}
