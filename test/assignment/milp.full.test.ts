import { describe, expect, it } from "vitest";
import { type AssignmentProblem, assign, type Limit } from "../../lib/index.js";
import { modelNames, uniforms, workload } from "./instances.js";
import { solveByHighs } from "./milp.js";

/** A problem of 8..60 queries with every kind of limit, bounds mostly near what binds. */
function randomProblem(seed: number): AssignmentProblem {
  const random = uniforms(seed);
  const below = (n: number) => Math.floor(random() * n);
  const rows = 8 + below(53);
  const m = 2 + below(7);
  const models = modelNames(m);
  const unit = 10 ** (-4 + 5 * random());
  const grid = below(2) === 0;
  const cost = Float32Array.from(
    { length: rows * m },
    (_, e) => unit * (1 + (e % m)) * (grid ? Math.ceil(4 * random()) / 4 : 0.5 + random()),
  );
  const quality = Float32Array.from({ length: rows * m }, (_, e) => {
    const q = Math.min(1, ((e % m) + 1) / m + 0.6 * (random() - 0.5));
    return Math.max(0, grid ? Math.round(16 * q) / 16 : q);
  });
  const tokens = Float32Array.from({ length: rows * m }, () => 10 + below(500));
  const latency = Float32Array.from({ length: rows * m }, () => Math.ceil(16 * random()) / 8);
  const grouped = below(3) === 0;
  const masked = below(3) === 0;
  const budget = below(3) === 0;
  const meanCost = cost.reduce((a, b) => a + b, 0) / m;
  const limits: Limit[] = [];
  if (!budget || below(3) === 0) limits.push({ mean: "quality", atLeast: 0.35 + 0.6 * random() });
  if (budget || below(5) === 0) limits.push({ sum: "cost", atMost: meanCost * (0.2 + 1.2 * random()) });
  if (grouped && below(2)) limits.push({ mean: "quality", atLeast: 0.3 + 0.5 * random(), group: below(2) });
  if (grouped && below(3) === 0) limits.push({ sum: "cost", atMost: meanCost * (0.2 + random()), group: 0 });
  const share = rows / m;
  const capacities = below(2) === 0;
  const tokenCapacities = below(4) === 0;
  for (const model of models) {
    if (capacities && below(4)) limits.push({ sum: "requests", atMost: below(Math.ceil(3 * share)), model });
    if (tokenCapacities && below(2))
      limits.push({ sum: "tokens", atMost: Math.round(260 * share * (0.5 + 2 * random())), model });
    if (below(20) === 0) limits.push({ sum: "requests", atLeast: below(4), model });
  }
  const groups = Uint16Array.from({ length: rows }, (_, i) => (i === 0 || (grouped && below(2)) ? 1 : 0));
  const quantities = { cost, quality, tokens, latency };
  // Limits of any kind at all, near what a plan by chance comes to.
  const plan = models.map((_, j) =>
    Array.from({ length: rows }, (_, i) => i).filter(i => (i * 5 + 1) % m === j),
  );
  for (let more = below(4); more > 0; more--) {
    const sum = (["requests", "cost", "quality", "tokens", "latency"] as const)[below(5)]!;
    const group = grouped && below(2) ? below(2) : undefined;
    const model = below(2) ? below(m) : undefined;
    let total = 0;
    plan.forEach((queries, j) => {
      if (model !== undefined && j !== model) return;
      for (const i of queries)
        if (group === undefined || groups[i] === group)
          total += sum === "requests" ? 1 : quantities[sum][i * m + j]!;
    });
    const sense = below(2) ? "atLeast" : "atMost";
    const loosened = total * (1 + (sense === "atMost" ? 0.5 : -0.5) * random());
    limits.push({
      sum,
      [sense]: sum === "requests" ? Math.round(loosened) : loosened,
      ...(group === undefined ? {} : { group }),
      ...(model === undefined ? {} : { model: models[model]! }),
    });
  }
  const weighted = below(5) === 0;
  return {
    models,
    quantities,
    objective: budget
      ? { maximize: weighted ? { quality: 1, latency: -0.01 } : "quality" }
      : { minimize: weighted ? { cost: 1, latency: unit * random() } : "cost" },
    limits,
    ...(grouped ? { groups } : {}),
    ...(masked
      ? {
          allowed: BigUint64Array.from({ length: rows }, () =>
            BigInt(below(2 ** m) | (1 << below(m)) | (1 << below(m))),
          ),
        }
      : {}),
  };
}

/** The objective as it is minimised. */
function minimised(problem: AssignmentProblem, value: number): number {
  return "maximize" in problem.objective ? -value : value;
}

