import type { Method, Rules } from "./method.js";
import { type Estimates, neighbourMeans } from "./neighbour-means.js";
import { POINTS } from "./price-rules.js";
import { fitScored } from "./scored.js";
import { bestCandidate } from "./tuning.js";

const NEIGHBOURS = [8, 16, 32, 64, 128];

/** Dearer than any query: what falls short of the threshold comes after all that does not. */
const BELOW = 1e6;

/** The cheapest model whose predicted quality reaches a threshold, else the one of highest predicted quality. */
export function thresholdRules({ quality, cost }: Estimates): Rules {
  return {
    count: POINTS,
    score: point => {
      const threshold = point / (POINTS - 1);
      return cell => (quality[cell]! >= threshold ? cost[cell]! : BELOW - quality[cell]!);
    },
  };
}

export const threshold: Method = {
  id: "threshold",
  label: "Threshold per query",
  about:
    "The cheapest model whose predicted quality reaches a threshold, else the best predicted: what the public code of the paper does (arXiv 2502.20576), with its plain mean of k nearest neighbours.",
  async fit(split) {
    const candidates = NEIGHBOURS.map(k => ({ k, estimates: neighbourMeans(split, "history", k) }));
    const { k, estimates } = bestCandidate(split, candidates, ({ estimates }) => thresholdRules(estimates));
    const sides = { history: estimates, heldOut: neighbourMeans(split, "heldOut", k) };
    return fitScored(split, {
      predicted: sides.heldOut,
      chosen: `k = ${k}`,
      rules: side => thresholdRules(sides[side]),
    });
  },
};
