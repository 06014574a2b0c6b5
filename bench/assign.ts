// npm run bench: assign() and Prices.choose() by benny, beside a streaming read of the matrices taken in the same run;
// and what assignAsync() does to the event loop (event-loop.ts).
import benny from "benny";
import { assign, type Plan } from "../lib/index.js";
import { benchEventLoop } from "./event-loop.js";
import { benchHard } from "./hard.js";
import { DESCRIPTIONS, generateWorkload, LIMIT_SETS, problemOf } from "./instances.js";
import { type BenchOptions, reservations, selects } from "./options.js";
import { formatCount, formatGap, formatTime, markdownTable, provenance } from "./report.js";
import { percentile } from "./statistics.js";
import { matrixBytes, streamingRead } from "./streaming-read.js";

const ROWS = [1, 16, 256, 4096, 65_536, 1_000_000];
const CHOOSE_ROWS = [1, 256, 65_536, 1_000_000];
const MODELS = [8, 16, 32];
const CHOOSE_MODELS = [16];
/** What a service routes at a time, and the gap it asks for: far below what its predictions are worth. */
const MICRO_BATCH = 256;
const MICRO_BATCH_GAP = 1e-4;
/** Where a problem fits the caches of a core, a streaming read of it says nothing. */
const FEWEST_ROWS_FOR_A_READ = 4096;

interface Case {
  readonly name: string;
  /** A plan to report on; none for choosing by prices. */
  readonly plan?: Plan;
  readonly run: () => void;
}

interface Row {
  readonly rows: number;
  readonly models: number;
  readonly name: string;
  readonly samples: readonly number[];
  readonly plan: Plan | undefined;
  /** Milliseconds. */
  readonly read: number;
}

/** @param reader the built stream_read. */
export async function benchAssign(options: BenchOptions, reader: string): Promise<string> {
  const solves: Row[] = [];
  const choices: Row[] = [];
  for (const models of options.models ?? MODELS)
    for (const rows of options.rows ?? ROWS) {
      const workload = generateWorkload(rows, models);
      const cases = LIMIT_SETS.filter(limits => selects(options.limits, limits)).map((limits): Case => {
        const problem = problemOf(workload, limits);
        const asked = rows <= MICRO_BATCH ? { gapTolerance: MICRO_BATCH_GAP } : {};
        return {
          name: DESCRIPTIONS[limits],
          plan: assign(problem, asked),
          run: () => void assign(problem, asked),
        };
      });
      solves.push(...(await measure("assign", rows, models, cases, options, reader)));
    }
  for (const models of selects(options.limits, "choose") ? (options.models ?? CHOOSE_MODELS) : [])
    for (const rows of options.rows ?? CHOOSE_ROWS) {
      const problem = problemOf(generateWorkload(rows, models), "tight");
      const { prices } = assign(problem);
      const out = new Uint8Array(rows);
      const run = () => void prices.choose(problem, out);
      choices.push(
        ...(await measure("Prices.choose", rows, models, [{ name: "prices", run }], options, reader)),
      );
    }
  const text = [
    `${provenance()}${reservations(options)}`,
    ...(solves.length > 0 ? [showSolves(solves)] : []),
    ...(choices.length > 0 ? [showChoices(choices)] : []),
    ...[benchHard(options)].filter(text => text !== ""),
    ...(selects(options.limits, "async") ? [await benchEventLoop(options)] : []),
  ].join("\n\n");
  console.log(`\n${text}`);
  return text;
}

async function measure(
  what: string,
  rows: number,
  models: number,
  cases: readonly Case[],
  { quick }: BenchOptions,
  reader: string,
): Promise<Row[]> {
  if (cases.length === 0) return [];
  const readOnce = () =>
    rows < FEWEST_ROWS_FOR_A_READ ? Number.NaN : streamingRead(reader, matrixBytes(rows, models));
  // The read is taken before and after, because a neighbour on the machine comes and goes.
  const before = readOnce();
  const samples = cases.map((): number[] => []);
  await benny.suite(
    `${what}, ${formatCount(rows)} x ${models}`,
    ...cases.map(({ name, run }, c) =>
      // benny decides how often to run and looks at means; percentiles need every single call.
      benny.add(name, () => {
        const start = performance.now();
        run();
        samples[c]!.push(performance.now() - start);
      }),
    ),
    benny.configure({ cases: quick ? { maxTime: 0.5, minSamples: 3 } : {} }),
    // Redrawn as it goes, which only a terminal can show.
    ...(process.stdout.isTTY ? [benny.cycle()] : []),
  );
  const read = (before + readOnce()) / 2;
  return cases.map(({ name, plan }, c) => ({
    rows,
    models,
    name,
    samples: warm(samples[c]!),
    plan,
    read,
  }));
}

/** Without the first tenth, in which the code is being compiled and caches filled. */
function warm(samples: readonly number[]): readonly number[] {
  return samples.slice(Math.ceil(samples.length / 10));
}

const sizes = ({ rows, models }: Row) => [formatCount(rows), String(models)];
const times = ({ samples, read }: Row) => [
  formatTime(percentile(samples, 0.5)),
  formatTime(percentile(samples, 0.99)),
  formatTime(read),
  Number.isNaN(read) ? "-" : (percentile(samples, 0.5) / read).toPrecision(3),
];

function showSolves(rows: readonly Row[]): string {
  return markdownTable(
    ["limits", "queries", "models", "p50", "p99", "read", "p50 / read", "certified gap", "status"],
    rows.map(row => [
      row.name,
      ...sizes(row),
      ...times(row),
      formatGap(row.plan!.certificate.gap),
      row.plan!.status,
    ]),
  );
}

function showChoices(rows: readonly Row[]): string {
  const table = markdownTable(
    ["call", "queries", "models", "p50", "p99", "read", "p50 / read"],
    rows.map(row => ["Prices.choose", ...sizes(row), ...times(row)]),
  );
  return `#### Choosing by stored prices\n\n${table}`;
}
