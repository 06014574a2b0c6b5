// npm run bench:promises: how often promises of realized quality are kept, and bare floors met, in simulated worlds under one
// condition after another, and on random splits of the real sets. No time is measured.
import { join } from "node:path";
import { History, ModelPool } from "../lib/index.js";
import type { BenchOptions } from "./options.js";
import { CELLS, type Cell, type CellCounts, runCell } from "./promises/cells.js";
import { runSplits, type SplitCounts } from "./promises/splits.js";
import { recordedSets } from "./records.js";
import { markdownTable, provenance } from "./report.js";

/** Enough to tell 95 % from 90 %: one standard error of a share of 95 % is 1.1 %. */
const WORLDS = 400;
/** A share of 99 % needs more. */
const WORLDS_FOR_99 = 2000;
const SPLITS = 100;
/** Of the best single model's quality in the history. */
const FLOOR_SHARE = 0.9;

/** `--rows N` takes so many worlds and splits; `--set` only the cells and sets whose name contains one of these. */
export async function benchPromises({ rows, set, quick }: BenchOptions): Promise<string> {
  const isWanted = (name: string) => set === undefined || set.some(part => name.includes(part));
  const count = (usual: number) => rows?.[0] ?? (quick ? Math.ceil(usual / 20) : usual);
  const cells: string[][] = [];
  for (const cell of CELLS) {
    const name = nameOf(cell);
    if (!isWanted(name)) continue;
    const counts = await runCell(cell, count(cell.confidence > 0.98 ? WORLDS_FOR_99 : WORLDS));
    cells.push([name, ...cellRow(counts)]);
    console.log(cells.at(-1)!.join(" | "));
  }
  const splits: string[][] = [];
  for (const name of recordedSets()) {
    if (!isWanted(name)) continue;
    const folder = join(process.env.OMNIROUTER_DATA!, name);
    const pool = await ModelPool.load(join(folder, "models.json"));
    const history = await History.read(join(folder, "queries.jsonl.gz"), pool);
    splits.push([name, ...splitRow(await runSplits(history, pool, FLOOR_SHARE, count(SPLITS)))]);
    console.log(splits.at(-1)!.join(" | "));
  }
  const parts = [provenance()];
  if (cells.length > 0)
    parts.push(
      'Simulated worlds, 5 models, batches of 400, floors of .60 to .75. "Kept" is of the promises given; a standard error is that of the confidence asked for.',
      markdownTable(
        [
          "log, history, confidence, batch",
          "worlds",
          "given",
          "kept",
          "refused",
          "bare floors met",
          "mean slack",
        ],
        cells,
      ),
    );
  if (splits.length > 0)
    parts.push(
      `Real sets: 70 % of the queries are history, the others one batch; floors at ${FLOOR_SHARE} of the best single model's quality in the history, confidence .95. The error of the slack is clustered by query.`,
      markdownTable(
        ["set", "splits", "mean floor", "given", "kept", "bare floors met", "mean slack"],
        splits,
      ),
    );
  return parts.join("\n\n");
}

function nameOf({ log, history, confidence, batch }: Cell): string {
  return `${log}, ${history}, ${confidence}, ${batch}`;
}

function cellRow({ worlds, given, kept, refused, bare, met, slack }: CellCounts): string[] {
  const reasons = Object.entries(refused).map(([reason, number]) => `${reason} ${number}`);
  return [
    String(worlds),
    String(given),
    percent(kept, given),
    reasons.join(", ") || "-",
    bare === 0 ? "-" : `${percent(met, bare)} of ${bare}`,
    bare === 0 ? "-" : slack.toFixed(4),
  ];
}

function splitRow({ splits, floor, given, kept, met, slack, error }: SplitCounts): string[] {
  return [
    String(splits),
    floor.toFixed(3),
    String(given),
    percent(kept, given),
    percent(met, splits),
    `${slack.toFixed(4)} ± ${error.toFixed(4)}`,
  ];
}

function percent(part: number, of: number): string {
  return of === 0 ? "-" : `${((100 * part) / of).toFixed(1)} %`;
}
