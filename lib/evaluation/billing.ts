import type { History } from "../history/history.js";
import type { ModelPool } from "../pool/pool.js";
import { InputTokenEstimator } from "../prediction/input-tokens.js";

/** How the costs of graded outcomes are known, over a whole set. */
export interface CostCounts {
  /** Outcomes with a grade. */
  readonly graded: number;
  /** Of these, by what their costs are: what the records say, */
  readonly recorded: number;
  /** or their tokens at the pool's prices, */
  readonly counted: number;
  /** or the same with the input's tokens estimated from the text's length, */
  readonly inputEstimated: number;
  /** or with the mean length of their model's answers in the place of theirs, */
  readonly lengthAssumed: number;
  /** or nothing: where a model that is paid for its output has not one answer whose length or cost is known. */
  readonly unknown: number;
}

/**
 * Completes the costs of a set's outcomes: where a record does not say one, it is that of its tokens at the pool's prices, those
 * of the input estimated by its length, and those of an answer taken as the mean of its model's, as far as they are unknown.
 */
export class Billing {
  readonly #pool: ModelPool;
  readonly #tokens: InputTokenEstimator;
  /** Per model, NaN where no answer's length is known and it matters. */
  readonly #meanLength: Float64Array;

  constructor(history: History, pool: ModelPool) {
    this.#pool = pool;
    this.#tokens = InputTokenEstimator.fit(history.queries, history.inputTokens);
    const [sums, counts] = [new Float64Array(pool.size), new Float64Array(pool.size)];
    history.outputTokens.forEach((length, cell) => {
      if (Number.isNaN(length)) return;
      sums[cell % pool.size]! += length;
      counts[cell % pool.size]!++;
    });
    this.#meanLength = sums.map((sum, column) =>
      pool.models[column]!.outputPer1M === 0 ? 0 : sum / counts[column]!,
    );
  }

  /** `[rows x models]`, USD, NaN where nothing is known of an outcome or its cost cannot be told; and how each is known. */
  costs(history: History): { readonly cost: Float32Array; readonly counts: CostCounts } {
    const width = this.#pool.size;
    const counts = { graded: 0, recorded: 0, counted: 0, inputEstimated: 0, lengthAssumed: 0, unknown: 0 };
    const inputs = this.#tokens.complete([...history.queries], history.inputTokens);
    const cost = history.cost.map((recorded, cell) => {
      const isGraded = !Number.isNaN(history.quality[cell]!);
      const own = history.outputTokens[cell]!;
      const isLengthKnown = !Number.isNaN(own);
      if (isGraded) counts.graded++;
      if (!Number.isNaN(recorded)) {
        if (isGraded) counts.recorded++;
        return recorded;
      }
      if (!isGraded && !isLengthKnown) return Number.NaN;
      const row = Math.floor(cell / width);
      const column = cell % width;
      const { inputPer1M, outputPer1M } = this.#pool.models[column]!;
      const length = isLengthKnown ? own : this.#meanLength[column]!;
      const usd = (inputs[row]! * inputPer1M + length * outputPer1M) / 1e6;
      if (isGraded) {
        if (Number.isNaN(usd)) counts.unknown++;
        else if (!isLengthKnown && outputPer1M > 0) counts.lengthAssumed++;
        else if (Number.isNaN(history.inputTokens[row]!) && inputPer1M > 0) counts.inputEstimated++;
        else counts.counted++;
      }
      return usd;
    });
    return { cost, counts };
  }
}
