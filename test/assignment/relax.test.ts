import { describe, expect, it } from "vitest";
import { type AssignmentProblem, assign, assignAsync } from "../../lib/index.js";
import { workload } from "./instances.js";

const { models, quantities } = workload(2000, 5, 3);
const capacities = models.map(model => ({ sum: "requests", atMost: 500, model }));
const problem: AssignmentProblem = {
  models,
  quantities,
  objective: { minimize: "cost" },
  limits: [{ mean: "quality", atLeast: 0.99 }, ...capacities],
};

describe("relax", () => {
  it("takes the best that can be reached, and says so", async () => {
    const plan = assign(problem, { relax: true });
    const { certificate } = plan;
    expect(plan.status).toBe("infeasible");
    expect(plan.feasible).toBe(false);
    expect(plan.relaxed).toBe(true);
    expect(certificate.relaxed).toEqual([{ limit: problem.limits![0], from: 0.99, to: expect.any(Number) }]);
    const { to } = certificate.relaxed[0]!;
    const [reachable] = certificate.reachable;
    expect(to).toBeCloseTo(reachable!.value!, 6);
    expect(to).toBeLessThanOrEqual(reachable!.bound * (1 + 1e-7));
    expect(plan.mean("quality")).toBeGreaterThanOrEqual(to * (1 - 1e-7));
    expect([...plan.requests].every(requests => requests <= 500)).toBe(true);
    expect(certificate.missed).toEqual([problem.limits![0]]);
    expect(certificate.violation).toBeCloseTo((0.99 - plan.mean("quality")) / 0.99, 9);
    expect(certificate.limits[0]!.slack).toBeCloseTo(plan.mean("quality") - 0.99, 9);
    expect(certificate.gap).toBeLessThan(1e-4);
    expect(certificate.bound).toBeLessThanOrEqual(certificate.objective * (1 + 1e-6));
    expect([...(await assignAsync(problem, { relax: true })).choice]).toEqual([...plan.choice]);
  });

  it("changes nothing where the limits can hold", () => {
    const loose = { ...problem, limits: [{ mean: "quality", atLeast: 0.4 }, ...capacities] };
    const plan = assign(loose, { relax: true });
    expect(plan.feasible).toBe(true);
    expect(plan.relaxed).toBe(false);
    expect(plan.certificate).toEqual(assign(loose).certificate);
    expect(plan.certificate).toMatchObject({ relaxed: [], missed: [], violation: 0 });
  });

  it("never moves a capacity: where those conflict, nothing is relaxed", () => {
    const short = models.map(model => ({ sum: "requests", atMost: 399, model }));
    const plan = assign({ ...problem, limits: short }, { relax: true });
    expect(plan.status).toBe("infeasible");
    expect(plan.relaxed).toBe(false);
    expect(plan.certificate.gap).toBeNaN();
  });
});

it("without diagnosis an infeasible answer still names the conflict", () => {
  const { certificate } = assign(problem, { diagnose: false });
  expect(certificate.status).toBe("infeasible");
  expect(certificate.stopped).toBe("proven");
  expect(certificate.conflict).toContainEqual(problem.limits![0]);
});

describe("timeLimit", () => {
  it("gives a plan with what is proven of it, and tells why it stopped", () => {
    // Small batches are settled before the clock is looked at.
    const large = { ...workload(20_000, 5, 3), objective: { minimize: "cost" } } as const;
    const tenfold = capacities.map(capacity => ({ ...capacity, atMost: 10 * capacity.atMost }));
    const problem = { ...large, limits: [{ mean: "quality", atLeast: 0.5 }, ...tenfold] };
    const cut = assign(problem, { timeLimit: 0, gapTolerance: 0 });
    const whole = assign(problem, { gapTolerance: 0 });
    expect(cut.certificate.stopped).toBe("timeLimit");
    expect(whole.certificate.stopped).toMatch(/noProgress|proven/);
    expect(cut.certificate.bound).toBeLessThanOrEqual(whole.certificate.objective);
    if (cut.feasible) expect(cut.certificate.objective).toBeGreaterThanOrEqual(whole.certificate.bound);
    expect(assign(problem, { gapTolerance: 0.1 }).certificate.stopped).toBe("tolerance");
  });

  it.each<[string, unknown]>([
    ["timeLimit", -1],
    ["timeLimit", Number.NaN],
    ["timeLimit", "5"],
    ["relax", 1],
    ["ties", "highest"],
    ["ties", {}],
    ["ties", { seed: 0.5 }],
    ["ties", null],
  ])("and its like are checked: %s %s", (option, value) => {
    expect(() => assign(problem, { [option]: value })).toThrow(
      expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument: option }),
    );
  });
});

