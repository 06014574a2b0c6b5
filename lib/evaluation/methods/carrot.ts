import type { Method } from "./method.js";
import { neighbourMeans } from "./neighbour-means.js";
import { priceRules, qualityPrices } from "./price-rules.js";
import { fitScored } from "./scored.js";
import { bestCandidate } from "./tuning.js";

const NEIGHBOURS = [10, 25, 50, 100, 200];

/** CARROT's kNN variant: quality and cost by nearest neighbours, each query at one price of quality. */
export const carrot: Method = {
  id: "carrot-knn",
  label: "CARROT-style kNN",
  about:
    "Quality and cost as means of the k nearest queries of the history, each query by itself at one price of quality (CARROT, arXiv 2502.03261).",
  async fit(split) {
    const prices = qualityPrices(split);
    const candidates = NEIGHBOURS.map(k => ({ k, estimates: neighbourMeans(split, "history", k) }));
    const { k, estimates } = bestCandidate(split, candidates, ({ estimates: { quality, cost } }) =>
      priceRules(prices, quality, cost),
    );
    const sides = { history: estimates, heldOut: neighbourMeans(split, "heldOut", k) };
    return fitScored(split, {
      predicted: sides.heldOut,
      chosen: `k = ${k}`,
      rules: side => priceRules(prices, sides[side].quality, sides[side].cost),
    });
  },
};
