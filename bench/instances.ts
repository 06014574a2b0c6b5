// The problems that the benches solve: generated ones of any size, and what the predictor makes of real records
// (records.ts). All are seeded; the same seed gives the same problem on every machine.
import { type AssignmentProblem, assign, type Limit, type Plan } from "../lib/index.js";
import { type Random, seededRandom } from "../lib/random.js";

/** Which limits hold: a quality floor, with capacities that sum to 3 N or 1.05 N requests, or all kinds at once. */
export type LimitSet = "floor" | "slack" | "tight" | "mixed";
export const LIMIT_SETS: readonly LimitSet[] = ["floor", "slack", "tight", "mixed"];

export const DESCRIPTIONS: Readonly<Record<LimitSet, string>> = {
  floor: "floor",
  slack: "floor, capacities 3 N",
  tight: "floor, capacities 1.05 N",
  mixed: "8 tenant floors, budget, token capacities",
};

/** What every query would cost and be worth with every model, row-major. */
export interface Workload {
  readonly name: string;
  readonly models: readonly string[];
  readonly rows: number;
  readonly cost: Float32Array;
  readonly quality: Float32Array;
  /** Input and output tokens; absent where not known. */
  readonly tokens?: Float32Array;
}

/**
 * USD per million input and output tokens: the ratios in which public list prices of 2024 and 2025 stand, from small open
 * models to the largest, in order of the price of an answer. Numbers without names: no model is meant.
 */
const LIST_PRICES: readonly (readonly [input: number, output: number])[] = [
  [0.02, 0.04],
  [0.04, 0.04],
  [0.05, 0.08],
  [0.06, 0.06],
  [0.1, 0.1],
  [0.075, 0.3],
  [0.18, 0.18],
  [0.14, 0.28],
  [0.1, 0.4],
  [0.2, 0.2],
  [0.15, 0.6],
  [0.24, 0.24],
  [0.3, 0.3],
  [0.27, 0.85],
  [0.35, 0.4],
  [0.27, 1.1],
  [0.25, 1.25],
  [0.6, 0.6],
  [0.5, 1.5],
  [0.88, 0.88],
  [0.9, 0.9],
  [0.8, 4],
  [1.2, 1.2],
  [1.1, 4.4],
  [1.25, 5],
  [2, 6],
  [3, 3],
  [2.5, 10],
  [3, 15],
  [5, 15],
  [10, 30],
  [15, 75],
];

const TOPICS = 12;
/** Quality is estimated from 16 neighbours: it lies on a grid of sixteenths, which makes ties. */
const GRID = 16;
const TENANTS = 8;
/** Entries of the table that per-cell noise is drawn from: a logarithm per cell would take most of the time. */
const NOISE = 1 << 14;

/**
 * An invented workload of queries with a latent difficulty and topic, and of models whose abilities rise with price, on
 * the whole and with tastes of their own per topic. Lengths are lognormal.
 */
