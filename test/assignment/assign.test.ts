import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import {
  type AssignmentProblem,
  type AssignOptions,
  assign,
  assignAsync,
  type Limit,
  OmniRouterError,
  type Plan,
  Prices,
} from "../../lib/index.js";
import { enumerate, smallProblems, uniforms, workload } from "./instances.js";

const threads = binding().threads();
afterAll(() => binding().setThreads(threads));

/** A floor at a share of what lies between the cheapest plan's quality and the best. */
function withFloor(
  base: ReturnType<typeof workload>,
  share: number,
  limits: Limit[] = [],
): AssignmentProblem {
  const cheapest = assign({ ...base, objective: { minimize: "cost" }, limits });
  const best = assign({ ...base, objective: { maximize: "quality" }, limits });
  const low = cheapest.mean("quality");
  const atLeast = low + share * (best.mean("quality") - low);
  return { ...base, objective: { minimize: "cost" }, limits: [...limits, { mean: "quality", atLeast }] };
}

function capacities(base: ReturnType<typeof workload>, factor: number): Limit[] {
  const rows = base.quantities.cost.length / base.models.length;
  return base.models.map(model => ({
    sum: "requests",
    atMost: Math.ceil((factor * rows) / base.models.length),
    model,
  }));
}

/** What must be so of every plan that claims to be one, from the matrices alone. */
function checkPlan(problem: AssignmentProblem, plan: Plan) {
  const m = problem.models.length;
  const total = (of: string, model?: string) => {
    let sum = 0;
    plan.choice.forEach((j, i) => {
      if (model === undefined || problem.models[j] === model)
        sum += of === "requests" ? 1 : problem.quantities[of]![i * m + j]!;
    });
    return sum;
  };
  for (const report of plan.certificate.limits) {
    const { limit } = report;
    const value = total((limit.mean ?? limit.sum)!, limit.model) / (limit.mean === undefined ? 1 : plan.size);
    expect(report.value).toBeCloseTo(value, 9);
    const bound = (limit.atLeast ?? limit.atMost)!;
    const slack = limit.atLeast === undefined ? bound - value : value - bound;
    expect(slack).toBeGreaterThanOrEqual(limit.sum === "requests" ? 0 : -1.01e-7 * Math.abs(bound));
  }
  expect(plan.totals.cost).toBeCloseTo(total("cost"), 9);
  const sign = "maximize" in problem.objective ? -1 : 1;
  const { objective, bound } = plan.certificate;
  expect(sign * objective).toBeGreaterThanOrEqual(sign * bound - 1e-6 * Math.abs(bound));
}

