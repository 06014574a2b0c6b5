import fc from "fast-check";
import type { AssignmentProblem, Limit } from "../../lib/index.js";

/** A deterministic stream of numbers in [0, 1): mulberry32. */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function modelNames(count: number): string[] {
  return Array.from({ length: count }, (_, j) => `m${j}`);
}

/** A workload in which dearer models are better, topics differ, and quality lies on a grid of 1/16. */
export function workload(rows: number, models: number, seed: number) {
  const random = uniforms(seed);
  const price = Array.from(
    { length: models },
    (_, j) => 1e-4 * 2 ** ((6 * j) / models) * (0.7 + 0.6 * random()),
  );
  const taste = Array.from({ length: models * 4 }, () => random() - 0.5);
  const cost = new Float32Array(rows * models);
  const quality = new Float32Array(rows * models);
  for (let i = 0; i < rows; i++) {
    const difficulty = 3 * random() - 1.5;
    const topic = Math.floor(4 * random());
    const length = 0.3 + 2 * random() ** 2;
    for (let j = 0; j < models; j++) {
      const logit = 2 * (j / models) + taste[j * 4 + topic]! - difficulty + 0.3 * (random() - 0.5);
      quality[i * models + j] = Math.round(16 / (1 + Math.exp(-2 * logit))) / 16;
      cost[i * models + j] = price[j]! * length * (0.8 + 0.4 * random());
    }
  }
  return { models: modelNames(models), quantities: { cost, quality } };
}

/** Small problems with every kind of limit, for enumeration. */
export const smallProblems: fc.Arbitrary<AssignmentProblem> = fc
  .record({ rows: fc.integer({ min: 1, max: 5 }), models: fc.integer({ min: 1, max: 4 }) })
  .chain(({ rows, models }) => {
    const cells = { minLength: rows * models, maxLength: rows * models };
    const names = modelNames(models);
    const grid = (most: number, unit: number) => fc.integer({ min: 0, max: most }).map(x => x * unit);
    const limit: fc.Arbitrary<Limit> = fc.oneof(
      grid(16, 1 / 16).map((atLeast): Limit => ({ mean: "quality", atLeast })),
      grid(rows * 20, 0.5).map((atMost): Limit => ({ sum: "cost", atMost })),
      fc
        .record({ atMost: grid(rows, 1), model: fc.constantFrom(...names) })
        .map(l => ({ sum: "requests", ...l })),
      fc.record({ atMost: grid(20, 1), model: fc.constantFrom(...names) }).map(l => ({ sum: "cost", ...l })),
    );
    return fc.record(
      {
        models: fc.constant(names),
        quantities: fc.record({
          cost: fc.array(grid(20, 0.5), cells).map(x => Float32Array.from(x)),
          quality: fc.array(grid(16, 1 / 16), cells).map(x => Float32Array.from(x)),
        }),
        objective: fc.constantFrom({ minimize: "cost" } as const, { maximize: "quality" } as const),
        limits: fc.array(limit, { maxLength: 4 }),
        allowed: fc
          .array(fc.integer({ min: 1, max: 2 ** models - 1 }), { minLength: rows, maxLength: rows })
          .map(x => BigUint64Array.from(x, BigInt)),
      },
      { requiredKeys: ["models", "quantities", "objective", "limits"] },
    ) as fc.Arbitrary<AssignmentProblem>;
  });

/** The best objective over all plans that hold every limit, by enumeration; undefined if there is none. */
export function enumerate(problem: AssignmentProblem): number | undefined {
  const m = problem.models.length;
  const rows = problem.quantities.cost!.length / m;
  const maximise = "maximize" in problem.objective;
  let best: number | undefined;
  for (let code = 0; code < m ** rows; code++) {
    const choice = Array.from({ length: rows }, (_, i) => Math.floor(code / m ** i) % m);
    if (choice.some((j, i) => problem.allowed && !((problem.allowed[i]! >> BigInt(j)) & 1n))) continue;
    const sum = (of: "cost" | "quality" | "requests", model?: string) =>
      choice.reduce((total, j, i) => {
        if (model !== undefined && problem.models[j] !== model) return total;
        return total + (of === "requests" ? 1 : problem.quantities[of]![i * m + j]!);
      }, 0);
    const holds = (problem.limits ?? []).every(limit => {
      const total =
        sum((limit.mean ?? limit.sum) as "cost", limit.model) / (limit.mean === undefined ? 1 : rows);
      const bound = (limit.atLeast ?? limit.atMost)!;
      const slack = limit.atLeast === undefined ? bound - total : total - bound;
      return slack >= (limit.sum === "requests" ? 0 : -1e-7 * Math.abs(bound));
    });
    if (!holds) continue;
    const objective = maximise ? sum("quality") : sum("cost");
    if (best === undefined || (maximise ? objective > best : objective < best)) best = objective;
  }
  return best;
}
