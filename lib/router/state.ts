import type { GrowingHistory } from "../history/growing.js";
import { NeighbourPredictor } from "../prediction/neighbour-predictor.js";
import type { ModelEstimate, Predictor } from "../prediction/predictor.js";
import type { Change } from "./changes.js";
import { type Followed, followParts } from "./follow.js";
import type { RouterParts } from "./saved.js";

/** What a router knows at one moment. Calls that begin with one go on with it whatever is learned meanwhile. */
export interface RouterState {
  readonly parts: RouterParts;
  readonly predictor: Predictor;
  /** Bit j: model j has a graded outcome, and so may be given queries. */
  readonly usable: bigint;
  /** What `parts.history` is a view of, once anything has been learned. */
  readonly growing: GrowingHistory | undefined;
}

export function stateOf(
  parts: RouterParts,
  growing: GrowingHistory | undefined,
  predictor: Predictor = predictorOf(parts),
): RouterState {
  const usable = parts.history.report.models.reduce(
    (mask, { graded }, column) => (graded > 0 ? mask | (1n << BigInt(column)) : mask),
    0n,
  );
  return { parts, predictor, usable, growing };
}

export function modelEstimates({ parts, predictor }: RouterState): ModelEstimate[] {
  const { models } = parts.history.report;
  return predictor.estimates().map((estimate, column) => ({ ...estimate, graded: models[column]!.graded }));
}

/** The state after some changes, which the state given must not be asked for again. */
export async function follow(
  { parts, growing, predictor }: RouterState,
  changes: readonly Change[],
): Promise<RouterState & Pick<Followed<RouterParts>, "outcomes" | "changed" | "added">> {
  const { outcomes, changed, added, ...next } = await followParts(parts, growing, changes);
  const learned = next.poolChanged
    ? predictorOf(next.parts)
    : predictor.learned({ history: next.parts.history, index: next.parts.index.snapshot(), rows: next.rows });
  return { ...stateOf(next.parts, next.growing, learned), outcomes, changed, added };
}

function predictorOf({ history, pool, index, neighbours, tokens }: RouterParts): Predictor {
  return new NeighbourPredictor(history, pool, index.snapshot(), { k: neighbours, tokens });
}
