// Random assignment problems that have nothing in common but that they are valid: values of every kind that matrices have
// been seen to hold, limits around a plan that is drawn first, so that most can hold, some hold exactly and some cannot.
import type { AssignmentProblem, Limit } from "../lib/index.js";
import { type Random, seededRandom } from "../lib/random.js";

/** The greatest problems are of so many rows and models. */
export const LARGEST = { rows: 5000, models: 64 };

type Draw = (model: number, difficulty: number) => number;

/** How often limits are set beyond what the plan that was drawn comes to. */
const MISSED = [0, 0, 0.2, 0.5];
/** How far from what that plan comes to limits are set, as a share. */
const ROOM = [0, 0, 1e-12, 1e-9, 1e-6, 1e-4, 1e-2, 0.1, 1];

/** The same seed gives the same problem on every machine. */
export function randomProblem(seed: number): AssignmentProblem {
  const random = seededRandom(seed);
  const { rows, models } = randomSize(random);
  const names = ["quality", "cost", "latency", "tokens"].filter((_, k) => k < 2 || random.uniform() < 0.35);
  const quantities: Record<string, Float32Array> = {};
  for (const name of names)
    quantities[name] = randomMatrix(rows, models, name === "quality", quantities.quality, random);
  if (random.uniform() < 0.2) repeatRows(Object.values(quantities), rows, models, random);
  const base = {
    models: Array.from({ length: models }, (_, j) => `model-${j}`),
    quantities,
    objective: randomObjective(names, random),
    ...(random.uniform() < 0.3 ? { allowed: randomAllowed(rows, models, random) } : {}),
    ...(random.uniform() < 0.4 ? { groups: randomGroups(rows, random) } : {}),
  };
  return { ...base, limits: randomLimits(base, rows, random) };
}

function whole(below: number, random: Random): number {
  return Math.floor(random.uniform() * below);
}

function randomSize(random: Random): { rows: number; models: number } {
  const kind = random.uniform();
  if (kind < 0.3) return { rows: 1 + whole(40, random), models: random.pick([1, 2, 3, 4, 5, 8, 16]) };
  if (kind < 0.75) return { rows: 20 + whole(400, random), models: random.pick([2, 3, 5, 8, 16, 33, 64]) };
  return {
    rows: 500 + whole(LARGEST.rows - 499, random),
    models: random.pick([2, 3, 5, 8, 16, LARGEST.models]),
  };
}

function randomMatrix(
  rows: number,
  models: number,
  isQuality: boolean,
  quality: Float32Array | undefined,
  random: Random,
): Float32Array {
  const scale = isQuality ? 1 : random.pick([1e-9, 1e-6, 1e-3, 1, 1, 1e3, 1e6]);
  const draw = randomDraw(models, random);
  const follows = quality !== undefined && random.uniform() < 0.1;
  const values = new Float32Array(rows * models);
  for (let i = 0, cell = 0; i < rows; i++) {
    const difficulty = random.uniform();
    for (let j = 0; j < models; j++, cell++) {
      const value = follows ? 0.8 * quality[cell]! + 0.2 * random.uniform() : draw(j, difficulty);
      values[cell] = scale * (isQuality ? Math.min(1, Math.max(0, value)) : value);
    }
  }
  return values;
}

/** A kind of values. */
function randomDraw(models: number, random: Random): Draw {
  const own = Array.from({ length: models }, () => random.uniform());
  const level = own.map(u => 10 ** (3 * u - 3));
  const steps = random.pick([1, 2, 4, 10, 20]);
  const even: Draw = () => random.uniform();
  const onScale: Draw = () => Math.round(random.uniform() * steps) / steps;
  const lognormal: Draw = model => level[model]! * Math.exp(0.7 * random.normal());
  const byDifficulty: Draw = (model, difficulty) => 1 / (1 + Math.exp(-6 * (own[model]! + 0.3 - difficulty)));
  return random.pick<Draw>([
    even,
    even,
    onScale,
    onScale,
    lognormal,
    lognormal,
    byDifficulty,
    byDifficulty,
    model => (random.uniform() < own[model]! ? 1 : 0),
    model => own[model]!,
    model => Math.round(4 * own[model]!) / 4,
    () => 0.37,
    () => 0,
    () => 10 ** (12 * random.uniform() - 12),
    () => (random.uniform() < 0.1 ? random.uniform() : 0),
    () => 0.5 + 1e-6 * random.uniform(),
  ]);
}

/** Few kinds of rows, each of them many times. */
function repeatRows(matrices: readonly Float32Array[], rows: number, models: number, random: Random): void {
  const kinds = 1 + whole(Math.min(rows, 6), random);
  for (let i = kinds; i < rows; i++) {
    const from = whole(kinds, random) * models;
    for (const matrix of matrices) matrix.copyWithin(i * models, from, from + models);
  }
}

