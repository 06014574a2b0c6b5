import { Router } from "../../lib/index.js";
import { seededRandom } from "../../lib/random.js";
import { type Log, MODELS, World } from "./worlds.js";

/** One condition under which promises are counted. */
export interface Cell {
  readonly log: Log;
  readonly history: number;
  readonly confidence: number;
  /** Where the batch's queries come from: as the history's, all of one task of it, or of a task that it lacks. */
  readonly batch: "same" | "known task" | "new task";
}

/** What became of the promises and of the bare floors in many worlds. */
export interface CellCounts {
  readonly worlds: number;
  readonly given: number;
  readonly kept: number;
  /** Refused, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Bare floors within reach, those of them that were met, and the mean of realized quality minus the floor. */
  readonly bare: number;
  readonly met: number;
  readonly slack: number;
}

const base: Cell = { log: "complete", history: 1000, confidence: 0.95, batch: "same" };

/** One factor at a time. */
export const CELLS: readonly Cell[] = [
  base,
  { ...base, history: 100 },
  { ...base, history: 300 },
  { ...base, history: 3000 },
  { ...base, confidence: 0.9 },
  { ...base, confidence: 0.99 },
  { ...base, log: "random" },
  { ...base, log: "text" },
  { ...base, log: "text, no overlap" },
  { ...base, log: "hidden" },
  { ...base, batch: "known task" },
  { ...base, batch: "new task" },
];

const FLOORS = [0.6, 0.65, 0.7, 0.75];
const BATCH = 400;

/** The cell in each of so many worlds: a history, a router fitted on it, one batch. */
export async function runCell(cell: Cell, worlds: number): Promise<CellCounts> {
  const refused: Record<string, number> = {};
  let [given, kept, bare, met, slack] = [0, 0, 0, 0, 0];
  for (let seed = 0; seed < worlds; seed++) {
    const world = new World(seed);
    const random = seededRandom(seed * 31 + 7);
    const without = cell.batch === "new task" ? 0 : undefined;
    const router = await Router.fit(world.history(random, cell.history, cell.log, without), world.pool);
    const queries = Array.from({ length: BATCH }, () =>
      world.draw(random, cell.batch === "same" ? undefined : 0),
    );
    const floor = FLOORS[seed % FLOORS.length]!;
    const route = async (confidence?: number) => {
      const plan = await router.route(
        queries.map(({ query }) => query),
        { minQuality: floor, ...(confidence === undefined ? {} : { confidence }) },
      );
      let sum = 0;
      for (const [i, { model }] of [...plan].entries()) sum += queries[i]!.quality[MODELS.indexOf(model)]!;
      return { plan, realized: sum / queries.length };
    };
    const promised = await route(cell.confidence);
    if (promised.plan.feasible) {
      given++;
      if (promised.realized >= floor - 1e-9) kept++;
    } else {
      const reason = promised.plan.promise?.reason ?? "infeasible";
      refused[reason] = (refused[reason] ?? 0) + 1;
    }
    const bareFloor = await route();
    // A floor below what the cheapest model reaches does not bind, and one beyond reach cannot be met.
    const binds = Math.abs(bareFloor.plan.mean("quality") - floor) < 1e-3;
    if (bareFloor.plan.feasible && binds) {
      bare++;
      if (bareFloor.realized >= floor - 1e-9) met++;
      slack += bareFloor.realized - floor;
    }
  }
  return { worlds, given, kept, refused, bare, met, slack: slack / bare };
}
