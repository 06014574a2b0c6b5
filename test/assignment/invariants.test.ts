// What must hold between the answers to related problems, whatever the answers are.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import { type AssignmentProblem, assign, type Limit, type Plan } from "../../lib/index.js";
import { uniforms, workload } from "./instances.js";

const threads = binding().threads();
afterAll(() => binding().setThreads(threads));

interface Drawn {
  readonly rows: number;
  readonly models: number;
  readonly seed: number;
  /** Capacities add up to this many times the queries; 0: there are none. */
  readonly capacity: number;
  /** Where the floor lies between the cheapest plan's quality and the best. */
  readonly share: number;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  rows: fc.integer({ min: 1, max: 200 }),
  models: fc.integer({ min: 1, max: 20 }),
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  capacity: fc.constantFrom(0, 1, 1.05, 1.5, 3),
  share: fc.integer({ min: 0, max: 9 }).map(tenths => tenths / 10),
});
const settings = { seed: 11, numRuns: 60 };

type Problem = AssignmentProblem & {
  readonly quantities: { readonly cost: Float32Array; readonly quality: Float32Array };
  readonly limits: readonly Limit[];
};

function make({ rows, models, seed, capacity, share }: Drawn): Problem {
  const base = workload(rows, models, seed);
  const limits = capacity === 0 ? [] : capacities(base.models, rows, capacity);
  const least = assign({ ...base, objective: { minimize: "cost" }, limits }).mean("quality");
  const most = assign({ ...base, objective: { maximize: "quality" }, limits }).mean("quality");
  const atLeast = least + share * (most - least);
  return { ...base, objective: { minimize: "cost" }, limits: [...limits, { mean: "quality", atLeast }] };
}

function capacities(models: readonly string[], rows: number, factor: number): Limit[] {
  return models.map(model => ({
    sum: "requests",
    atMost: Math.ceil((factor * rows) / models.length),
    model,
  }));
}

/** Rounding, the limits' tolerance of 1e-7 and costs in float32, relative to what is summed. */
function rounding(...plans: readonly Plan[]): number {
  const terms = plans.flatMap(plan => [
    plan.certificate.objective,
    plan.certificate.bound,
    ...plan.prices.limits.map(({ price }, l) => price * plan.certificate.limits[l]!.bound * plan.size * 0.1),
  ]);
  return 1e-6 * terms.reduce((most, term) => Math.max(most, Math.abs(term)), 0);
}

/** The optimum of a problem lies between its plan's bound and its objective, so two plans' of one optimum overlap. */
function expectSameOptimum(a: Plan, b: Plan, scale = 1) {
  expect(b.feasible).toBe(a.feasible);
  if (!a.feasible) return;
  expect(a.certificate.bound * scale).toBeLessThanOrEqual(
    b.certificate.objective + rounding(a) * scale + rounding(b),
  );
  expect(b.certificate.bound).toBeLessThanOrEqual(
    a.certificate.objective * scale + rounding(a) * scale + rounding(b),
  );
}

