import { HybridPredictor } from "../prediction/hybrid-predictor.js";
import type { NeighbourPredictor } from "../prediction/neighbour-predictor.js";
import type { OutOfFoldPredictions } from "../prediction/out-of-fold.js";
import { embedTexts, embedTextsSync } from "./embed.js";
import type { RouterParts } from "./saved.js";
import type { RouterState } from "./state.js";

/** So many queries of the history are embedded at once. */
const ROWS_PER_CHUNK = 4096;

/** Of neighbours alone, made when they are first needed, as only promises need them. */
const leftOut = new WeakMap<NeighbourPredictor, OutOfFoldPredictions>();

/**
 * Predictions for the history's own queries: those of the fit, or, for a router of neighbours alone, with each query's own
 * row left out of its neighbours.
 */
export async function outOfFoldOf(
  { parts, predictor }: RouterState,
  signal: AbortSignal | undefined,
): Promise<OutOfFoldPredictions> {
  if (predictor instanceof HybridPredictor) return predictor.outOfFold;
  const known = leftOut.get(predictor);
  if (known !== undefined) return known;
  const whole = allocate(parts, predictor);
  for (const { start, texts, inputTokens, exclude } of chunks(parts)) {
    const embeddings = await embedTexts(parts.embedder, texts, signal);
    const options = { exclude, ...(signal ? { signal } : {}) };
    place(whole, await predictor.predict({ embeddings, inputTokens }, options), start);
  }
  leftOut.set(predictor, whole);
  return whole;
}

/** The same at once. */
export function outOfFoldSync({ parts, predictor }: RouterState): OutOfFoldPredictions {
  if (predictor instanceof HybridPredictor) return predictor.outOfFold;
  const known = leftOut.get(predictor);
  if (known !== undefined) return known;
  const whole = allocate(parts, predictor);
  for (const { start, texts, inputTokens, exclude } of chunks(parts)) {
    const embeddings = embedTextsSync(parts.embedder, texts);
    place(whole, predictor.predictSync({ embeddings, inputTokens }, { exclude }), start);
  }
  leftOut.set(predictor, whole);
  return whole;
}

function* chunks({ history, tokens }: RouterParts) {
  // Its queries may be more by now: those after its size are not its own.
  for (let start = 0; start < history.size; start += ROWS_PER_CHUNK) {
    const end = Math.min(history.size, start + ROWS_PER_CHUNK);
    const texts = history.queries.slice(start, end);
    yield {
      start,
      texts,
      inputTokens: tokens.complete(texts, history.inputTokens.subarray(start, end)),
      exclude: Int32Array.from(texts, (_, row) => start + row),
    };
  }
}

function allocate({ history }: RouterParts, { models }: NeighbourPredictor): OutOfFoldPredictions {
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
