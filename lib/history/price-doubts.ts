import type { ModelPool } from "../pool/pool.js";
import type { HistoryColumns } from "./columns.js";

/** A model whose prices do not fit what its answers are known to have cost. */
export interface PriceDoubt {
  /** Its name in the pool. */
  readonly model: string;
  /** The median of known costs over what the pool's prices make of the same calls; null where these are 0. */
  readonly ratio: number | null;
  /** Outcomes with a known cost, which it is the median of. */
  readonly outcomes: number;
}

/** Discounts, cached input and tokens of reasoning move costs by some factors, and never by as much. */
const FACTOR = 100;

/** Where nobody counted tokens: of English prose, and of answers in chats. Good to a factor of ten, which is enough here. */
const BYTES_PER_TOKEN = 4;
const TYPICAL_ANSWER = 500;

/** A few odd rows say nothing. */
const FEWEST_OUTCOMES = 3;

/**
 * Models whose known costs are a hundred times, or a hundredth, of what the pool's prices make of the same calls: prices
 * per token or per thousand tokens that were taken for prices per million.
 */
export function priceDoubts(columns: HistoryColumns, pool: ModelPool): PriceDoubt[] {
  const width = columns.models.length;
  const doubts: PriceDoubt[] = [];
  for (const [column, { name, inputPer1M, outputPer1M }] of pool.models.entries()) {
    const ratios: number[] = [];
    for (let row = 0; row < columns.ids.length; row++) {
      const cell = row * width + column;
      const cost = columns.cost[cell]!;
      if (!(cost > 0)) continue;
      const known = columns.inputTokens[row]!;
      const input = Number.isNaN(known) ? columns.queries[row]!.length / BYTES_PER_TOKEN : known;
      const answer = columns.outputTokens[cell]!;
      const output = Number.isNaN(answer) ? TYPICAL_ANSWER : answer;
      ratios.push((1e6 * cost) / (input * inputPer1M + output * outputPer1M));
    }
    if (ratios.length < FEWEST_OUTCOMES) continue;
    const ratio = ratios.sort((a, b) => a - b)[ratios.length >> 1]!;
    if (ratio < FACTOR && ratio > 1 / FACTOR) continue;
    doubts.push({ model: name, ratio: Number.isFinite(ratio) ? ratio : null, outcomes: ratios.length });
  }
  return doubts;
}