export function generateWorkload(rows: number, models: number, seed = 1): Workload {
  const random = seededRandom(seed);
  const prices = Array.from({ length: models }, (_, j) => pricesOf(j, models));
  const ability = abilities(prices, random);
  const verbosity = prices.map(() => Math.exp(0.25 * random.normal()));
  const noise = Float64Array.from({ length: NOISE }, () => random.normal());
  const spread = noise.map(x => Math.exp(0.3 * x));
  const [cost, quality, tokens] = [0, 1, 2].map(() => new Float32Array(rows * models)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (let i = 0, cell = 0; i < rows; i++) {
    const difficulty = random.normal();
    const topic = Math.floor(TOPICS * random.uniform()) * models;
    const input = Math.ceil(Math.exp(5.3 + 0.9 * random.normal()));
    const length = Math.exp(5.4 + 0.35 * difficulty + 0.5 * random.normal());
    for (let j = 0; j < models; j++, cell++) {
      const [inputPrice, outputPrice] = prices[j]!;
      const draw = Math.floor(NOISE * NOISE * random.uniform());
      const output = Math.ceil(length * verbosity[j]! * spread[draw & (NOISE - 1)]!);
      const logit = 1.7 * (ability[topic + j]! - difficulty) + 0.5 * noise[draw >>> 14]!;
      quality[cell] = Math.round(GRID / (1 + Math.exp(-logit))) / GRID;
      cost[cell] = (input * inputPrice + output * outputPrice) / 1e6;
      tokens[cell] = input + output;
    }
  }
  const names = Array.from({ length: models }, (_, j) => `model-${j + 1}`);
  return { name: "generated", models: names, rows, cost, quality, tokens };
}

/** Evenly from cheap to dear; of more models than prices, each price serves several. */
function pricesOf(model: number, models: number): readonly [number, number] {
  const place = Math.floor(((model + 0.5) * LIST_PRICES.length) / models);
  return LIST_PRICES[place]!;
}

/** Topics x models: from -0.8 for the cheapest to 1.6 for the dearest, by the logarithm of the price. */
function abilities(prices: readonly (readonly [number, number])[], random: Random): Float64Array {
  const height = prices.map(([input, output]) => Math.log(input + output));
  const [low, high] = [Math.min(...height), Math.max(...height)];
  const base = height.map(h => -0.8 + (2.4 * (h - low)) / Math.max(high - low, 1e-9) + 0.2 * random.normal());
  return Float64Array.from(
    { length: TOPICS * prices.length },
    (_, k) => base[k % prices.length]! + 0.35 * random.normal(),
  );
}

/** The workload with limits that can hold together and bind; takes two to four solves. */
export function problemOf(workload: Workload, limits: LimitSet, seed = 1): AssignmentProblem {
  const { models, rows, cost, quality, tokens } = workload;
  const objective = { minimize: "cost" } as const;
  if (limits !== "mixed") {
    const base = { models, quantities: { cost, quality }, objective };
    const capacities =
      limits === "floor" ? [] : requestCapacities(models, rows, limits === "slack" ? 3 : 1.05, seed);
    const [least, most] = extremes(base, capacities);
    const atLeast = between(least.mean("quality"), most.mean("quality"));
    return { ...base, limits: [{ mean: "quality", atLeast }, ...capacities] };
  }
  if (tokens === undefined) throw new Error(`${workload.name} has no tokens to limit`);
  const random = seededRandom(seed);
  const groups = Uint16Array.from({ length: rows }, () => Math.floor(TENANTS * random.uniform()));
  const base = { models, quantities: { cost, quality, tokens }, objective, groups };
  const capacities = tokenCapacities(workload);
  const [least, most] = extremes(base, capacities);
  const [lowest, highest] = [tenantMeans(least, groups), tenantMeans(most, groups)];
  const floors = [...highest].map(
    ([group, high]): Limit => ({
      mean: "quality",
      // One plan reaches every tenant's `high`, so the floors can hold together.
      atLeast: Math.max(0, Math.min(floor(high), between(lowest.get(group)!, high))),
      group,
    }),
  );
  const unbudgeted = solved({ ...base, limits: [...floors, ...capacities] });
  // A budget of all that is being minimised would never bind. One of the first tenant's, a little below what the best
  // plan spends on it, does: it gets more of the cheap capacity, at the others' cost. A few rows leave no such freedom.
  const tenant = groups[0] ?? 0;
  let spent = 0;
  for (const [i, x] of unbudgeted.column("cost").entries()) if (groups[i] === tenant) spent += x;
  const atMost = Number((spent * (rows >= 4096 ? 0.99 : 1.001)).toPrecision(4));
  return {
    ...base,
    limits: [...floors, { sum: "cost", atMost, group: tenant }, ...capacities],
  };
}

/** A floor at 70 % of the way from the cheapest plan's quality to the highest there is. */
function between(least: number, most: number): number {
  return floor(least + 0.7 * (most - least));
}

/** Down to four decimals, so that a better solver poses the same problems as the one before. */
function floor(quality: number): number {
  return Math.floor(quality * 1e4) / 1e4;
}

/** The cheapest plan and that of the highest quality, under the capacities. */
function extremes(base: Omit<AssignmentProblem, "limits">, limits: readonly Limit[]): [Plan, Plan] {
  return [solved({ ...base, limits }), solved({ ...base, objective: { maximize: "quality" }, limits })];
}

/** Near enough for a bound to be read off it: a plan a few requests over a capacity would do. */
function solved(problem: AssignmentProblem): Plan {
  const plan = assign(problem, { gapTolerance: 1e-4, diagnose: false });
  if (plan.status === "infeasible")
    throw new Error("a problem of the bench cannot be posed: its capacities conflict");
  return plan;
}

/** Requests per model, uneven, whole, and summing to `factor` N. */
function requestCapacities(models: readonly string[], rows: number, factor: number, seed: number): Limit[] {
  const random = seededRandom(seed);
  const shares = models.map(() => 0.5 + random.uniform());
  const sum = shares.reduce((a, b) => a + b);
  const total = Math.ceil(factor * rows);
  let given = 0;
  let share = 0;
  return models.map((model, j) => {
    share += shares[j]!;
    const atMost = Math.round((total * share) / sum) - given; // rounding the running sum keeps the total
    given += atMost;
    return { sum: "requests", atMost, model };
  });
}

/** Tokens per model: together half as much again as the queries would take, and never less than two of the longest. */
function tokenCapacities({ models, rows, tokens }: Workload): Limit[] {
  const sums = new Float64Array(models.length);
  let longest = 0;
  for (const [cell, x] of tokens!.entries()) {
    sums[cell % models.length]! += x;
    if (x > longest) longest = x;
  }
  return models.map((model, j) => ({
    sum: "tokens",
    atMost: Math.ceil(Math.max((1.5 * sums[j]!) / models.length, rows > 0 ? 2 * longest : 0)),
    model,
  }));
}

function tenantMeans(plan: Plan, groups: Uint16Array): Map<number, number> {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const [i, x] of plan.column("quality").entries()) {
    const tenant = sums.get(groups[i]!) ?? { sum: 0, count: 0 };
    tenant.sum += x;
    tenant.count++;
    sums.set(groups[i]!, tenant);
  }
  return new Map([...sums].sort(([a], [b]) => a - b).map(([group, { sum, count }]) => [group, sum / count]));
}
