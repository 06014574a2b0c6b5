import type { SetResults } from "../results.js";
import { percent } from "./words.js";

/** What of a set cannot be judged, or only by an estimate, a sentence for each; none where every outcome is known. */
export function caveats({ known, answered, selection, costs, queries, models }: SetResults): string[] {
  const lines: string[] = [];
  if (known < 0.9995)
    lines.push(
      `Of ${count(queries * models.length)} pairs of a query and a model, ${percent(known, 1)} have a known outcome: a query whose chosen model has none counts neither for nor against ("judged" says how many are left).`,
    );
  if (answered < 0.9995)
    lines.push(
      `${percent(1 - answered, 1)} of the queries were answered by one model or none: of these nobody knows what another choice would have come to. Methods are judged where they chose as the log did, each answer weighted by the inverse of its probability to be observed; an oracle cannot be judged.`,
    );
  if (selection.known < 0.9995)
    lines.push(
      `Of ${percent(1 - selection.known, 1)} of the queries it is not known how the graded models were selected, and nothing is judged by them: declare the selection of the log (--selection), or record propensities.`,
    );
  const effective = Math.min(...selection.effective);
  if (known < 0.9995 && selection.known > 0)
    lines.push(
      `The graded answers that the best single model is judged by are worth ${count(Math.round(effective))} of equal weight in the split with the fewest.`,
    );
  const { graded, inputEstimated, lengthAssumed, unknown } = costs;
  const of = (part: number) => `Of ${count(graded)} graded outcomes ${count(part)}`;
  if (unknown > 0)
    lines.push(
      `${of(unknown)} have no cost, and no answer of their model has a length that would tell one: they are left out.`,
    );
  if (lengthAssumed > 0)
    lines.push(
      `${of(lengthAssumed)} have neither a cost nor outputTokens: they are taken to be as long as their model's answers are on the mean.`,
    );
  if (inputEstimated > 0)
    lines.push(
      `${of(inputEstimated)} have neither a cost nor inputTokens: those are estimated from the length of the query.`,
    );
  return lines;
}

function count(number: number): string {
  return new Intl.NumberFormat("en-US").format(number);
}
