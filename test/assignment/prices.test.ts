import { describe, expect, it } from "vitest";
import { assign, type Limit, OmniRouterError, Prices } from "../../lib/index.js";
import { uniforms, workload } from "./instances.js";

const base = workload(5000, 7, 21);
const slots: Limit[] = base.models.map(model => ({ sum: "requests", atMost: 1200, model }));
const least = assign({ ...base, objective: { minimize: "cost" }, limits: slots }).mean("quality");
const most = assign({ ...base, objective: { maximize: "quality" }, limits: slots }).mean("quality");
const floor = least + 0.6 * (most - least);
const limits: Limit[] = [{ mean: "quality", atLeast: floor }, ...slots];
const problem = { ...base, objective: { minimize: "cost" } as const, limits };
const plan = assign(problem);

describe("Prices", () => {
  it("route a batch almost as the plan does, without a solve", () => {
    const choice = plan.prices.choose(base);
    const differ = choice.reduce((count, j, i) => count + (j === plan.choice[i] ? 0 : 1), 0);
    expect(differ).toBeLessThan(30);
  });

  it("choose, per query, the least reduced value in double", () => {
    const choice = plan.prices.choose(base);
    for (let i = 0; i < 5000; i += 17) {
      const reduced = base.models.map((model, j) =>
        plan.prices.reduced(model, {
          cost: base.quantities.cost[i * 7 + j]!,
          quality: base.quantities.quality[i * 7 + j]!,
        }),
      );
      expect(reduced[choice[i]!]).toBeCloseTo(Math.min(...reduced), 12);
    }
  });

  it("honour masks and break ties towards the lowest index", () => {
    const random = uniforms(3);
    const allowed = BigUint64Array.from({ length: 5000 }, () => BigInt(1 + Math.floor(random() * 127)));
    const choice = plan.prices.choose({ ...base, allowed });
    choice.forEach((j, i) => {
      expect((allowed[i]! >> BigInt(j)) & 1n).toBe(1n);
    });
    const free = new Prices({ cost: 1 }, []);
    expect([
      ...free.choose({ models: ["a", "b"], quantities: { cost: Float32Array.of(1, 1, 2, 1) } }),
    ]).toEqual([0, 1]);
  });

  it("do not depend on the number of queries", () => {
    const double = (values: Float32Array) =>
      Float32Array.from({ length: 2 * values.length }, (_, e) => values[e % values.length]!);
    const twice = assign({
      models: base.models,
      quantities: { cost: double(base.quantities.cost), quality: double(base.quantities.quality) },
      objective: { minimize: "cost" },
      limits: limits.map(limit => (limit.sum === "requests" ? { ...limit, atMost: 2400 } : limit)),
    });
    expect(twice.prices.of("quality")).toBeCloseTo(plan.prices.of("quality"), 6);
  });

  it("are worth what they say: a looser floor saves price x step", () => {
    const report = plan.certificate.limits[0]!;
    expect(report.unit).toBe("USD per +0.01 of mean quality");
    const step = 1e-3;
    const looser = assign({
      ...problem,
      limits: [{ mean: "quality", atLeast: floor - step }, ...limits.slice(1)],
    });
    const saved = (plan.certificate.bound - looser.certificate.bound) / step;
    expect(saved / (report.price / 0.01)).toBeCloseTo(1, 1);
  });

  it("survive JSON, reordered models and models that went away", () => {
    const restored = Prices.fromJSON(JSON.parse(JSON.stringify(plan.prices)));
    expect(restored.choose(base)).toEqual(plan.prices.choose(base));
    const order = [...base.models.keys()].reverse();
    const reorder = (values: Float32Array) =>
      Float32Array.from({ length: values.length }, (_, e) => values[e - (e % 7) + order[e % 7]!]!);
    const reordered = restored.choose({
      models: order.map(j => base.models[j]!),
      quantities: { cost: reorder(base.quantities.cost), quality: reorder(base.quantities.quality) },
    });
    const same = plan.prices.choose(base).every((j, i) => order[reordered[i]!] === j);
    expect(same).toBe(true);
    expect(() =>
      restored.choose({
        models: ["m0"],
        quantities: { cost: Float32Array.of(1), quality: Float32Array.of(1) },
      }),
    ).not.toThrow();
  });

  it("start another solve that ends as well", () => {
    const warm = assign(problem, { warmStart: plan.prices });
    expect(warm.feasible).toBe(true);
    expect(warm.certificate.bound).toBeCloseTo(plan.certificate.bound, 6);
  });

  it.each([
    ["ERR_OMNI_CORRUPT", null],
    ["ERR_OMNI_CORRUPT", { format: "something else" }],
    ["ERR_OMNI_VERSION", { format: "omnirouter-prices", version: 99 }],
    ["ERR_OMNI_CORRUPT", { format: "omnirouter-prices", version: 1 }],
    ...[
      { objective: { cost: 1 }, limits: [{ quantity: "quality", sense: "atLeast", price: -1 }] },
      { objective: { cost: 1 }, limits: [{ quantity: "quality", sense: "over", price: 1 }] },
      { objective: { cost: 1 }, limits: [null] },
      { objective: { cost: "1" }, limits: [] },
      { objective: [1], limits: [] },
    ].map((body): [string, unknown] => [
      "ERR_OMNI_CORRUPT",
      { format: "omnirouter-prices", version: 1, ...body },
    ]),
  ])("refuse, with %s, what is not saved prices", (code, json) => {
    const refusal = (() => {
      try {
        return Prices.fromJSON(json);
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(OmniRouterError);
    expect(refusal).toMatchObject({ code });
  });
});
