import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AssignmentProblem, assign, type Frontier, frontier, frontierAsync } from "../../lib/index.js";
import { enumerate, smallProblems, workload } from "./instances.js";

const { models, quantities } = workload(3000, 5, 7);
const problem: AssignmentProblem = { models, quantities, objective: { minimize: "cost" } };
const capped: AssignmentProblem = {
  ...problem,
  limits: models.map(model => ({ sum: "requests", atMost: 900, model })),
};
const floors = { mean: "quality", atLeast: { from: 0.3, to: 0.95, points: 30 } } as const;

/** The points that have a plan, checked to come first in the order of a floor. */
function solved(curve: Frontier): number {
  const count = curve.status.findIndex(status => status === "infeasible" || status === "unknown");
  return count < 0 ? curve.size : count;
}

describe("the cost of quality", () => {
  const curve = frontier(capped, floors);
  const count = solved(curve);

  it("has a point for each value, those out of reach without numbers", () => {
    expect(curve.size).toBe(30);
    expect(curve.values[29]).toBe(0.95);
    expect(count).toBeGreaterThan(5);
    expect(count).toBeLessThan(30);
    for (let p = count; p < 30; p++) {
      expect(curve.status[p]).toBe("infeasible");
      for (const column of [curve.objective, curve.bound, curve.gap, curve.slope, curve.totals.cost!])
        expect(column[p]).toBeNaN();
      expect(() => curve.prices(p)).toThrow(expect.objectContaining({ argument: "point" }));
    }
  });

  it("is convex and rises, and the slope is what the next step costs", () => {
    for (let p = 0; p < count; p++) {
      expect(curve.bound[p]!).toBeLessThanOrEqual(curve.objective[p]! * (1 + 1e-7));
      expect(curve.gap[p]!).toBeLessThan(1e-3);
      expect(curve.totals.quality![p]! / 3000).toBeGreaterThanOrEqual(curve.values[p]! * (1 - 1e-7));
      if (p === 0) continue;
      expect(curve.objective[p]!).toBeGreaterThanOrEqual(curve.objective[p - 1]!);
      const chord = (curve.bound[p]! - curve.bound[p - 1]!) / (curve.values[p]! - curve.values[p - 1]!);
      const rounding = 1e-9 * curve.objective[p]!;
      expect(chord).toBeGreaterThanOrEqual(curve.slope[p - 1]! - rounding);
      expect(chord).toBeLessThanOrEqual(curve.slope[p]! + rounding);
    }
  });

  it("is what single solves say, and its prices bound and route as theirs", () => {
    for (const p of [0, Math.floor(count / 2), count - 1]) {
      const alone = assign(
        { ...capped, limits: [...capped.limits!, { mean: "quality", atLeast: curve.values[p]! }] },
        { gapTolerance: 1e-4 },
      );
      expect(curve.objective[p]).toBeLessThanOrEqual(alone.certificate.objective * (1 + 1e-4));
      expect(curve.bound[p]).toBeGreaterThanOrEqual(alone.certificate.bound * (1 - 1e-4));
      const { price } = alone.certificate.limits[5]!;
      expect(curve.prices(p).of("quality") * 3000 * 0.01).toBeCloseTo(curve.slope[p]! / 100, 12);
      if (price > 0) expect(curve.slope[p]! / 100 / price).toBeCloseTo(1, 1);
    }
  });

  it("is the same off the thread, with a signal that stops it", async () => {
    const later = await frontierAsync(capped, floors);
    expect(later.objective).toEqual(curve.objective);
    expect(later.slope).toEqual(curve.slope);
    const aborted = AbortSignal.abort(new Error("enough"));
    await expect(frontierAsync(capped, floors, { signal: aborted })).rejects.toThrow("enough");
    const controller = new AbortController();
    const pending = frontierAsync(
      capped,
      { ...floors, atLeast: { ...floors.atLeast, points: 5000 } },
      controller,
    );
    controller.abort(new Error("too long"));
    await expect(pending).rejects.toThrow("too long");
  });
});