describe("ties", () => {
  const twins = {
    models: ["a", "b", "c"],
    quantities: {
      cost: Float32Array.from({ length: 3000 }, (_, cell) => (cell % 3 === 2 ? 9 : 1)),
      quality: new Float32Array(3000).fill(0.5),
    },
  };
  it("go to the lowest index, or are spread by a seed", () => {
    const equal = { ...twins, objective: { minimize: "cost" } } as const;
    expect([...assign(equal).requests]).toEqual([1000, 0, 0]);
    const plan = assign(equal, { ties: { seed: 1 } });
    expect(plan.status).toBe("optimal");
    expect(plan.requests[0]).toBeGreaterThan(400);
    expect(plan.requests[1]).toBeGreaterThan(400);
    expect(plan.requests[2]).toBe(0);
    // Choosing by the plan's prices decides alike.
    expect(plan.prices.choose(equal, undefined, { ties: { seed: 1 } })).toEqual(plan.choice);
    expect(plan.prices.choose(equal)).toEqual(new Uint8Array(1000));
    expect(plan.prices.choose(equal, undefined, { ties: { seed: 2 } })).not.toEqual(plan.choice);
    expect(() => plan.prices.choose(equal, undefined, { tie: 1 } as never)).toThrow(
      expect.objectContaining({ argument: "options.tie" }),
    );
  });
  it("leave capacities alone", () => {
    const limits = [{ sum: "requests", atMost: 100, model: "b" }];
    const plan = assign({ ...twins, objective: { minimize: "cost" }, limits }, { ties: { seed: 1 } });
    expect([...plan.requests]).toEqual([900, 100, 0]);
  });
});

describe("latency", () => {
  // The dear model is the slow one, and the better.
  const rows = 1000;
  const latency = Float32Array.from({ length: rows * 2 }, (_, cell) => (cell % 2 ? 2 + (cell % 7) / 7 : 0.5));
  const cost = Float32Array.from({ length: rows * 2 }, (_, cell) => (cell % 2 ? 0.002 : 0.003));
  const quality = new Float32Array(rows * 2).fill(0.5);
  const batch = { models: ["fast", "cheap"], quantities: { cost, quality, latency } };

  it("has a ceiling on its mean, priced in USD per second", () => {
    const limit = { mean: "latency", atMost: 1.2 };
    const plan = assign({ ...batch, objective: { minimize: "cost" }, limits: [limit] });
    expect(plan.feasible).toBe(true);
    expect(plan.mean("latency")).toBeLessThanOrEqual(1.2 * (1 + 1e-7));
    const [report] = plan.certificate.limits;
    expect(report!.unit).toBe("USD per extra second of mean latency");
    expect(report!.price).toBeGreaterThan(0);
    // A little more of it saves what the price says.
    const more = assign({ ...batch, objective: { minimize: "cost" }, limits: [{ ...limit, atMost: 1.3 }] });
    expect((plan.certificate.bound - more.certificate.bound) / 0.1).toBeCloseTo(report!.price, 1);
  });

  it("has a weight in the objective, which stays in USD", () => {
    const free = assign({ ...batch, objective: { minimize: { cost: 1 } } });
    expect([...free.requests]).toEqual([0, rows]);
    const weighed = assign({
      ...batch,
      objective: { minimize: { cost: 1, latency: 0.001 } },
      limits: [{ sum: "requests", atMost: 400, model: "fast" }],
    });
    expect([...weighed.requests]).toEqual([400, 600]);
    expect(weighed.certificate.objective).toBeCloseTo(
      weighed.totals.cost! + 0.001 * weighed.totals.latency!,
      9,
    );
    expect(weighed.certificate.limits[0]!.unit).toBe("USD per extra slot of fast");
  });

  it("and a query is forced to a model by a mask with one bit", () => {
    const allowed = new BigUint64Array(rows).fill(0b11n);
    allowed[17] = 0b01n;
    const plan = assign({ ...batch, allowed, objective: { minimize: "cost" } });
    expect(plan.at(17)).toEqual({ query: 17, model: "fast", values: expect.anything() });
    expect([...plan.requests]).toEqual([1, rows - 1]);
  });
});
