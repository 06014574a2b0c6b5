import type { History } from "../history/history.js";
import type { Embedder } from "../prediction/embedder.js";
import type { InputTokenEstimator } from "../prediction/input-tokens.js";
import type { NeighbourPredictor } from "../prediction/neighbour-predictor.js";
import type { OutOfFoldPredictions } from "../prediction/out-of-fold.js";
import type { QueryBatch } from "../prediction/predictor.js";
import { embedTexts, embedTextsSync } from "./embed.js";

/** What the history's queries are predicted with. */
interface Parts {
  readonly history: History;
  readonly embedder: Embedder;
  readonly tokens: InputTokenEstimator;
}

/** So many queries of the history are embedded at once. */
const ROWS_PER_CHUNK = 4096;

/** Predictions for the history's own queries, each with its own row left out of its neighbours. */
export async function leaveOneOut(
  parts: Parts,
  predictor: NeighbourPredictor,
  signal: AbortSignal | undefined,
): Promise<OutOfFoldPredictions> {
  const whole = allocate(parts, predictor);
  for (const chunk of chunks(parts)) {
    const embeddings = await embedTexts(parts.embedder, chunk.texts, signal);
    const batch: QueryBatch = { embeddings, inputTokens: chunk.inputTokens };
    const part = await predictor.predict(batch, { exclude: chunk.exclude, ...(signal ? { signal } : {}) });
    place(whole, part, chunk.start);
  }
  return whole;
}

/** The same at once. */
export function leaveOneOutSync(parts: Parts, predictor: NeighbourPredictor): OutOfFoldPredictions {
  const whole = allocate(parts, predictor);
  for (const chunk of chunks(parts)) {
    const embeddings = embedTextsSync(parts.embedder, chunk.texts);
    const part = predictor.predictSync(
      { embeddings, inputTokens: chunk.inputTokens },
      { exclude: chunk.exclude },
    );
    place(whole, part, chunk.start);
  }
  return whole;
}

function* chunks({ history, tokens }: Parts) {
  for (let start = 0; start < history.size; start += ROWS_PER_CHUNK) {
    const texts = history.queries.slice(start, start + ROWS_PER_CHUNK);
    const known = history.inputTokens.subarray(start, start + texts.length);
    const estimates = tokens.estimate(texts);
    yield {
      start,
      texts,
      inputTokens: known.map((count, row) => (Number.isNaN(count) ? estimates[row]! : count)),
      exclude: Int32Array.from(texts, (_, row) => start + row),
    };
  }
}

function allocate({ history }: Parts, { models }: NeighbourPredictor): OutOfFoldPredictions {
  const matrix = () => new Float32Array(history.size * models.length);
  return { rows: history.size, models, quality: matrix(), cost: matrix() };
}

function place(
  whole: OutOfFoldPredictions,
  part: Pick<OutOfFoldPredictions, "quality" | "cost">,
  row: number,
): void {
  whole.quality.set(part.quality, row * whole.models.length);
  whole.cost.set(part.cost, row * whole.models.length);
}
