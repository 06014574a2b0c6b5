import type { EvaluationSplit } from "../evaluation-split.js";
import { type GradedQueries, LowRankHead } from "./low-rank-head.js";
import type { Method } from "./method.js";
import { neighbourMeans } from "./neighbour-means.js";
import { priceRules, qualityPrices } from "./price-rules.js";
import { fitScored } from "./scored.js";
import { bestCandidate } from "./tuning.js";

const RANKS = [1, 2, 4, 8, 16];
const EPOCHS = 8;

/** The head predicts no cost: it is given the one of so many nearest neighbours. */
const COST_NEIGHBOURS = 100;

/** EmbedLLM: a factorisation of the graded answers, with the queries' embeddings on one side. */
export const matrixFactorisation: Method = {
  id: "matrix-factorisation",
  label: "Matrix factorisation (EmbedLLM)",
  about: `A learned vector for each model against the projected embedding of the query (EmbedLLM, arXiv 2410.02223), at one price of quality; costs from ${COST_NEIGHBOURS} nearest queries, as the method predicts none.`,
  async fit(split) {
    const { embeddings, dimension, outcomes, seed } = split;
    const queries: GradedQueries = {
      embeddings: embeddings.history,
      dimension,
      quality: outcomes.history.quality,
      models: split.pool.size,
    };
    const prices = qualityPrices(split);
    const cost = {
      history: neighbourMeans(split, "history", COST_NEIGHBOURS).cost,
      heldOut: neighbourMeans(split, "heldOut", COST_NEIGHBOURS).cost,
    };
    const candidates = RANKS.map(rank => ({ rank, quality: outOfFold(split, queries, rank) }));
    const { rank, quality } = bestCandidate(split, candidates, ({ quality }) =>
      priceRules(prices, quality, cost.history),
    );
    const all = Int32Array.from(split.fold, (_, row) => row);
    const head = LowRankHead.fit(queries, all, { rank, epochs: EPOCHS, seed });
    const sides = { history: quality, heldOut: head.predict(embeddings.heldOut) };
    return fitScored(split, {
      predicted: { quality: sides.heldOut },
      chosen: `rank ${rank}`,
      rules: side => priceRules(prices, sides[side], cost[side]),
    });
  },
};

function outOfFold(
  { fold, seed, signal }: EvaluationSplit,
  queries: GradedQueries,
  rank: number,
): Float32Array {
  const { models, dimension } = queries;
  const quality = new Float32Array(fold.length * models);
  for (let left = 0; left <= Math.max(...fold); left++) {
    signal?.throwIfAborted();
    const learned = Int32Array.from([...fold.keys()].filter(row => fold[row] !== left));
    const head = LowRankHead.fit(queries, learned, { rank, epochs: EPOCHS, seed });
    fold.forEach((own, row) => {
      if (own !== left) return;
      const query = queries.embeddings.subarray(row * dimension, (row + 1) * dimension);
      quality.set(head.predict(query), row * models);
    });
  }
  return quality;
}
