import { summariseFloors } from "../evaluation/floor-summary.js";
import { caveats } from "../evaluation/report/caveats.js";
import { batchInWords, capacityInWords, statInWords } from "../evaluation/report/words.js";
import type { EvaluationResults, SetResults } from "../evaluation/results.js";
import { printable } from "../printable.js";
import { formatCount, formatDuration, formatPercent } from "./format.js";
import { formatTable } from "./tables.js";

/** What an evaluation of one set came to, for a terminal. */
export function setInWords(
  set: SetResults,
  { capacities, batches }: EvaluationResults,
  color: boolean,
): string {
  const lines = [
    "",
    printable(set.description),
    `${printable(set.name)}: ${formatCount(set.queries)} queries, ${formatCount(set.historyQueries)} of them as history, ${set.models.length} models; ${formatDuration(set.seconds * 1000)}`,
  ];
  lines.push(...caveats(set).map(printable));
  for (const capacity of capacities) {
    lines.push("", `${capital(capacityInWords(capacity))}:`, "", curves(set, capacity, color));
    for (const batch of [...batches].reverse())
      lines.push(
        batch === "all" || batch <= set.heldOutQueries
          ? floors(set, capacity, batch, color)
          : `Floors, ${batchInWords(batch)}: none, as ${formatCount(set.heldOutQueries)} queries are held out.\n`,
      );
  }
  return lines.join("\n");
}

function curves(set: SetResults, capacity: number, color: boolean): string {
  const rows = set.methods.filter(({ id }) => id !== "omnirouter-confident");
  const at = ({ capacities }: (typeof rows)[number]) => capacities.find(each => each.capacity === capacity)!;
  const match = (i: number) => (method: (typeof rows)[number]) => {
    const { never, ...stat } = at(method).match[i]!;
    return never === 0 ? statInWords(stat) : `${statInWords(stat)} (${never} never)`;
  };
  return formatTable(
    rows,
    [
      { head: "method", align: "left", cell: ({ label }) => label },
      { head: "AUC", cell: ({ prediction }) => (prediction ? statInWords(prediction.auc) : "–") },
      { head: "Brier", cell: ({ prediction }) => (prediction ? statInWords(prediction.brier) : "–") },
      { head: "ECE", cell: ({ prediction }) => (prediction ? statInWords(prediction.ece) : "–") },
      { head: "peak", cell: method => statInWords(at(method).peak) },
      { head: "AIQ", cell: method => statInWords(at(method).aiq) },
      { head: "CR", cell: match(0) },
      { head: "CR99", cell: match(1) },
      { head: "CR95", cell: match(2) },
      ...(set.known < 0.9995
        ? [{ head: "judged", cell: (method: (typeof rows)[number]) => formatPercent(at(method).judged.mean) }]
        : []),
    ],
    color,
  );
}

function floors(set: SetResults, capacity: number, batch: "all" | number, color: boolean): string {
  const rows = set.methods.map(({ label, capacities }) => {
    const results = capacities.find(each => each.capacity === capacity)!;
    return {
      label,
      ...summariseFloors(results.floors.filter(floor => floor.batch === batch)),
      over: results.violations,
    };
  });
  const fixed = (value: number, digits: number) => (Number.isFinite(value) ? value.toFixed(digits) : "–");
  return formatTable(
    rows,
    [
      { head: `floors, ${batchInWords(batch)}`, align: "left", cell: ({ label }) => label },
      { head: "asked", cell: ({ batches }) => formatCount(batches) },
      { head: "refused", cell: ({ refused }) => formatPercent(refused) },
      { head: "out of reach", cell: ({ beyond }) => formatPercent(beyond) },
      { head: "met", cell: ({ met }) => formatPercent(met) },
      { head: "shortfall", cell: ({ shortfall }) => fixed(shortfall, 4) },
      { head: "worst", cell: ({ worst }) => fixed(worst, 4) },
      { head: "cost/hindsight", cell: ({ overHindsight }) => fixed(overHindsight, 2) },
      { head: "with margin", cell: ({ overMargin }) => fixed(overMargin, 2) },
      { head: "over capacity", cell: ({ over }) => formatCount(over) },
    ],
    color,
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
