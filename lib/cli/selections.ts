import type { SelectionCounts } from "../floors/evidence.js";
import { FEWEST_OUTCOMES } from "../floors/residuals.js";
import { formatCount, formatPercent } from "./format.js";

const IN_WORDS: Readonly<Record<keyof SelectionCounts, string>> = {
  complete: "complete",
  random: "at random",
  text: "by the text",
  recorded: "with recorded propensities",
  unknown: "unknown",
};

/**
 * How many queries are known to have been selected how, and what that means for promises. No line where every query has a grade
 * of every model.
 */
export function selectionsInWords(counts: SelectionCounts): string[] {
  const kinds = (Object.keys(IN_WORDS) as (keyof SelectionCounts)[]).filter(kind => counts[kind] > 0);
  const total = kinds.reduce((sum, kind) => sum + counts[kind], 0);
  if (counts.complete === total) return [];
  const parts = kinds.map(kind => `${IN_WORDS[kind]} ${formatCount(counts[kind])}`);
  const lines = [
    `How the graded models of ${formatCount(total)} queries were selected: ${parts.join(", ")}.`,
  ];
  const { unknown } = counts;
  const ways = "declare it (--selection, or selection in the records), or record propensities";
  if (total - unknown < FEWEST_OUTCOMES)
    lines.push(
      `Promises of realised quality (--confidence) will be refused, as hardly any of it is known: ${ways}.`,
    );
  else if (unknown > 0)
    lines.push(
      `No promise of realised quality rests on the ${formatPercent(unknown / total)} of which it is unknown: ${ways}.`,
    );
  return lines;
}
