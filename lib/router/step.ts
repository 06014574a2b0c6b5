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
  if (growing === undefined) return { records, vectors };
  const { history: news, rows } = growing.news(records);
  if (news.size === 0) return { records, vectors };

  const { index, pool, tokens } = parts;
  const { size } = growing;
  const known = index.vectors(rows.filter(row => row < size));
  const embeddings = new Float32Array(news.size * index.dimension);
  let next = 0;
  for (const [at, row] of rows.entries()) {
    const vector =
      row < size ? rowOf(known, next++, index.dimension) : rowOf(vectors, row - size, index.dimension);
    embeddings.set(vector, at * index.dimension);
  }
  const inputTokens = tokens.complete(news.queries, news.inputTokens);
  const levels = await predictor.levelsAfter(
    { texts: news.queries, embeddings, inputTokens },
    { quality: news.quality, outputTokens: knownOutputTokens(news, inputTokens, pool.models) },
    // A query of the history is not its own neighbour.
    { exclude: rows.map(row => (row < size ? row : -1)), ...(signal ? { signal } : {}) },
  );
  return { records, vectors, levels };
}

function rowOf(vectors: Float32Array, row: number, dimension: number): Float32Array {
  return vectors.subarray(row * dimension, (row + 1) * dimension);
}
