import { HybridPredictor } from "../prediction/hybrid-predictor.js";
import { knownOutputTokens } from "../prediction/output-tokens.js";
import type { LearnedRecords } from "./changes.js";
import type { RouterState } from "./state.js";

/**
 * Records that are to be learned with what they make of the trained half's levels: by the state as it is before they are.
 *
 * @param state with what its history is a view of
 */
export async function withLevels(
  { parts, growing, predictor }: RouterState,
  { records, vectors }: LearnedRecords,
  signal: AbortSignal | undefined,
): Promise<LearnedRecords> {
  if (!(predictor instanceof HybridPredictor) || growing === undefined) return { records, vectors };
  const news = growing.news(records);
  if (news.size === 0) return { records, vectors };

  const { dimension } = parts.index;
  const { size } = growing;
  const isKnown = news.rows.map(row => (row < size ? 1 : 0));
  const known = parts.index.vectors(news.rows.filter(row => row < size));
  const embeddings = new Float32Array(news.size * dimension);
  let at = 0;
  for (const [i, row] of news.rows.entries()) {
    const from = isKnown[i] ? known.subarray(at, at + dimension) : rowOf(vectors, row - size, dimension);
    if (isKnown[i]) at += dimension;
    embeddings.set(from, i * dimension);
  }
  const inputTokens = parts.tokens.complete(news.queries, news.inputTokens);
  const levels = await predictor.levelsAfter(
    { texts: news.queries, embeddings, inputTokens },
    { quality: news.quality, outputTokens: knownOutputTokens(news, inputTokens, parts.pool.models) },
    { exclude: news.rows.map(row => (row < size ? row : -1)), ...(signal ? { signal } : {}) },
  );
  return { records, vectors, levels };
}

function rowOf(vectors: Float32Array, row: number, dimension: number): Float32Array {
  return vectors.subarray(row * dimension, (row + 1) * dimension);
}