function randomObjective(names: readonly string[], random: Random): AssignmentProblem["objective"] {
  const kind = whole(8, random);
  if (kind < 3) return { minimize: "cost" };
  if (kind === 3) return { maximize: "quality" };
  if (kind === 4) return { minimize: random.pick(names) };
  if (kind === 5) return { maximize: random.pick(names) };
  const weights = Object.fromEntries(names.map(name => [name, random.pick([0, 1, 0.5, 1e-3, -0.3, 2])]));
  return kind === 6 ? { minimize: weights } : { maximize: weights };
}

function randomAllowed(rows: number, models: number, random: Random): BigUint64Array {
  const one = random.pick([0, 0.1, 0.9]);
  const density = random.pick([0.2, 0.5, 0.9]);
  return BigUint64Array.from({ length: rows }, () => {
    let mask = 0n;
    if (random.uniform() >= one)
      for (let j = 0; j < models; j++) if (random.uniform() < density) mask |= 1n << BigInt(j);
    return mask === 0n ? 1n << BigInt(whole(models, random)) : mask;
  });
}

function randomGroups(rows: number, random: Random): Uint16Array {
  const count = random.pick([1, 2, 3, 5, 12]);
  const uneven = random.uniform() < 0.3;
  return Uint16Array.from({ length: rows }, () =>
    Math.floor(count * random.uniform() * (uneven ? random.uniform() : 1)),
  );
}

type Kind =
  | "floor"
  | "budget"
  | "capacity"
  | "least"
  | "own"
  | "groupFloor"
  | "groupBudget"
  | "groupCapacity"
  | "spend";

const KINDS: readonly (readonly Kind[])[] = [
  ["floor"],
  ["floor", "capacity"],
  ["budget", "capacity"],
  ["floor", "budget"],
  ["capacity", "least"],
  ["groupFloor", "budget", "own"],
  ["floor", "capacity", "own", "spend"],
  ["floor", "budget", "capacity", "least", "own", "groupFloor", "groupBudget", "groupCapacity"],
];

function randomLimits(base: AssignmentProblem, rows: number, random: Random): Limit[] {
  const { models, quantities } = base;
  const groups = base.groups as Uint16Array | undefined;
  const groupCount = groups === undefined ? 1 : groups.reduce((most, group) => Math.max(most, group), 0) + 1;
  const plan = randomPlan(base, rows, random);
  const total = (quantity: string, group?: number, model?: number) => {
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      if (group !== undefined && (groups?.[i] ?? 0) !== group) continue;
      if (model !== undefined && plan[i] !== model) continue;
      sum +=
        quantity === "requests" ? 1 : (quantities[quantity] as Float32Array)[i * models.length + plan[i]!]!;
    }
    return sum;
  };
  const missed = random.pick(MISSED);
  const kinds = random.pick(KINDS);
  const limits = new Map<string, Limit>();
  const most = random.pick([0, 1, 1, 2, 2, 3, 4, 6, 10, Math.min(40, models.length + 2)]);
  for (let n = 0; n < most; n++) {
    const kind = random.pick(kinds);
    const atLeast = ["floor", "groupFloor", "least", "spend"].includes(kind);
    const quantity = {
      floor: "quality",
      groupFloor: "quality",
      budget: "cost",
      groupBudget: "cost",
      spend: "cost",
      own: random.pick(Object.keys(quantities)),
      capacity: "requests",
      groupCapacity: "requests",
      least: "requests",
    }[kind];
    const group = kind.startsWith("group") ? whole(groupCount, random) : undefined;
    const model = ["capacity", "least", "own", "groupCapacity"].includes(kind)
      ? whole(models.length, random)
      : undefined;
    const reached = total(quantity, group, model);
    const room = random.pick(ROOM) * (random.uniform() < missed ? -1 : 1) * (atLeast ? -1 : 1);
    const bound =
      quantity === "requests" ? Math.max(0, Math.round(reached * (1 + room))) : reached * (1 + room);
    limits.set([kind, quantity, group, model].join(), {
      sum: quantity,
      ...(group === undefined ? {} : { group }),
      ...(model === undefined ? {} : { model: models[model]! }),
      ...(atLeast ? { atLeast: bound } : { atMost: bound }),
    } as Limit);
  }
  return [...limits.values()];
}

/** By a rule of thumb of its own: random, cheap, good, or a mixture. */
function randomPlan(
  { models, quantities, allowed }: AssignmentProblem,
  rows: number,
  random: Random,
): Uint8Array {
  const cost = quantities.cost as Float32Array;
  const quality = quantities.quality as Float32Array;
  const masks = allowed as BigUint64Array | undefined;
  const dearest = cost.reduce((greatest, value) => Math.max(greatest, value), 0) || 1;
  const worth = random.pick([0, Math.exp(2 * random.normal()), Math.exp(2 * random.normal()), 1e9]);
  const chance = random.pick([0, 0, 0.1, 1e12]);
  return Uint8Array.from({ length: rows }, (_, i) => {
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (let j = 0; j < models.length; j++) {
      if (masks !== undefined && ((masks[i]! >> BigInt(j)) & 1n) === 0n) continue;
      const cell = i * models.length + j;
      const value = cost[cell]! / dearest - worth * quality[cell]! + chance * random.uniform();
      if (value < least) [best, least] = [j, value];
    }
    return best;
  });
}