describe("assign beside HiGHS", () => {
  it("agrees with it on 400 mixed-integer problems: status, bound, objective and gap", {
    timeout: 600_000,
  }, async () => {
    const seen = { feasible: 0, infeasible: 0, optimal: 0, unknown: 0, borderline: 0, undecided: 0 };
    for (let seed = 0; seed < 400; seed++) {
      const problem = randomProblem(seed);
      const plan = assign(problem);
      const { status, objective, bound, gap } = plan.certificate;
      // With all of the limits' tolerance: `assign`'s own problem. Where the limits as stated have another answer, HiGHS's own
      // tolerances decide.
      const strict = await solveByHighs(problem, { integers: true, slack: 0 });
      if (strict.status === "undecided") {
        seen.undecided++;
        continue;
      }
      const loose = await solveByHighs(problem, { integers: true, slack: 1e-7 });
      const context = `seed ${seed}: ${status}, HiGHS ${strict.status} ${strict.objective}, loose ${loose.objective}`;
      if (loose.status === "undecided") {
        seen.undecided++;
        continue;
      }
      if (strict.status !== loose.status) {
        seen.borderline++;
        continue;
      }
      if (strict.status === "infeasible") {
        seen.infeasible++;
        expect(plan.feasible, context).toBe(false);
        if (status === "unknown") seen.unknown++;
        continue;
      }
      seen.feasible++;
      expect(status, context).not.toBe("infeasible");
      const optimum = minimised(problem, strict.objective);
      const best = minimised(problem, loose.objective);
      const size = Math.max(Math.abs(optimum), Math.abs(objective));
      // HiGHS is exact within 1e-9 of what it sums.
      expect(minimised(problem, bound), context).toBeLessThanOrEqual(best + 1e-8 * size);
      if (!plan.feasible) {
        seen.unknown++;
        continue;
      }
      const ours = minimised(problem, objective);
      expect(ours, context).toBeGreaterThanOrEqual(best - 1e-6 * size);
      expect(ours - best, context).toBeLessThanOrEqual(gap * size + 1e-6 * size);
      if (status === "optimal") {
        seen.optimal++;
        expect(ours, context).toBeLessThanOrEqual(best + 1e-8 * size);
      }
    }
    console.log("mixed-integer problems:", seen);
    expect(seen.feasible).toBeGreaterThan(150);
    expect(seen.infeasible).toBeGreaterThan(40);
    // Small as these are, hardly a plan or a proof is missed.
    expect(seen.unknown).toBeLessThanOrEqual(8);
    expect(seen.borderline).toBeLessThanOrEqual(8);
  });

  it.each(Array.from({ length: 20 }, (_, seed) => seed))(
    "has the optimum of the linear relaxation as its bound, problem %i of 500 to 2000 queries",
    async seed => {
      const random = uniforms(1000 + seed);
      const rows = 500 + Math.floor(1501 * random());
      const m = 3 + Math.floor(6 * random());
      const base = workload(rows, m, seed);
      const sixteenths = seed % 4 < 2;
      const quantities = {
        ...base.quantities,
        ...(sixteenths
          ? {}
          : {
              quality: base.quantities.quality.map(q =>
                Math.min(1, Math.max(0, q + 0.06 * (random() - 0.5))),
              ),
            }),
        tokens: Float32Array.from({ length: rows * m }, () => 10 + Math.floor(500 * random())),
      };
      const limits: Limit[] = [];
      if (seed % 2 === 0)
        for (const model of base.models)
          limits.push({ sum: "requests", atMost: Math.ceil((1.2 * rows) / m), model });
      if (seed % 5 === 0)
        for (const model of base.models.slice(0, 3))
          limits.push({ sum: "tokens", atMost: Math.round((300 * rows) / m), model });
      const groups = Uint16Array.from({ length: rows }, (_, i) => i % 3);
      const free = { ...base, quantities, limits, ...(seed % 3 === 0 ? { groups } : {}) };
      const cheapest = assign({ ...free, objective: { minimize: "cost" } });
      const best = assign({ ...free, objective: { maximize: "quality" } });
      expect(cheapest.feasible && best.feasible).toBe(true);
      const share = 0.3 + 0.6 * random();
      const between = (of: "cost" | "quality") =>
        cheapest.mean(of) + share * (best.mean(of) - cheapest.mean(of));
      const problem: AssignmentProblem =
        seed % 4 === 3
          ? {
              ...free,
              objective: { maximize: "quality" },
              limits: [...limits, { mean: "cost", atMost: between("cost") }],
            }
          : {
              ...free,
              objective: { minimize: "cost" },
              limits: [
                ...limits,
                { mean: "quality", atLeast: between("quality") },
                ...(seed % 3 === 0
                  ? [{ mean: "quality", atLeast: 0.9 * between("quality"), group: 1 } as Limit]
                  : []),
              ],
            };
      // Whole queries prove more than fractional ones can, where they are searched.
      const plan = assign(problem, { nodeLimit: 0 });
      expect(plan.feasible).toBe(true);
      // No sum of sixteenths lies between two of them, so a floor may as well be the upper one: that bound is higher.
      const rounded = (limit: Limit): Limit => {
        if (!sixteenths || limit.mean !== "quality" || limit.atLeast === undefined) return limit;
        const counted = 16 * groups.filter(g => limit.group === undefined || g === limit.group).length;
        return { ...limit, atLeast: Math.ceil(counted * limit.atLeast - 1e-6) / counted };
      };
      const relaxed = await solveByHighs(
        { ...problem, limits: problem.limits!.map(rounded) },
        { integers: false, slack: sixteenths ? 0 : 1e-7 },
      );
      expect(relaxed.status).toBe("optimal");
      const { bound } = plan.certificate;
      expect(Math.abs(bound - relaxed.objective) / Math.abs(relaxed.objective)).toBeLessThan(1e-6);
    },
  );
});
