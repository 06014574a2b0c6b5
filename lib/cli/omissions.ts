import type { HistoryReport } from "../history/history.js";
import { placeInWords } from "../history/problem.js";
import type { Skipped } from "../history/skipped.js";
import { formatCount, formatPercent } from "./format.js";

/** The bad records that were left out; no line where there were none. */
export function skippedInWords({ count, kinds, first }: Skipped): string[] {
  if (count === 0) return [];
  return [
    `Left out ${formatCount(count)} bad records:`,
    ...kinds.map(({ kind, count }) => `  ${formatCount(count)} × ${kind}`),
    "the first of them:",
    ...first.slice(0, 3).map(bad => `  ${placeInWords(bad)}: ${bad.reason}`),
  ];
}

/** What of a history and a pool a router does without, one line for each kind; none where it uses everything. */
export function omissionsInWords({
  records,
  models,
  skipped,
  ungraded,
  unknownModels,
}: HistoryReport): string[] {
  const lines = skippedInWords(skipped);
  const graded = models.filter(model => model.graded > 0);
  const pairs = records * graded.length;
  const missing = graded.reduce((sum, model) => sum - model.graded, pairs);
  if (missing > 0)
    lines.push(
      `Of ${formatCount(pairs)} pairs of a query and a graded model, ${formatCount(missing)} have no grade (${formatPercent(missing / pairs)}).`,
    );
  if (ungraded.length > 0)
    lines.push(
      `In the pool without a graded outcome in the history, so given no queries: ${ungraded.join(", ")}.`,
    );
  if (unknownModels.length > 0) {
    const names = unknownModels.map(({ model }) => model).join(", ");
    lines.push(`In the history and not in the pool, left out: ${names}.`);
  }
  return lines;
}
