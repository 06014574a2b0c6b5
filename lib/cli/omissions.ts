import type { HistoryReport, UnknownModel } from "../history/history.js";
import type { PriceDoubt } from "../history/price-doubts.js";
import { placeInWords } from "../history/problem.js";
import type { Skipped } from "../history/skipped.js";
import { unknownKeysInWords } from "../history/unknown-keys.js";
import { differenceInWords } from "../look-alike.js";
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
  withoutOutcomes,
  unknownKeys,
  priceDoubts,
}: HistoryReport): string[] {
  const lines = [
    ...skippedInWords(skipped),
    ...inVainInWords({ records, withoutOutcomes, unknownKeys }),
    ...priceDoubts.map(doubtInWords),
  ];
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
  return [...lines, ...unknownModelsInWords(unknownModels, "In the history and not in the pool, left out")];
}

/** What records hold that does not count, and that they may have meant. */
export function inVainInWords({
  records,
  withoutOutcomes,
  unknownKeys,
}: Pick<HistoryReport, "records" | "withoutOutcomes" | "unknownKeys">): string[] {
  const lines: string[] = [];
  if (withoutOutcomes > 0)
    lines.push(
      `Of ${formatCount(records)} records ${formatCount(withoutOutcomes)} have no outcome of a model of the pool, and count for nothing.`,
    );
  const meant = unknownKeys.filter(each => each.meant !== undefined);
  if (meant.length > 0) lines.push(`Not read, and perhaps misspelt: ${unknownKeysInWords(meant)}.`);
  const others = unknownKeys.filter(each => each.meant === undefined);
  if (others.length > 0) lines.push(`Not read, as no such key is known: ${unknownKeysInWords(others)}.`);
  return lines;
}

/** @param heading what is said of them, without a colon */
export function unknownModelsInWords(models: readonly UnknownModel[], heading: string): string[] {
  if (models.length === 0) return [];
  const alike = models.filter(({ looksLike }) => looksLike !== undefined);
  return [
    `${heading}: ${models.map(({ model }) => model).join(", ")}.`,
    ...alike.map(({ model, looksLike }) => `  ${differenceInWords(model, looksLike!)}.`),
  ];
}

/** What costs that are known say of the pool's prices. */
function doubtInWords({ model, ratio, outcomes }: PriceDoubt): string {
  const known = `${formatCount(outcomes)} known costs of ${model}`;
  if (ratio === null) return `The pool's prices of ${model} are 0, and ${known} are not.`;
  const [times, way] = ratio > 1 ? [ratio, "above"] : [1 / ratio, "below"];
  const near = (factor: number) => times > factor / 20 && times < factor * 20;
  const guess =
    near(1e6) && !near(1e3)
      ? ratio > 1
        ? ": were they given per token?"
        : ": were they multiplied by a million once too often?"
      : near(1e3)
        ? ratio > 1
          ? ": were they given per thousand tokens?"
          : ": are they per billion tokens, or the costs in thousandths of a USD?"
        : ": are both in USD?";
  return `Prices in doubt: ${known} are about ${formatCount(Number(times.toPrecision(1)))} times ${way} what the pool's prices per million tokens make of them${guess}`;
}