describe("assign", () => {
  it("finds the enumerated optimum of small problems, or proves there is none", () => {
    fc.assert(
      fc.property(smallProblems, problem => {
        const truth = enumerate(problem);
        const plan = assign(problem);
        expect(plan.feasible).toBe(truth !== undefined);
        if (truth === undefined) {
          expect(plan.status).toBe("infeasible");
        } else {
          expect(plan.status).toBe("optimal");
          expect(plan.certificate.objective).toBeCloseTo(truth, 5);
          checkPlan(problem, plan);
        }
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it.each([
    [1, 1],
    [3, 16],
    [64, 16],
    [65, 5],
    [1000, 7],
    [1000, 64],
    [5000, 13],
    [40_000, 16],
  ])("certifies %i queries x %i models, capacities slack and tight", (rows, models) => {
    const base = workload(rows, models, rows + models);
    for (const factor of [undefined, 3, 1.05, 1]) {
      const limits = factor === undefined ? [] : capacities(base, factor);
      const problem = withFloor(base, 0.7, limits);
      const plan = assign(problem);
      expect(plan.feasible).toBe(true);
      checkPlan(problem, plan);
      // What integrality can cost: a few rows' worth, so less and less of the whole.
      expect(plan.certificate.gap).toBeLessThan(rows < 300 ? 0.2 : 5 / rows);
    }
  });

  it("maximises quality under a budget", () => {
    const base = workload(3000, 9, 4);
    const budget = assign({ ...base, objective: { minimize: "cost" } }).totals.cost! * 3;
    const problem: AssignmentProblem = {
      ...base,
      objective: { maximize: "quality" },
      limits: [{ sum: "cost", atMost: budget }],
    };
    const plan = assign(problem);
    checkPlan(problem, plan);
    expect(plan.certificate.gap).toBeLessThan(1e-3);
    // The floor that reaches this quality must cost no more than the budget: the two problems are each other's mirror.
    const mirror = assign({
      ...base,
      objective: { minimize: "cost" },
      limits: [{ mean: "quality", atLeast: plan.mean("quality") }],
    });
    expect(mirror.totals.cost!).toBeLessThanOrEqual(budget * (1 + 1e-6));
    expect(mirror.certificate.bound).toBeLessThanOrEqual(budget * (1 + 1e-6));
  });

  it("breaks ties of cost towards the better plan, in a solve and by prices", () => {
    const problem: AssignmentProblem = {
      models: ["free", "free-and-better", "paid"],
      quantities: {
        quality: Float32Array.of(0.5, 0.7, 0.9, 0.6, 0.4, 0.9),
        cost: Float32Array.of(0, 0, 1, 0, 0, 1),
      },
      objective: { minimize: "cost" },
      limits: [{ mean: "quality", atLeast: 0.65 }],
    };
    const plan = assign(problem);
    expect([...plan.choice]).toEqual([1, 0]);
    expect(plan.status).toBe("optimal");
    expect([...plan.prices.choose(problem)]).toEqual([1, 0]);
    // The quantity that is named decides instead.
    const objective = { minimize: "cost", tieBreak: "cost" } as const;
    expect([...assign({ ...problem, objective, limits: [] }).choice]).toEqual([0, 0]);
  });

  it("names the fields of its own problem where numbers are too large", () => {
    const base = workload(10, 2, 1);
    const solve = (change: Partial<AssignmentProblem>) => () =>
      assign({ ...base, objective: { minimize: "cost" }, ...change });
    expect(solve({ limits: [{ sum: "cost", atMost: 2e100 }] })).toThrow(/limits\[0\]\.atMost must come to/);
    expect(solve({ limits: [{ mean: "cost", atLeast: 2e99 }] })).toThrow(/limits\[0\]\.atLeast must come to/);
    expect(solve({ objective: { minimize: { cost: 1e200 } } })).toThrow(/objective\.minimize\.cost must be/);
  });

  it("breaks ties of quality towards the cheaper plan", () => {
    const plan = assign({
      models: ["dear", "cheap"],
      quantities: { quality: Float32Array.of(0.5, 0.5), cost: Float32Array.of(2, 1) },
      objective: { maximize: "quality" },
    });
    expect(plan.at(0)).toMatchObject({ model: "cheap", values: { cost: 1 }, runnerUp: { model: "dear" } });
  });

  it("says which limits conflict and the best that can be reached", () => {
    const base = workload(2000, 6, 11);
    const limits = capacities(base, 1.05);
    const best = assign({ ...base, objective: { maximize: "quality" }, limits });
    const floor: Limit = { mean: "quality", atLeast: best.mean("quality") + 0.01 };
    const plan = assign({ ...base, objective: { minimize: "cost" }, limits: [...limits, floor] });
    expect(plan.status).toBe("infeasible");
    expect(plan.certificate.conflict).toContainEqual(floor);
    const [reach] = plan.certificate.reachable;
    expect(reach!.limit).toEqual(floor);
    expect(reach!.value!).toBeCloseTo(best.mean("quality"), 3);
    expect(reach!.bound).toBeGreaterThanOrEqual(reach!.value! - 1e-9);
    expect(reach!.bound).toBeLessThan(floor.atLeast!);
  });

  it("proves that capacities too small for the batch cannot hold", () => {
    const base = workload(100, 4, 2);
    const limits = base.models.map((model): Limit => ({ sum: "requests", atMost: 24, model }));
    const plan = assign({ ...base, objective: { minimize: "cost" }, limits });
    expect(plan.status).toBe("infeasible");
    expect(plan.certificate.conflict).toHaveLength(4);
  });

  it("reports the least cost when a budget is too small", () => {
    const base = workload(500, 5, 3);
    const least = assign({ ...base, objective: { minimize: "cost" } }).totals.cost!;
    const plan = assign({
      ...base,
      objective: { maximize: "quality" },
      limits: [{ sum: "cost", atMost: 0.9 * least }],
    });
    expect(plan.status).toBe("infeasible");
    expect(plan.certificate.reachable[0]!.value).toBeCloseTo(least, 9);
    expect(plan.certificate.gap).toBeNaN();
  });

  it("takes an exactly reachable floor and a capacity of exactly N", () => {
    const quality = Float32Array.of(0.7, 0.1, 0.7, 0.1, 0.7, 0.1);
    const cost = Float32Array.of(3, 1, 3, 1, 3, 1);
    const plan = assign({
      models: ["good", "bad"],
      quantities: { quality, cost },
      objective: { minimize: "cost" },
      limits: [
        { mean: "quality", atLeast: 0.7 },
        { sum: "requests", atMost: 3, model: "good" },
      ],
    });
    expect(plan.status).toBe("optimal");
    expect([...plan.choice]).toEqual([0, 0, 0]);
  });

  it("answers an empty batch", () => {
    const empty = {
      models: ["a", "b"],
      quantities: { quality: new Float32Array(), cost: new Float32Array() },
    };
    const plan = assign({
      ...empty,
      objective: { minimize: "cost" },
      limits: [{ mean: "quality", atLeast: 0.9 }],
    });
    expect(plan.status).toBe("optimal");
    expect(plan.size).toBe(0);
    expect(plan.certificate.limits[0]).toMatchObject({ bound: 0.9 });
    expect(plan.mean("quality")).toBeNaN();
    expect([...plan]).toEqual([]);
  });

  it("keeps floors per group", () => {
    const base = workload(4000, 8, 5);
    const groups = Uint16Array.from({ length: 4000 }, (_, i) => (i * 7) % 3);
    const plan = assign({
      ...base,
      groups,
      objective: { minimize: "cost" },
      limits: [0.5, 0.6, 0.7].map((atLeast, group) => ({ mean: "quality", atLeast, group })),
    });
    expect(plan.feasible).toBe(true);
    expect(plan.certificate.gap).toBeLessThan(1e-3);
    for (const report of plan.certificate.limits) expect(report.slack).toBeGreaterThanOrEqual(-1e-7);
  });

  it("gives the same answer for any number of threads, bit by bit", () => {
    const base = workload(50_000, 12, 8);
    const problem = withFloor(base, 0.6, capacities(base, 1.2));
    const plans = [1, 2, 5].map(count => {
      binding().setThreads(count);
      return assign(problem);
    });
    for (const plan of plans.slice(1)) {
      expect(plan.choice).toEqual(plans[0]!.choice);
      expect(plan.certificate).toEqual(plans[0]!.certificate);
    }
  });

  it("does not depend on the unit of cost", () => {
    const base = workload(2000, 6, 9);
    const problem = withFloor(base, 0.5, capacities(base, 1.5));
    const plan = assign(problem);
    for (const scale of [2 ** -20, 2 ** 20]) {
      const cost = base.quantities.cost.map(c => c * scale);
      const scaled = assign({ ...problem, quantities: { ...base.quantities, cost } });
      expect(scaled.certificate.bound / scale).toBeCloseTo(plan.certificate.bound, 6);
      expect(scaled.feasible).toBe(true);
    }
  });

  it("survives ties, equal models, zero costs and constant prices per call", () => {
    const rows = 3000;
    const random = uniforms(1);
    const quality = Float32Array.from({ length: rows * 4 }, () => Math.round(4 * random()) / 4);
    const perCall = Float32Array.from({ length: rows * 4 }, (_, e) => [1, 2, 4, 8][e % 4]!);
    const models = ["a", "b", "c", "d"];
    const cases: [Float32Array, Float32Array][] = [
      [perCall, quality],
      [new Float32Array(rows * 4), quality],
      [perCall, new Float32Array(rows * 4).fill(0.5)],
      [new Float32Array(rows * 4).fill(1), new Float32Array(rows * 4).fill(0.5)],
    ];
    for (const [cost, q] of cases) {
      const problem: AssignmentProblem = {
        models,
        quantities: { cost, quality: q },
        objective: { minimize: "cost" },
        limits: [
          { mean: "quality", atLeast: 0.5 },
          ...models.map((model): Limit => ({ sum: "requests", atMost: 1000, model })),
        ],
      };
      const plan = assign(problem);
      expect(plan.feasible).toBe(true);
      checkPlan(problem, plan);
      expect(plan.certificate.gap).toBeLessThan(1e-3);
    }
  });
});

describe("assign refuses", () => {
  const good = () => ({
    models: ["a", "b"],
    quantities: { cost: new Float32Array(6), quality: new Float32Array(6) },
    objective: { minimize: "cost" } as AssignmentProblem["objective"],
  });
  const badMatrix = (value: number) => {
    const problem = good();
    problem.quantities.quality[3] = value;
    return problem;
  };
  const cases: [string, string, () => unknown][] = [
    ["no models", "models", () => ({ ...good(), models: [] })],
    ["65 models", "models", () => ({ ...good(), models: Array.from({ length: 65 }, String) })],
    ["a model twice", "models", () => ({ ...good(), models: ["a", "a"] })],
    ["a plain array", "quantities.cost", () => ({ ...good(), quantities: { cost: [1, 2] } })],
    ["a Float64Array", "quantities.cost", () => ({ ...good(), quantities: { cost: new Float64Array(6) } })],
    ["a ragged matrix", "quantities.cost", () => ({ ...good(), quantities: { cost: new Float32Array(5) } })],
    [
      "unequal matrices",
      "quantities.quality",
      () => ({ ...good(), quantities: { cost: new Float32Array(6), quality: new Float32Array(4) } }),
    ],
    ["NaN", "quantities.quality", () => badMatrix(Number.NaN)],
    ["infinity", "quantities.quality", () => badMatrix(Number.POSITIVE_INFINITY)],
    ["quality above 1", "quantities.quality", () => badMatrix(1.5)],
    ["a negative value", "quantities.quality", () => badMatrix(-0.1)],
    ["no objective", "objective", () => ({ ...good(), objective: undefined })],
    [
      "two objectives",
      "objective",
      () => ({ ...good(), objective: { minimize: "cost", maximize: "quality" } }),
    ],
    ["an unknown objective", "objective.minimize", () => ({ ...good(), objective: { minimize: "price" } })],
    [
      "a NaN weight",
      "objective.minimize.cost",
      () => ({ ...good(), objective: { minimize: { cost: Number.NaN } } }),
    ],
    ["a limit without a quantity", "limits[0]", () => ({ ...good(), limits: [{ atLeast: 1 }] })],
    ["a limit without a bound", "limits[0]", () => ({ ...good(), limits: [{ mean: "quality" }] })],
    [
      "a NaN bound",
      "limits[0].atLeast",
      () => ({ ...good(), limits: [{ mean: "quality", atLeast: Number.NaN }] }),
    ],
    [
      "half a slot",
      "limits[0].atMost",
      () => ({ ...good(), limits: [{ sum: "requests", atMost: 1.5, model: "a" }] }),
    ],
    [
      "an unknown model",
      "limits[0].model",
      () => ({ ...good(), limits: [{ sum: "requests", atMost: 1, model: "c" }] }),
    ],
    [
      "a mean over a model's queries",
      "limits[0].mean",
      () => ({ ...good(), limits: [{ mean: "quality", atLeast: 0.5, model: "a" }] }),
    ],
    [
      "a group that is not there",
      "limits[0].group",
      () => ({ ...good(), limits: [{ mean: "quality", atLeast: 0.5, group: 1 }] }),
    ],
    ["a short mask", "allowed", () => ({ ...good(), allowed: new BigUint64Array(2) })],
    ["a mask that leaves nothing", "allowed", () => ({ ...good(), allowed: new BigUint64Array(3) })],
    ["a mask of other bits", "allowed", () => ({ ...good(), allowed: BigUint64Array.of(1n, 4n, 1n) })],
    ["no problem", "problem", () => undefined],
    ["null", "problem", () => null],
    ["a limit that is null", "limits[0]", () => ({ ...good(), limits: [null] })],
    ["a misspelt key", "problem.alowed", () => ({ ...good(), alowed: BigUint64Array.of(1n, 1n, 1n) })],
    [
      "a misspelt key of the objective",
      "objective.tiebreak",
      () => ({ ...good(), objective: { minimize: "quality", tiebreak: "cost" } }),
    ],
    [
      "a misspelt key of a limit",
      "limits[0].models",
      () => ({ ...good(), limits: [{ sum: "requests", atMost: 1, models: "a" }] }),
    ],
    [
      "an empty matrix beside a full one",
      "quantities.cost",
      () => ({ ...good(), quantities: { cost: new Float32Array(), quality: new Float32Array(6) } }),
    ],
    ["groups of another type", "groups", () => ({ ...good(), groups: new Uint8Array(3) })],
  ];
  it.each(cases)("%s", (_, argument, make) => {
    const refusal = (() => {
      try {
        assign(make() as AssignmentProblem);
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(refusal).toBeInstanceOf(OmniRouterError);
    expect(refusal).toMatchObject({ code: "ERR_OMNI_INVALID_ARGUMENT", argument });
  });

  it.each([
    ["gapTolerance", { gapTolerance: -1 }],
    ["gapTolerance", { gapTolerance: Number.NaN }],
    ["nodeLimit", { nodeLimit: 0.5 }],
    ["seed", { seed: -1 }],
    ["options", null],
    ["options.gapTolerence", { gapTolerence: 0.1 }],
    ["warmStart", { warmStart: [1, 2] }],
    ["warmStart", { warmStart: null }],
  ])("a bad %s", async (argument, given) => {
    const options = given as AssignOptions;
    const refusal = expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument });
    expect(() => assign(good(), options)).toThrow(refusal);
    await expect(assignAsync(good(), options)).rejects.toEqual(refusal);
  });

  it("a bad value by the matrix's name in the message too", () => {
    expect(() => assign(badMatrix(1.5))).toThrow(/^quantities\.quality has 1\.5\d* for query 1, model 1;/);
    expect(() => new Prices({ cost: 1 }, []).choose(badMatrix(1.5))).toThrow(
      expect.objectContaining({ argument: "quantities.quality" }),
    );
  });

  it("what a plan does not hold", () => {
    const plan = assign(good());
    const refused = (argument: string, call: () => unknown) =>
      expect(call).toThrow(expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument }));
    for (const quantity of ["typo", "constructor"]) {
      refused("quantity", () => plan.mean(quantity));
      refused("quantity", () => plan.column(quantity));
      refused("quantity", () => plan.byModel(quantity));
    }
    for (const query of [-1, 3, 0.5, Number.NaN]) refused("query", () => plan.at(query));
  });

  it("a detached buffer", () => {
    const problem = good();
    structuredClone(problem.quantities.quality.buffer, { transfer: [problem.quantities.quality.buffer] });
    expect(() => assign(problem)).toThrow(expect.objectContaining({ argument: "quantities.quality" }));
  });
});

describe("assignAsync", () => {
  it("agrees with the synchronous call, many at once", async () => {
    const problems = [1, 2, 3, 4, 5, 6].map(seed => withFloor(workload(3000 * seed, 8, seed), 0.6));
    const plans = await Promise.all(problems.map(problem => assignAsync(problem)));
    plans.forEach((plan, p) => {
      expect(plan.choice).toEqual(assign(problems[p]!).choice);
    });
  });

  it("is not harmed by a caller who overwrites or transfers the matrices", async () => {
    const problem = withFloor(workload(20_000, 8, 3), 0.6);
    const expected = assign(problem).choice;
    const pending = assignAsync(problem);
    problem.quantities.quality!.fill(Number.NaN);
    const cost = problem.quantities.cost!.buffer as ArrayBuffer;
    structuredClone(cost, { transfer: [cost] });
    expect((await pending).choice).toEqual(expected);
  });

  it("reads shared memory in place", async () => {
    const problem = withFloor(workload(5000, 8, 3), 0.6);
    const share = (values: Float32Array) => {
      const shared = new Float32Array(new SharedArrayBuffer(values.byteLength));
      shared.set(values);
      return shared;
    };
    const quantities = { cost: share(problem.quantities.cost!), quality: share(problem.quantities.quality!) };
    const plan = await assignAsync({ ...problem, quantities });
    expect(plan.choice).toEqual(assign(problem).choice);
  });

  it("rejects with the signal's reason, before and during", async () => {
    const problem = withFloor(workload(60_000, 16, 3), 0.6);
    await expect(assignAsync(problem, { signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
    const controller = new AbortController();
    const pending = assignAsync(problem, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(pending).rejects.toThrow("enough");
  });

  it("rejects bad values as the synchronous call throws them", async () => {
    const problem = withFloor(workload(100, 4, 3), 0.6);
    problem.quantities.cost![17] = -1;
    await expect(assignAsync(problem)).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_ARGUMENT",
      argument: "quantities.cost",
    });
  });
});
