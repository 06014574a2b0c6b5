import type { HistoryReport } from "../history/history.js";
import { formatCount } from "./format.js";

/** What of a history and a pool a router does without, one line for each kind; none where it uses everything. */
export function omissionsInWords({ skipped, ungraded, unknownModels }: HistoryReport): string[] {
  const lines: string[] = [];
  if (skipped.count > 0) {
    lines.push(`Left out ${formatCount(skipped.count)} bad records, first:`);
    for (const { source, line, reason } of skipped.first.slice(0, 3))
      lines.push(`  ${source}:${line}: ${reason}`);
  }
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
