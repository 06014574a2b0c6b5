import { isEvenlyObserved } from "../floors/evidence.js";
import { type FloorHistory, levelOf } from "../floors/residuals.js";
import type { GrowingHistory } from "../history/growing.js";
import { HybridPredictor } from "../prediction/hybrid-predictor.js";
import { NeighbourPredictor } from "../prediction/neighbour-predictor.js";
import type { ModelEstimate } from "../prediction/predictor.js";
import type { Change } from "./changes.js";
import { type Followed, followParts } from "./follow.js";
import type { RouterParts } from "./saved.js";

/** What a router knows at one moment. Calls that begin with one go on with it whatever is learned meanwhile. */
export interface RouterState {
  readonly parts: RouterParts;
  readonly neighbours: NeighbourPredictor;
  /** The neighbours with the trained half. */
  readonly predictor: HybridPredictor;
  /** Bit j: model j has a graded outcome, and so may be given queries. */
  readonly usable: bigint;
  /** What `parts.history` is a view of, once anything has been learned. */
  readonly growing: GrowingHistory | undefined;
}

export function stateOf(
  parts: RouterParts,
  growing: GrowingHistory | undefined,
  neighbours: NeighbourPredictor = neighboursOf(parts),
): RouterState {
  const usable = parts.history.report.models.reduce(
    (mask, { graded }, column) => (graded > 0 ? mask | (1n << BigInt(column)) : mask),
    0n,
  );
  const predictor = new HybridPredictor(neighbours, parts.trained);
  return { parts, neighbours, predictor, usable, growing };
}

/**
 * What is known of each model as a whole. Where grades were observed unevenly, a mean over them would rank a model by the queries
 * that it was given: there the estimate is what the model is expected to realize on all queries of the last fit.
 */
export function modelEstimates(state: RouterState): ModelEstimate[] {
  const { history, evidence } = state.parts;
  const { models } = history.report;
  const graded = state.predictor
    .estimates()
    .map((estimate, column) => ({ ...estimate, graded: models[column]!.graded }));
  if (isEvenlyObserved(evidence)) return graded;
  const floorHistory = floorHistoryOf(state);
  return graded.map((estimate, column) => ({ ...estimate, ...levelOf(column, floorHistory) }));
}

/** Of the queries that the predictor was fitted on: how their predictions turned out. */
export function floorHistoryOf({ parts: { trained, evidence, history } }: RouterState): FloorHistory {
  const { outOfFold } = trained;
  // Copied, as grades may come in while a batch is under way.
  const quality = history.quality.slice(0, outOfFold.rows * outOfFold.models.length);
  return { outOfFold, quality, evidence };
}

/** The state after some changes, which the state given must not be asked for again. */
export async function follow(
  { parts, growing, neighbours }: RouterState,
  changes: readonly Change[],
): Promise<RouterState & Pick<Followed<RouterParts>, "outcomes" | "changed" | "added">> {
  const { outcomes, changed, added, ...next } = await followParts(parts, growing, changes);
  const learned = next.poolChanged
    ? neighboursOf(next.parts)
    : neighbours.learned({
        history: next.parts.history,
        index: next.parts.index.snapshot(),
        rows: next.rows,
      });
  return { ...stateOf(next.parts, next.growing, learned), outcomes, changed, added };
}

function neighboursOf({ history, pool, index, neighbours, tokens }: RouterParts): NeighbourPredictor {
  return new NeighbourPredictor(history, pool, index.snapshot(), { k: neighbours, tokens });
}
