import { summariseFloors } from "../floor-summary.js";
import type { CapacityResults, FloorResults, MethodResults, SetResults, Stat } from "../results.js";
import { isOurs } from "./colours.js";
import { type HtmlColumn, htmlTable } from "./table.js";
import { batchInWords, percent, statInWords } from "./words.js";

interface Row {
  readonly method: MethodResults;
  readonly results: CapacityResults;
}

const ours = ({ method }: { method: MethodResults }) => isOurs(method.id);
/** Bold marks what is best among methods that do not know the answers. */
const unlessOracle = (value: (row: Row) => number) => (row: Row) =>
  row.method.id === "oracle" ? Number.NaN : value(row);

export function curveTable(set: SetResults, capacity: number): string {
  const rows = rowsOf(set, capacity).filter(({ method }) => method.id !== "omnirouter-confident");
  const stat = (
    head: string,
    title: string,
    of: (row: Row) => Stat,
    is: "highest" | "lowest",
  ): HtmlColumn<Row> => ({
    head,
    title,
    cell: row => statInWords(of(row)),
    best: { of: unlessOracle(row => of(row).mean), is },
  });
  return htmlTable(
    rows,
    [
      { head: "method", cell: ({ method }) => method.label },
      stat(
        "peak",
        "The highest realised mean quality on the curve",
        ({ results }) => results.peak,
        "highest",
      ),
      stat(
        "AIQ",
        "Mean quality of the curve's hull between the costs of the cheapest and of the best single model",
        ({ results }) => results.aiq,
        "highest",
      ),
      ...[0, 1, 2].map(
        (i): HtmlColumn<Row> => ({
          head: ["CR", "CR99", "CR95"][i]!,
          title: `Cost to reach ${["the", "99 % of the", "95 % of the"][i]} best single model's quality, over that model's cost`,
          cell: ({ results }) => {
            const match = results.match[i]!;
            const never = match.never === 0 ? "" : ` (${match.never} never)`;
            return `${statInWords(match)}${never}`;
          },
          best: { of: unlessOracle(({ results }) => results.match[i]!.mean), is: "lowest" },
        }),
      ),
    ],
    ours,
  );
}

export function predictionTable(set: SetResults): string {
  const rows = set.methods.filter(
    ({ prediction, id }) => prediction !== undefined && id !== "omnirouter-confident",
  );
  const column = (head: string, title: string, key: "auc" | "brier" | "ece"): HtmlColumn<MethodResults> => ({
    head,
    title,
    cell: ({ prediction }) => statInWords(prediction![key], 4),
    best: { of: ({ prediction }) => prediction![key].mean, is: key === "auc" ? "highest" : "lowest" },
  });
  return htmlTable(
    rows,
    [
      { head: "method", cell: ({ label }) => label },
      column(
        "AUC",
        "How likely a good answer was predicted better than a bad one; mean over the models",
        "auc",
      ),
      column("Brier", "Mean squared error of the predicted quality; mean over the models", "brier"),
      column("ECE", "Expected calibration error, 15 bins; mean over the models", "ece"),
      { head: "chosen on the history", cell: ({ chosen }) => [...new Set(chosen)].join(", ") || "–" },
    ],
    ({ id }) => isOurs(id),
  );
}

/** Predictions of ours, model by model. */
export function modelTable(set: SetResults): string {
  const own = set.methods.find(({ id }) => id === "omnirouter")?.prediction;
  if (own === undefined) return "";
  return htmlTable(own.models, [
    { head: "model", cell: ({ model }) => model },
    { head: "AUC", cell: ({ auc }) => statInWords(auc) },
    { head: "Brier", cell: ({ brier }) => statInWords(brier, 4) },
    { head: "ECE", cell: ({ ece }) => statInWords(ece, 4) },
  ]);
}

export function floorTable(set: SetResults, capacity: number, batch: "all" | number): string {
  const rows = rowsOf(set, capacity).map(({ method, results }) => ({
    method,
    results,
    summary: summariseFloors(results.floors.filter(floor => floor.batch === batch)),
  }));
  return htmlTable(
    rows,
    [
      { head: batchInWords(batch), cell: ({ method }) => method.label },
      { head: "floors asked", cell: ({ summary }) => String(summary.batches) },
      { head: "refused", cell: ({ summary }) => percent(summary.refused, 1) },
      { head: "met", title: "Of those not refused", cell: ({ summary }) => percent(summary.met, 1) },
      {
        head: "mean shortfall",
        title: "A floor that is met counts 0",
        cell: ({ summary }) => fixed(summary.shortfall, 4),
      },
      { head: "worst", cell: ({ summary }) => fixed(summary.worst, 4) },
      {
        head: "cost / hindsight",
        title: "Over the same predictor's cheapest price that reaches the floor, knowing what comes of it",
        cell: ({ summary }) => fixed(summary.overHindsight, 2),
      },
      {
        head: "with margin",
        title: "The same for the floor plus the sampling margin of a batch of this size",
        cell: ({ summary }) => fixed(summary.overMargin, 2),
      },
      { head: "over capacity", title: "Queries", cell: ({ results }) => String(results.violations) },
    ],
    ours,
  );
}

/** Floor by floor, what the confident router promised and what became of it. */
export function promiseTable(set: SetResults, capacity: number): string {
  const own = rowsOf(set, capacity).find(({ method }) => method.id === "omnirouter-confident");
  if (own === undefined) return "";
  const splits = (floor: FloorResults) => floor.overMargin.values.length;
  return htmlTable(own.results.floors, [
    { head: "floor", cell: ({ share, batch }) => `${percent(share)}, ${batchInWords(batch)}` },
    { head: "asked", cell: ({ batches }) => String(batches) },
    { head: "refused", cell: ({ refused, batches }) => percent(refused / batches, 1) },
    {
      head: "out of reach",
      title: "Splits in which no price of this predictor reaches the floor plus the sampling margin",
      cell: floor => percent(floor.beyond / splits(floor), 1),
    },
    { head: "kept", cell: ({ met, batches, refused }) => percent(met / (batches - refused), 1) },
    { head: "realised minus floor", cell: ({ slack }) => statInWords(slack, 4) },
    { head: "worst", cell: ({ worst }) => fixed(worst, 4) },
    { head: "cost / hindsight", cell: ({ overHindsight }) => statInWords(overHindsight, 2) },
    { head: "with margin", cell: ({ overMargin }) => statInWords(overMargin, 2) },
  ]);
}

function rowsOf(set: SetResults, capacity: number): Row[] {
  return set.methods.flatMap(method =>
    method.capacities.filter(results => results.capacity === capacity).map(results => ({ method, results })),
  );
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "–";
}
