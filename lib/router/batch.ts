import { clusterOf } from "../floors/evidence.js";
import type { Embedder } from "../prediction/embedder.js";
import type { Predictions } from "../prediction/predictor.js";
import { embedTexts, embedTextsSync } from "./embed.js";
import { type QueryColumns, queryColumns, type RouteQuery } from "./queries.js";
import type { RouteTimings } from "./route-plan.js";
import type { RouterState } from "./state.js";

/** So many queries are embedded at once: bounds the memory of a batch of any size. */
const ROWS_PER_CHUNK = 8192;

/** A batch's predictions, and what they took. */
export interface Predicted extends Omit<RouteTimings, "assign"> {
  readonly predictions: Predictions;
  /** `[rows]`: the cluster of the history that each query is nearest to. */
  readonly cluster: Uint8Array;
  embed: number;
  predict: number;
}

export function columnsOf(
  { parts: { pool, tokens }, usable }: RouterState,
  queries: readonly (string | RouteQuery)[],
  groupNames: readonly string[] = [],
): QueryColumns {
  return queryColumns(queries, { pool, tokens, groupNames, usable });
}

export async function predict(
  { parts: { embedder, pool, evidence }, predictor }: RouterState,
  columns: QueryColumns,
  signal: AbortSignal | undefined,
  onProgress?: (done: number, total: number) => void,
): Promise<Predicted> {
  const rows = columns.texts.length;
  const predicted = newPredicted(rows, pool.names);
  for (const { start, end, texts, inputTokens } of chunks(columns)) {
    const clock = performance.now();
    const embeddings = await embedTexts(embedder, texts, signal);
    const embedded = performance.now();
    const part = await predictor.predict({ embeddings, inputTokens, texts }, signal ? { signal } : {});
    predicted.cluster.set(clusterOf(evidence.clusters.centres, vectorsOf(embeddings, embedder)), start);
    place(predicted, part, start, embedded - clock, performance.now() - embedded);
    onProgress?.(end, rows);
  }
  return predicted;
}

export function predictSync(
  { parts: { embedder, pool, evidence }, predictor }: RouterState,
  columns: QueryColumns,
): Predicted {
  const predicted = newPredicted(columns.texts.length, pool.names);
  for (const { start, texts, inputTokens } of chunks(columns)) {
    const clock = performance.now();
    const embeddings = embedTextsSync(embedder, texts);
    const embedded = performance.now();
    const part = predictor.predictSync({ embeddings, inputTokens, texts });
    predicted.cluster.set(clusterOf(evidence.clusters.centres, vectorsOf(embeddings, embedder)), start);
    place(predicted, part, start, embedded - clock, performance.now() - embedded);
  }
  return predicted;
}

function* chunks({ texts, inputTokens }: QueryColumns) {
  for (let start = 0; start < texts.length; start += ROWS_PER_CHUNK) {
    const end = Math.min(texts.length, start + ROWS_PER_CHUNK);
    yield { start, end, texts: texts.slice(start, end), inputTokens: inputTokens.subarray(start, end) };
  }
}

function vectorsOf(vectors: Float32Array, { dimension }: Embedder) {
  return { vectors, dimension };
}

function newPredicted(rows: number, models: readonly string[]): Predicted {
  const matrix = () => new Float32Array(rows * models.length);
  return {
    predictions: {
      rows,
      models,
      quality: matrix(),
      outputTokens: matrix(),
      cost: matrix(),
      support: matrix(),
      nearest: new Float32Array(rows),
    },
    cluster: new Uint8Array(rows),
    embed: 0,
    predict: 0,
  };
}

/** Puts a chunk's predictions where they belong, and adds its times. */
function place(whole: Predicted, part: Predictions, row: number, embed: number, predict: number): void {
  const { models, quality, outputTokens, cost, support, nearest } = whole.predictions;
  quality.set(part.quality, row * models.length);
  outputTokens.set(part.outputTokens, row * models.length);
  cost.set(part.cost, row * models.length);
  support.set(part.support, row * models.length);
  nearest.set(part.nearest, row);
  whole.embed += embed;
  whole.predict += predict;
}
