// What assignAsync() does to the event loop: how long the call itself takes on the JavaScript thread, and how late timers
// come while solves are under way.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { assignAsync, Workspace } from "../lib/index.js";
import { generateWorkload, type LimitSet, problemOf, type Workload } from "./instances.js";
import type { BenchOptions } from "./options.js";
import { formatCount, formatTime, markdownTable } from "./report.js";
import { median } from "./statistics.js";

const ROWS = [65_536, 1_000_000];
const MODELS = [16];
const AT_ONCE = 32;
/** More than this and the copies of so many problems would not fit. */
const MOST_ROWS_AT_ONCE = 65_536;
const LIMITS: LimitSet = "tight";
/** Milliseconds between the looks at the clock. */
const RESOLUTION = 1;

interface Case {
  readonly name: string;
  readonly start: () => Promise<unknown>[];
}

interface Row {
  readonly name: string;
  readonly rows: number;
  readonly models: number;
  /** Milliseconds each. */
  readonly call: number;
  readonly solve: number;
  readonly delays: readonly [p50: number, p99: number, most: number];
  /** Processor time by wall time. */
  readonly cores: number;
}

/** A section of bench/README.md. */
export async function benchEventLoop({ rows = ROWS, models = MODELS, quick }: BenchOptions): Promise<string> {
  const found: Row[] = [];
  for (const width of models)
    for (const length of rows)
      for (const { name, start } of casesOf(generateWorkload(length, width)))
        found.push({ name, rows: length, models: width, ...(await measure(start, quick ? 3 : 20)) });
  const table = markdownTable(
    [
      "solves under way",
      "queries",
      "models",
      "the call",
      "until solved",
      "delay p50",
      "delay p99",
      "delay max",
      "cores busy",
    ],
    found.map(row => [
      row.name,
      formatCount(row.rows),
      String(row.models),
      formatTime(row.call),
      formatTime(row.solve),
      ...row.delays.map(formatTime),
      row.cores.toFixed(2),
    ]),
  );
  return `#### The event loop meanwhile\n\n${table}`;
}

function casesOf(workload: Workload): Case[] {
  const problem = problemOf(workload, LIMITS);
  const { models, rows, cost, quality } = workload;
  const workspace = new Workspace({ models, quantities: ["cost", "quality"], rows });
  workspace.quantities.cost.set(cost);
  workspace.quantities.quality.set(quality);
  const { objective, limits = [] } = problem;
  const cases = [
    { name: "assignAsync, matrices copied", start: () => [assignAsync(problem)] },
    {
      name: "Workspace.assignAsync",
      start: () => [workspace.assignAsync({ rows, objective, limits })],
    },
  ];
  if (rows <= MOST_ROWS_AT_ONCE)
    cases.push({
      name: `${AT_ONCE} x assignAsync, copied`,
      start: () => Array.from({ length: AT_ONCE }, () => assignAsync(problem)),
    });
  return cases;
}

async function measure(
  start: () => Promise<unknown>[],
  runs: number,
): Promise<Omit<Row, "name" | "rows" | "models">> {
  await Promise.all(start());
  const calls: number[] = [];
  const solves: number[] = [];
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  const processor = process.cpuUsage();
  const begun = performance.now();
  for (let run = 0; run < runs; run++) {
    // From a turn of the loop of its own: what came before is not to be blamed on the call.
    await new Promise(resolve => setTimeout(resolve, 2 * RESOLUTION));
    histogram.enable();
    await new Promise(resolve => setTimeout(resolve, 2 * RESOLUTION)); // the monitor needs a first look at the clock
    const from = performance.now();
    const pending = start();
    calls.push((performance.now() - from) / pending.length);
    await Promise.all(pending);
    solves.push(performance.now() - from);
    await new Promise(resolve => setTimeout(resolve, 2 * RESOLUTION)); // and one after the last delay
    histogram.disable();
  }
  const { user, system } = process.cpuUsage(processor);
  const wall = performance.now() - begun;
  // The histogram holds nanoseconds between looks, of which the resolution is meant.
  const delay = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  return {
    call: median(calls),
    solve: median(solves),
    delays: [delay(histogram.percentile(50)), delay(histogram.percentile(99)), delay(histogram.max)],
    cores: (user + system) / 1e3 / wall,
  };
}