function shuffled(length: number, seed: number): number[] {
  const random = uniforms(seed);
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor((i + 1) * random());
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

describe("related problems have related answers", () => {
  it("queries and models in another order: the same optimum", () => {
    fc.assert(
      fc.property(drawn, given => {
        const problem = make(given);
        const { rows, models: m } = given;
        const query = shuffled(rows, given.seed);
        const model = shuffled(m, given.seed + 1);
        const moved = (values: Float32Array) =>
          values.map((_, e) => values[query[Math.floor(e / m)]! * m + model[e % m]!]!);
        const permuted = assign({
          ...problem,
          models: model.map(j => problem.models[j]!),
          quantities: {
            cost: moved(problem.quantities.cost),
            quality: moved(problem.quantities.quality),
          },
        });
        expectSameOptimum(assign(problem), permuted);
      }),
      settings,
    );
  });

  it("costs in another unit: the same optimum in that unit", () => {
    fc.assert(
      fc.property(drawn, fc.constantFrom(1e-6, 1e6), (given, scale) => {
        const problem = make(given);
        const cost = problem.quantities.cost.map(c => c * scale);
        const scaled = assign({ ...problem, quantities: { ...problem.quantities, cost } });
        expectSameOptimum(assign(problem), scaled, scale);
      }),
      settings,
    );
  });

  it("one thread or two: the same answer, bit by bit", () => {
    fc.assert(
      fc.property(drawn, given => {
        const problem = make(given);
        binding().setThreads(1);
        const one = assign(problem);
        binding().setThreads(2);
        const two = assign(problem);
        expect(two.choice).toEqual(one.choice);
        expect(two.certificate).toEqual(one.certificate);
      }),
      settings,
    );
  });

  it("more capacity never costs more", () => {
    fc.assert(
      fc.property(drawn, fc.integer({ min: 1, max: 20 }), (given, more) => {
        const problem = make({ ...given, capacity: Math.max(1, given.capacity) });
        const limits = problem.limits.map(limit =>
          limit.sum === "requests" ? { ...limit, atMost: limit.atMost! + more } : limit,
        );
        const tight = assign(problem);
        const loose = assign({ ...problem, limits });
        if (tight.feasible) expect(loose.status).not.toBe("infeasible");
        if (tight.feasible)
          expect(loose.certificate.bound).toBeLessThanOrEqual(
            tight.certificate.objective + rounding(tight, loose),
          );
      }),
      settings,
    );
  });

  it("the frontier of cost over floors is convex and rises, and its slope is the floor's price", () => {
    fc.assert(
      fc.property(drawn, given => {
        // More rows than are searched exactly, so that the bound is that of the prices.
        const problem = make({ ...given, rows: 65 + given.rows, share: 0.9 });
        const { atLeast: most } = problem.limits.at(-1)!;
        const plans = [0.5, 0.6, 0.7, 0.8, 0.9, 1].map(share =>
          assign({
            ...problem,
            limits: [...problem.limits.slice(0, -1), { mean: "quality", atLeast: share * most! }],
          }),
        );
        for (const plan of plans) expect(plan.feasible).toBe(true);
        const floor = (plan: Plan) => plan.certificate.limits.at(-1)!.bound;
        const slope = (plan: Plan) => plan.prices.of("quality") * plan.size;
        for (const here of plans)
          for (const there of plans) {
            const tangent = here.certificate.bound + slope(here) * (floor(there) - floor(here));
            const room = rounding(here, there);
            // Prices found for one floor bound every other: the frontier lies above all its tangents.
            expect(there.certificate.objective).toBeGreaterThanOrEqual(tangent - room);
            expect(there.certificate.bound).toBeGreaterThanOrEqual(tangent - room);
            if (floor(there) > floor(here))
              expect(there.certificate.bound).toBeGreaterThanOrEqual(here.certificate.bound - room);
          }
      }),
      settings,
    );
  });

  it("the bound is the dual at the prices, or better where search proved it, and no plan is below it", () => {
    fc.assert(
      fc.property(drawn, given => {
        const problem = make(given);
        const plan = assign(problem);
        const { objective, bound } = plan.certificate;
        const { cost, quality } = problem.quantities;
        const m = problem.models.length;
        let dual = 0;
        for (let i = 0; i < plan.size; i++)
          dual += Math.min(
            ...problem.models.map((model, j) =>
              plan.prices.reduced(model, { cost: cost[i * m + j]!, quality: quality[i * m + j]! }),
            ),
          );
        plan.certificate.limits.forEach(({ limit }, l) => {
          const { price } = plan.prices.limits[l]!;
          dual += limit.mean === undefined ? -price * limit.atMost! : price * limit.atLeast! * plan.size;
        });
        expect(bound).toBeGreaterThanOrEqual(dual - rounding(plan));
        // A floor counts as the next sum that grades in sixteenths can have (native/assignment/lattice.h).
        const lattice = Math.max(0, ...plan.prices.limits.map(({ price }) => price / 16));
        if (plan.status !== "optimal") expect(bound).toBeLessThanOrEqual(dual + lattice + rounding(plan));
        if (plan.feasible) expect(objective).toBeGreaterThanOrEqual(bound - rounding(plan));
        let total = 0;
        plan.choice.forEach((j, i) => {
          total += cost[i * m + j]!;
        });
        expect(Math.abs(objective - total)).toBeLessThanOrEqual(1e-12 * total);
      }),
      settings,
    );
  });
});
