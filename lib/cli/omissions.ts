import type { HistoryReport } from "../history/history.js";
import { placeInWords } from "../history/problem.js";
import { formatCount, formatPercent } from "./format.js";

/** What of a history and a pool a router does without, one line for each kind; none where it uses everything. */
export function omissionsInWords({
  records,
  models,
  skipped,
  ungraded,
  unknownModels,
}: HistoryReport): string[] {
  const lines: string[] = [];
  if (skipped.count > 0) {
    lines.push(`Left out ${formatCount(skipped.count)} bad records:`);
    for (const { kind, count } of skipped.kinds) lines.push(`  ${formatCount(count)} × ${kind}`);
    lines.push("the first of them:");
    for (const bad of skipped.first.slice(0, 3)) lines.push(`  ${placeInWords(bad)}: ${bad.reason}`);
  }
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
