// Where a solver of this kind is weakest, and what takes several solves: pure ties, limits that cannot hold, many models,
// few queries, a whole frontier.
import { type AssignmentProblem, assign, type Frontier, frontier, type Plan } from "../lib/index.js";
import { generateWorkload, problemOf, type Workload } from "./instances.js";
import { type BenchOptions, selects } from "./options.js";
import { formatCount, formatGap, formatTime, markdownTable } from "./report.js";
import { medianTime } from "./statistics.js";

/** How much a floor that cannot hold asks beyond the highest mean quality within reach. */
const BEYOND = [1e-3, 0.05];
const POINTS = 50;

interface Case {
  readonly name: string;
  readonly rows: number;
  readonly models: number;
  readonly make: (workload: Workload) => Task;
}

interface Task {
  /** What it came to: shown as the largest gap, and the statuses. */
  readonly run: () => Plan | Frontier;
  /** What its time is divided by, and how that is called. */
  readonly beside?: { readonly name: string; readonly run: () => unknown };
}

const CASES: readonly Case[] = [
  { name: "one price per call, floor", rows: 1_000_000, models: 16, make: w => solving(perCall(w)) },
  { name: "highest quality, capacities", rows: 1_000_000, models: 16, make: w => solving(qualityAlone(w)) },
  { name: "64 models", rows: 200_000, models: 64, make: w => solving(problemOf(w, "tight")) },
  { name: "few queries", rows: 1000, models: 16, make: w => solving(problemOf(w, "tight")) },
  { name: "very few queries", rows: 16, models: 16, make: w => solving(problemOf(w, "tight")) },
  ...BEYOND.map(
    (beyond): Case => ({
      name: `floor ${beyond} out of reach`,
      rows: 100_000,
      models: 16,
      make: w => infeasible(w, beyond),
    }),
  ),
  { name: `frontier, ${POINTS} floors`, rows: 100_000, models: 16, make: sweeping },
];

/** A section of bench/README.md; empty where nothing was selected. `rows` and `models` filter the cases here. */
export function benchHard({ rows, models, quick, limits }: BenchOptions): string {
  if (!selects(limits, "hard")) return "";
  const found: string[][] = [];
  for (const one of CASES) {
    if (rows !== undefined && !rows.includes(one.rows)) continue;
    if (models !== undefined && !models.includes(one.models)) continue;
    const { run, beside } = one.make(generateWorkload(one.rows, one.models));
    const time = (work: () => unknown) => medianTime(() => void work(), quick ? 500 : 5000);
    const [own, others] = [time(run), beside && time(beside.run)];
    const answer = run();
    found.push([
      one.name,
      formatCount(one.rows),
      String(one.models),
      formatTime(own),
      others === undefined ? "-" : `${(own / others).toPrecision(3)} x ${beside!.name}`,
      formatGap(gapOf(answer)),
      [...new Set("certificate" in answer ? [answer.status] : answer.status)].join(", "),
    ]);
  }
  if (found.length === 0) return "";
  const table = markdownTable(
    ["problem", "queries", "models", "p50", "beside", "certified gap", "status"],
    found,
  );
  return `#### Hard cases, and several solves in one\n\n${table}`;
}

function gapOf(answer: Plan | Frontier): number {
  return "certificate" in answer
    ? answer.certificate.gap
    : answer.gap.reduce((most, gap) => (gap > most ? gap : most), 0);
}

function solving(problem: AssignmentProblem): Task {
  return { run: () => assign(problem) };
}

/** Costs that are the same for every query: ties wherever quality is, too. */
export function perCall(workload: Workload): AssignmentProblem {
  const width = workload.models.length;
  const cost = workload.cost.map((_, cell) => workload.cost[cell % width]!);
  return problemOf({ ...workload, cost }, "floor");
}

/** No cost at all, under the capacities: quality lies on sixteenths. */
export function qualityAlone(workload: Workload): AssignmentProblem {
  const { models, quality } = workload;
  const limits = problemOf(workload, "tight").limits!.filter(({ model }) => model !== undefined);
  return { models, quantities: { quality }, objective: { maximize: "quality" }, limits };
}

/** A floor beyond the highest mean quality that the capacities allow, beside a floor that can hold. */
export function infeasible(workload: Workload, beyond: number): Task {
  const possible = problemOf(workload, "tight");
  const capacities = possible.limits!.filter(({ model }) => model !== undefined);
  const best = assign({ ...possible, objective: { maximize: "quality" }, limits: capacities });
  const atLeast = best.mean("quality") + beyond;
  const problem = { ...possible, limits: [{ mean: "quality", atLeast }, ...capacities] };
  return {
    run: () => assign(problem, { diagnose: false }),
    beside: { name: "a solve", run: () => assign(possible) },
  };
}

/** Floors from the cheapest plan's quality to nearly the highest there is, under the capacities. */
export function sweeping(workload: Workload): Task {
  const { limits, ...base } = problemOf(workload, "tight");
  const capacities = limits!.filter(({ model }) => model !== undefined);
  const capped = { ...base, limits: capacities };
  const from = assign(capped).mean("quality");
  const highest = assign({ ...capped, objective: { maximize: "quality" } }).mean("quality");
  const to = from + 0.98 * (highest - from);
  return {
    run: () => frontier(capped, { mean: "quality", atLeast: { from, to, points: POINTS } }),
    beside: { name: "a solve", run: () => assign({ ...base, limits: limits! }) },
  };
}