it("what a budget buys: concave, in any order of values, with plans where asked for", () => {
  const cheapest = assign(problem).totals.cost!;
  const atMost = [3, 0.5, 1.5, 2, 1.2].map(factor => factor * cheapest);
  const curve = frontier(
    { ...problem, objective: { maximize: "quality" } },
    { sum: "cost", atMost },
    { plans: true },
  );
  expect(curve.status[1]).toBe("infeasible");
  expect(() => curve.choice(1)).toThrow(expect.objectContaining({ argument: "point" }));
  const order = [4, 2, 3, 0];
  for (const [n, p] of order.entries()) {
    const choice = curve.choice(p);
    let [cost, quality] = [0, 0];
    choice.forEach((j, i) => {
      cost += quantities.cost[i * 5 + j]!;
      quality += quantities.quality[i * 5 + j]!;
    });
    expect(cost).toBeLessThanOrEqual(atMost[p]! * (1 + 1e-7));
    expect(quality).toBeCloseTo(curve.objective[p]!, 6);
    expect(curve.slope[p]).toBeGreaterThanOrEqual(0);
    if (n === 0) continue;
    const before = order[n - 1]!;
    expect(curve.objective[p]).toBeGreaterThanOrEqual(curve.objective[before]!);
    expect(curve.slope[p]).toBeLessThanOrEqual(curve.slope[before]! * (1 + 1e-9));
  }
  expect(() => frontier(problem, floors).choice(0)).toThrow("plans");
});

it("a capacity, and a group's floor, can be swept as well", () => {
  const groups = Uint16Array.from({ length: 3000 }, (_, i) => i % 2);
  const slots = frontier(
    { ...problem, limits: [{ mean: "quality", atLeast: 0.55 }] },
    { sum: "requests", atMost: [3000, 1000, 100], model: "m4" },
  );
  expect(slots.objective[0]).toBeLessThanOrEqual(slots.objective[2]!);
  expect(slots.slope[2]).toBeLessThanOrEqual(0);
  const group = frontier({ ...problem, groups }, { mean: "quality", atLeast: [0.4, 0.6], group: 1 });
  expect(group.objective[1]).toBeGreaterThan(group.objective[0]!);
  expect(group.prices(1).of("quality", { group: 1 })).toBeGreaterThan(0);
});

it("small batches: every point is the enumerated optimum", () => {
  fc.assert(
    fc.property(
      smallProblems,
      fc.array(fc.integer({ min: 0, max: 17 }), { maxLength: 4 }),
      (small, steps) => {
        const atLeast = steps.map(step => step / 16);
        const curve = frontier(small, { mean: "quality", atLeast }, { gapTolerance: 0 });
        for (const [p, floor] of atLeast.entries()) {
          const best = enumerate({
            ...small,
            limits: [...small.limits!, { mean: "quality", atLeast: floor }],
          });
          expect(curve.status[p]).toBe(best === undefined ? "infeasible" : "optimal");
          if (best !== undefined) expect(curve.objective[p]).toBeCloseTo(best, 5);
        }
      },
    ),
    { numRuns: 300, seed: 5 },
  );
});

it.each<[string, unknown, unknown?]>([
  ["sweep", { mean: "quality" }],
  ["sweep", { mean: "quality", atLeast: [0.5], atMost: [1] }],
  ["sweep.from", { mean: "quality", atLeast: [0.5], from: 1 }],
  ["sweep.atLeast[1]", { mean: "quality", atLeast: [0.5, Number.NaN] }],
  ["sweep.atLeast", { mean: "quality", atLeast: 0.5 }],
  ["sweep.atLeast.points", { mean: "quality", atLeast: { from: 0, to: 1, points: 1 } }],
  ["sweep.atLeast.to", { mean: "quality", atLeast: { from: 0, to: "1", points: 3 } }],
  ["sweep.atMost[0]", { sum: "requests", atMost: [0.5], model: "m0" }],
  ["limits[0].mean", { mean: "speed", atLeast: [1] }],
  ["plans", floors, { plans: 1 }],
  ["gapTolerance", floors, { gapTolerance: -1 }],
  ["options.relax", floors, { relax: true }],
])("a complaint names the argument: %s", (argument, sweep, options) => {
  expect(() => frontier(problem, sweep as never, options as never)).toThrow(
    expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument }),
  );
});

it("an empty batch and an empty sweep", () => {
  expect(frontier(problem, { mean: "quality", atLeast: [] }).size).toBe(0);
  const nobody = { models, quantities: { cost: new Float32Array(0), quality: new Float32Array(0) } };
  const curve = frontier({ ...nobody, objective: { minimize: "cost" } }, { mean: "quality", atLeast: [0.5] });
  expect(curve.status).toEqual(["optimal"]);
  expect(curve.objective[0]).toBe(0);
});
