// npm run bench:soak: what an hour in the life of a service leaves behind in memory. The hour is run as fast as it goes,
// and its work is that of a busy one: micro-batches and single queries all the time, grades every minute, now and then a
// large batch, a frontier, a refit, a save, a load. What the service knows is the same size after the first ten minutes: then
// all that is in use at the end was in use before, and what is more is a leak.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  assignAsync,
  frontierAsync,
  type HistoryRecord,
  type RoutePlan,
  Router,
  simulateWorkload,
  Workspace,
} from "../lib/index.js";
import { generateWorkload, problemOf } from "./instances.js";
import type { BenchOptions } from "./options.js";
import { formatCount, markdownTable, provenance } from "./report.js";
import { median } from "./statistics.js";

const MINUTES = 60;
/** The service is warm by then, and has refitted twice. */
const WARM = 20;
const BATCHES_PER_MINUTE = 30;
const QUERIES_PER_BATCH = 64;
const SINGLES_PER_MINUTE = 60;
const GRADES_PER_MINUTE = 200;
/** Queries that grades come for, over and over. */
const GRADED = 2000;
const MINUTES_PER_REFIT = 10;
/** Of what is in use in the first half of the warm time; allocators keep some of what was freed, not always the same. */
const MOST_GROWTH = 0.05;

interface Memory {
  readonly minute: number;
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
}

/** @throws Error where memory has grown */
export async function soak({ quick }: BenchOptions): Promise<string> {
  const minutes = quick ? WARM + 10 : MINUTES;
  const folder = await mkdtemp(join(tmpdir(), "omnirouter-soak-"));
  const started = performance.now();
  try {
    const service = await Service.start(join(folder, "router"));
    const taken: Memory[] = [];
    for (let minute = 1; minute <= minutes; minute++) {
      await service.minute(minute);
      taken.push(memory(minute));
    }
    const warm = taken.filter(({ minute }) => minute > WARM).map(({ rss }) => rss);
    const half = warm.length >> 1;
    const [before, after] = [median(warm.slice(0, half)), median(warm.slice(half))];
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    const text = [
      `${provenance()}${quick ? " Taken with --quick: not to be quoted." : ""}`,
      `${minutes} minutes' work in ${seconds} s: ${formatCount(service.routed)} queries routed in batches and one by one, ` +
        `${formatCount(service.graded)} grades learned, ${service.fits} fits, ${service.loads} loads.`,
      table(taken.filter(({ minute }) => minute === 1 || minute % 5 === 0)),
      `RSS, median: ${megabytes(before)} MB in minutes ${WARM + 1} to ${WARM + half}, ${megabytes(after)} MB after.`,
    ].join("\n\n");
    console.log(text);
    if (after > before * (1 + MOST_GROWTH)) throw new Error("memory grows: see above");
    return text;
  } finally {
    await rm(folder, { recursive: true });
  }
}

class Service {
  routed = 0;
  graded = 0;
  fits = 1;
  loads = 0;
  /** One router learns, the other follows by `refresh`, as in another process. */
  readonly #learner: Router;
  #follower: Router;
  readonly #records: readonly HistoryRecord[];
  readonly #queries: readonly string[];
  readonly #large = problemOf(generateWorkload(20_000, 16), "tight");
  #plan: RoutePlan | undefined;

  private constructor(
    learner: Router,
    follower: Router,
    records: readonly HistoryRecord[],
    queries: readonly string[],
  ) {
    this.#learner = learner;
    this.#follower = follower;
    this.#records = records;
    this.#queries = queries;
  }

  static async start(folder: string): Promise<Service> {
    const { pool, history, queries } = simulateWorkload({ records: 1000, queries: 2 * GRADED });
    const learner = await Router.fit(history, pool);
    await learner.save(folder);
    return new Service(
      learner,
      await Router.load(folder),
      queries.slice(0, GRADED),
      queries.map(({ query }) => query),
    );
  }

  async minute(minute: number): Promise<void> {
    const take = <T>(from: readonly T[], count: number, at: number) =>
      Array.from({ length: count }, (_, i) => from[(at * count + i) % from.length]!);
    const { names } = this.#follower.pool;
    for (let batch = 0; batch < BATCHES_PER_MINUTE; batch++) {
      const queries = take(this.#queries, QUERIES_PER_BATCH, minute * BATCHES_PER_MINUTE + batch);
      const limits = { minQuality: 0.6, capacity: { [names.at(-1)!]: 20 } };
      const confidence = batch % 10 === 0 ? { confidence: 0.9 } : {};
      this.#plan = await this.#follower.route(queries, { ...limits, ...confidence });
      for (const { model } of this.#plan) if (!names.includes(model)) throw new Error(`routed to ${model}`);
    }
    for (const query of take(this.#queries, SINGLES_PER_MINUTE, minute))
      this.#follower.routeByPrices(query, this.#plan!.prices);
    this.routed += BATCHES_PER_MINUTE * QUERIES_PER_BATCH + SINGLES_PER_MINUTE;

    await this.#learner.learn(take(this.#records, GRADES_PER_MINUTE, minute));
    this.graded += GRADES_PER_MINUTE;
    await this.#follower.refresh();
    await this.#solve(minute);
    if (minute % MINUTES_PER_REFIT === 0) {
      await this.#learner.refit();
      this.fits++;
    } else if (minute % MINUTES_PER_REFIT === MINUTES_PER_REFIT / 2) {
      await this.#learner.save(this.#learner.directory!);
      this.#follower = await Router.load(this.#learner.directory!);
      this.loads++;
    }
  }

  /** Batches of another program's predictions: copied, in a workspace, and called off. */
  async #solve(minute: number): Promise<void> {
    const { models, quantities, objective, limits = [] } = this.#large;
    await assignAsync(this.#large, { seed: minute });
    const workspace = new Workspace({ models, quantities: Object.keys(quantities), rows: 20_000 });
    for (const [name, values] of Object.entries(quantities)) workspace.quantities[name]!.set(values);
    await workspace.assignAsync({ rows: 20_000, objective, limits });
    const aborting = new AbortController();
    const called = assignAsync(this.#large, { seed: minute, signal: aborting.signal });
    aborting.abort(new Error("called off"));
    await called.catch(error => {
      if ((error as Error).message !== "called off") throw error;
    });
    if (minute % 10 === 0)
      await frontierAsync(this.#large, { mean: "quality", atLeast: { from: 0.5, to: 0.6, points: 10 } });
  }
}

/** Once what is garbage has been collected. */
function memory(minute: number): Memory {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { rss, heapUsed: heap, external } = process.memoryUsage();
  return { minute, rss, heap, external };
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);

function table(taken: readonly Memory[]): string {
  return markdownTable(
    ["minute", "RSS", "V8's heap", "outside of it"],
    taken.map(({ minute, rss, heap, external }) => [
      String(minute),
      ...[rss, heap, external].map(bytes => `${megabytes(bytes)} MB`),
    ]),
  );
}
