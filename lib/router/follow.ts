import { OmniRouterError } from "../errors.js";
import { evidenceFor } from "../floors/evidence.js";
import { GrowingHistory } from "../history/growing.js";
import type { TrainedHalf } from "../prediction/trained-half.js";
import type { Change } from "./changes.js";
import type { RouterParts } from "./saved.js";

/** The parts with some changes made, and what was changed. */
export interface Followed<P> {
  readonly parts: P;
  /** What the history is a view of. */
  readonly growing: GrowingHistory;
  readonly poolChanged: boolean;
  /** As in `Grown`, over all changes. */
  readonly rows: Int32Array;
  readonly added: number;
  readonly outcomes: number;
  readonly changed: number;
}

/**
 * Makes changes, one after the other. The history and the index given grow in place; a predictor made before does not
 * see it, but the state that they were of is only good for predicting from now on.
 *
 * @throws OmniRouterError `ERR_OMNI_CORRUPT` for changes that do not fit the parts, which are then of no use any more
 */
export async function followParts<
  P extends Pick<RouterParts, "pool" | "history" | "index" | "trained" | "evidence">,
>(parts: P, growing: GrowingHistory | undefined, changes: readonly Change[]): Promise<Followed<P>> {
  let history = growing ?? GrowingHistory.of(parts.history);
  let { pool, trained, evidence } = parts;
  const rows = new Set<number>();
  const vectors: Float32Array[] = [];
  const counts = { outcomes: 0, changed: 0, added: 0 };
  for (const change of changes) {
    if ("pool" in change) {
      pool = change.pool;
      history = history.withModels(pool.names);
      trained = trained.withPool(pool);
      evidence = evidenceFor(evidence, pool.names);
      continue;
    }
    const grown = history.apply(change.records);
    if (change.vectors.length !== grown.added * parts.index.dimension)
      throw new OmniRouterError(
        "ERR_OMNI_CORRUPT",
        `the log of the saved router has ${change.vectors.length} numbers for ${grown.added} new queries x ${parts.index.dimension} dimensions`,
      );
    if (change.levels !== undefined) trained = levelled(trained, change.levels);
    for (const row of grown.rows) rows.add(row);
    if (change.vectors.length > 0) vectors.push(change.vectors);
    counts.outcomes += grown.outcomes;
    counts.changed += grown.changed;
    counts.added += grown.added;
  }
  if (vectors.length > 0) await parts.index.addAsync(concatenated(vectors));
  return {
    parts: { ...parts, pool, history: history.view(), trained, evidence },
    growing: history,
    rows: Int32Array.from(rows).sort(),
    poolChanged: pool !== parts.pool,
    ...counts,
  };
}

function levelled(trained: TrainedHalf, levels: Float64Array): TrainedHalf {
  try {
    return trained.withLevels(levels);
  } catch (cause) {
    throw new OmniRouterError(
      "ERR_OMNI_CORRUPT",
      `the log of the saved router holds an entry of another predictor: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
