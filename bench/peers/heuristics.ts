// What a user would write in an afternoon: each is a rule with one number in it, found by bisection so that the floors
// hold, that takes the queries as they come and passes over models that are full. Both know floors and capacities; a
// budget they can only overrun.
import type { AssignmentProblem } from "../../lib/index.js";

/** The score of each cell, given the rule's number: a query goes to the model of the least. */
type Rule = (number: number) => (cell: number) => number;

/** One price of quality for all: the model with the least cost - price * quality that still has room. */
export function calibratedPrice(problem: AssignmentProblem): Uint8Array {
  const { cost, quality } = problem.quantities;
  // Quality is estimated no finer than by thousandths: beyond this price nothing but quality counts.
  const most = 1000 * greatest(cost!);
  return calibrate(problem, price => cell => cost![cell]! - price * quality![cell]!, most);
}

/** The cheapest model expected to reach a quality that still has room; where none does, the best one. */
export function qualityThreshold(problem: AssignmentProblem): Uint8Array {
  const { cost, quality } = problem.quantities;
  const dearest = greatest(cost!);
  // Below the threshold a model ranks behind all that reach it, by how far it falls short.
  const rule: Rule = threshold => cell =>
    quality![cell]! >= threshold ? cost![cell]! : dearest * (2 + threshold - quality![cell]!);
  return calibrate(problem, rule, 1);
}

function greatest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/**
 * The plan of the least number that meets every floor, capacities kept. Where no number does, because those who come
 * late find the good models full, that of the least number that would without capacities.
 */
function calibrate(problem: AssignmentProblem, rule: Rule, most: number): Uint8Array {
  const plan = (number: number) => spillOver(problem, rule(number));
  const within = leastNumber(most, number => meetsFloors(problem, plan(number)));
  if (within !== undefined) return plan(within);
  const unlimited = { ...problem, limits: problem.limits!.filter(({ model }) => model === undefined) };
  return plan(leastNumber(most, number => meetsFloors(problem, spillOver(unlimited, rule(number)))) ?? most);
}

/** By bisection: quality rises with the number. */
function leastNumber(most: number, meets: (number: number) => boolean): number | undefined {
  if (meets(0)) return 0;
  if (!meets(most)) return undefined;
  let [below, above] = [0, most];
  for (let step = 0; step < 40; step++) {
    const middle = (below + above) / 2;
    if (meets(middle)) above = middle;
    else below = middle;
  }
  return above;
}

/** Query by query, the model of the least score among those with room; a query that fits nowhere goes to the least. */
function spillOver(problem: AssignmentProblem, score: (cell: number) => number): Uint8Array {
  const models = problem.models.length;
  const { cost } = problem.quantities;
  const choice = new Uint8Array(cost!.length / models);
  const capacity = problem.models.map(model =>
    (problem.limits ?? [])
      .filter(limit => limit.model === model && limit.atMost !== undefined)
      .map(({ sum, atMost }) => ({ left: atMost!, used: problem.quantities[sum!] })),
  );
  for (let i = 0; i < choice.length; i++) {
    let [best, bestScore] = [-1, Number.POSITIVE_INFINITY];
    let [least, leastScore] = [0, Number.POSITIVE_INFINITY];
    for (let j = 0; j < models; j++) {
      const cell = i * models + j;
      const value = score(cell);
      if (value < leastScore) [least, leastScore] = [j, value];
      if (value < bestScore && capacity[j]!.every(({ left, used }) => left >= (used?.[cell] ?? 1)))
        [best, bestScore] = [j, value];
    }
    const j = best < 0 ? least : best;
    choice[i] = j;
    for (const limit of capacity[j]!) limit.left -= limit.used?.[i * models + j] ?? 1;
  }
  return choice;
}

function meetsFloors(problem: AssignmentProblem, choice: Uint8Array): boolean {
  const models = problem.models.length;
  const { quality } = problem.quantities;
  const sums = new Map<number, number>();
  const counts = new Map<number, number>();
  const add = (group: number, value: number) => {
    sums.set(group, (sums.get(group) ?? 0) + value);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  };
  const grouped = problem.groups !== undefined;
  for (let i = 0; i < choice.length; i++)
    add(grouped ? problem.groups![i]! : 0, quality![i * models + choice[i]!]!);
  // The benches' problems number their groups.
  const total = (values: Map<number, number>, group: number | string | undefined) =>
    typeof group !== "number" ? [...values.values()].reduce((a, b) => a + b, 0) : (values.get(group) ?? 0);
  return (problem.limits ?? []).every(
    ({ mean, atLeast, group }) =>
      mean !== "quality" || atLeast === undefined || total(sums, group) >= atLeast * total(counts, group),
  );
}
