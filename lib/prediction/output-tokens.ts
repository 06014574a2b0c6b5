import { OmniRouterError } from "../errors.js";
import { MAX_AMOUNT } from "../history/record.js";

/** The columns of a history that say how long answers were. Matrices are `[size x models]`, row-major, NaN = unknown. */
export interface BilledHistory {
  /** Number of rows. */
  readonly size: number;
  /** Lengths of the answers in tokens. */
  readonly outputTokens: Float32Array;
  /** USD. */
  readonly cost: Float32Array;
}

/**
 * The history's output tokens, where only the cost is known derived from it:
 * `(cost * 1e6 - inputTokens * inputPer1M) / outputPer1M`, from 0 to
 * what a record may say. What a model with free output cost says nothing.
 *
 * @param inputTokens `[size]`, all known.
 */
export function knownOutputTokens(
  history: BilledHistory,
  inputTokens: Float32Array,
  models: readonly { readonly inputPer1M: number; readonly outputPer1M: number }[],
): Float32Array {
  const tokens = history.outputTokens.slice();
  for (let row = 0; row < history.size; row++) {
    for (const [model, { inputPer1M, outputPer1M }] of models.entries()) {
      const at = row * models.length + model;
      const cost = history.cost[at]!;
      if (!Number.isNaN(tokens[at]!) || Number.isNaN(cost) || !(outputPer1M > 0)) continue;
      const derived = (cost * 1e6 - inputTokens[row]! * inputPer1M) / outputPer1M;
      tokens[at] = Math.min(MAX_AMOUNT, Math.max(0, derived));
    }
  }
  return tokens;
}

/**
 * The output tokens to fit on. Where none are known and no model is paid for its output, no cost depends on them: they are
 * taken as 0, and costs are all that is predicted of them.
 *
 * @param outputTokens as {@link knownOutputTokens} gives them
 * @throws OmniRouterError `ERR_OMNI_INVALID_HISTORY` where none are known and costs depend on them
 */
export function tokensToFit(
  outputTokens: Float32Array,
  models: readonly { readonly name: string; readonly outputPer1M: number }[],
): Float32Array {
  if (outputTokens.some(tokens => !Number.isNaN(tokens))) return outputTokens;
  const paid = models.filter(({ outputPer1M }) => outputPer1M > 0).map(({ name }) => name);
  if (paid.length === 0) return new Float32Array(outputTokens.length);
  const some =
    paid.length > 5 ? `${paid.slice(0, 5).join(", ")} and ${paid.length - 5} more` : paid.join(", ");
  throw new OmniRouterError(
    "ERR_OMNI_INVALID_HISTORY",
    `no outcome has outputTokens, and none of a model that is paid for its output (${some}) has a cost to derive them from: no cost can be predicted`,
    { argument: "history" },
  );
}
