import { describe, expect, it } from "vitest";
import { ModelPool } from "../../lib/pool/pool.js";
import { Router } from "../../lib/router/router.js";
import { answers, folder, history, later, pool, queries, saved, useFolder } from "./learning.js";
import { letterEmbedder, workload } from "./workload.js";

useFolder();
const { names } = pool;

/** A model that gets queries where nothing but cost counts. */
function favouriteOf(router: Router): string {
  const { choice, models } = router.routeSync(queries, {});
  return models[choice[0]!]!;
}

describe("a pool changes", () => {
  const newcomer = { name: "newcomer", inputPer1M: 0, outputPer1M: 0 };

  it("by a model that is given nothing before its first grade, and is judged by the pool while they are few", async () => {
    const router = await saved();
    const old = router.estimates();
    const mean = old.reduce((sum, { quality }) => sum + quality, 0) / old.length;
    await router.addModel(newcomer);
    expect(router.report.ungraded).toEqual(["newcomer"]);
    const [unknown] = router.estimates().slice(-1);
    expect(unknown).toMatchObject({ model: "newcomer", graded: 0 });
    expect(unknown!.quality).toBeCloseTo(mean, 1);
    expect(unknown!.uncertainty).toBeGreaterThan(3 * old[0]!.uncertainty);
    const column = router.pool.indexOf("newcomer");
    expect(router.routeSync(queries, {}).requests[column]).toBe(0);
    expect((await router.predict(queries)).support[column]).toBe(0);

    const grade = (from: number, to: number) =>
      router.learn(
        history.slice(from, to).map(({ id, query }) => ({
          id,
          query,
          outcomes: { newcomer: { quality: 0, outputTokens: 100 } },
        })),
      );
    await grade(0, 1);
    const [few] = router.estimates().slice(-1);
    expect(few!.uncertainty).toBeLessThan(unknown!.uncertainty);
    expect(few!.quality).toBeLessThan(unknown!.quality);
    expect(few!.quality).toBeGreaterThan(unknown!.quality / 2);
    // Free, and allowed from now on.
    expect(router.routeSync(queries, {}).requests[column]).toBe(queries.length);
    await grade(1, 200);
    const [many] = router.estimates().slice(-1);
    expect(many!.quality).toBeLessThan(0.1);
    expect(many!.uncertainty).toBeLessThan(few!.uncertainty / 2);
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
  });

  it("in what promises rest on: new models have no part in them until a refit, prices have", async () => {
    const router = await saved();
    await router.addModel(newcomer);
    await router.learn(
      later.map(({ id, query }) => ({ id, query, outcomes: { newcomer: { quality: 1, outputTokens: 10 } } })),
    );
    const column = router.pool.indexOf("newcomer");
    const promised = { minQuality: 0.7, confidence: 0.8 };
    expect(router.routeSync(queries, { minQuality: 0.7 }).requests[column]).toBe(queries.length);
    for (const plan of [router.routeSync(queries, promised), await router.route(queries, promised)]) {
      expect(plan.requests[column]).toBe(0);
      expect(plan.promise!.outcomes).toBeLessThanOrEqual(history.length + 1);
    }
    // But for a query that only it may answer.
    const only = [...queries, { query: "only", allowed: ["newcomer"] }];
    expect((await router.route(only, promised)).requests[column]).toBe(1);
    const { outOfFold } = router;
    expect(outOfFold).toMatchObject({ rows: history.length, models: [...router.pool.names] });
    const dear = router.pool.models.map(model => ({
      ...model,
      inputPer1M: 2 * model.inputPer1M,
      outputPer1M: 2 * model.outputPer1M,
    }));
    await router.setPool({ models: dear });
    for (const at of [0, 1, 1000])
      expect(router.outOfFold!.cost[at]).toBeCloseTo(2 * outOfFold!.cost[at]!, 9);
    const expected = router.routeSync(queries, promised);
    const loaded = await Router.load(folder);
    expect(loaded.outOfFold).toEqual(router.outOfFold);
    expect(loaded.routeSync(queries, promised).promises).toEqual(expected.promises);
    await router.refit();
    expect((await router.route(queries, promised)).requests[column]).toBeGreaterThan(0);
    expect(router.outOfFold!.rows).toBe(workload.history.length);
  });

  it("by a model that comes back, of which nothing is remembered", async () => {
    const router = await saved();
    const model = pool.models[0]!;
    const outcomes = { [model.name]: { quality: 1, outputTokens: 1000 } };
    await router.removeModel(model.name);
    await router.addModel(model);
    const column = router.pool.indexOf(model.name);
    const of = async (asked: Router) => (await asked.predict(["zebra quagga okapi"])).quality;
    const [unknown, others] = [(await of(router))[column]!, (await of(router)).slice(0, column)];
    expect(unknown).toBeGreaterThan(Math.min(...others));
    expect(unknown).toBeLessThan(Math.max(...others));
    await router.learn(later.slice(0, 20).map(({ id, query }) => ({ id, query, outcomes })));
    expect((await of(router))[column]).toBeGreaterThan(unknown);
    expect(await of(await Router.load(folder))).toEqual(await of(router));
  });

  it("by a model less, which a call under way does not choose either", async () => {
    let open = () => {};
    const gate = new Promise<void>(resolve => {
      open = resolve;
    });
    let closed = false;
    const letters = letterEmbedder();
    const embedder = {
      ...letters,
      async embed(texts: readonly string[]) {
        if (closed) await gate;
        return letters.embed(texts);
      },
    };
    const router = await Router.fit(history, pool, { embedder });
    const { choice } = await router.route(queries, {});
    const favourite = names[choice[0]!]!;
    closed = true;
    const underWay = router.route(queries, {});
    const promised = router.route(queries, { confidence: 0.8 });
    const only = router.route([{ query: "x", allowed: [favourite] }], {});
    only.catch(() => {});
    await router.removeModel(favourite);
    open();
    const plan = await underWay;
    // It goes on with the pool that it began with, but for that.
    expect(plan.models).toEqual(names);
    expect(plan.requests[names.indexOf(favourite)]).toBe(0);
    expect(plan.requests.reduce((sum, requests) => sum + requests)).toBe(queries.length);
    const withPromise = await promised;
    expect(withPromise.requests[names.indexOf(favourite)]).toBe(0);
    expect(withPromise.promise).toMatchObject({ refused: false, queries: queries.length });
    await expect(only).rejects.toThrow(/queries\[0\]\.allowed .*removed/);
  });

  it("by a model less, which is chosen no more", async () => {
    const router = await saved();
    const favourite = favouriteOf(router);
    await router.removeModel(favourite);
    expect(router.pool.names).not.toContain(favourite);
    expect(router.report.models.map(({ model }) => model)).toEqual([...router.pool.names]);
    expect(router.routeSync(queries, {}).models).not.toContain(favourite);
    expect(() => router.routeSync([{ query: "x", allowed: [favourite] }], {})).toThrow(/not in the pool/);
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
    await expect(router.removeModel(favourite)).rejects.toMatchObject({ argument: "name" });
  });

  it("in prices and order, each model keeping its outcomes", async () => {
    const router = await saved();
    const dear = ModelPool.from(
      pool.models.toReversed().map(model => ({ ...model, inputPer1M: model.inputPer1M * 2 })),
    );
    const before = await router.predict(queries);
    await router.setPool(dear);
    const after = await router.predict(queries);
    for (const [column, name] of dear.names.entries())
      expect(after.quality[column]).toBe(before.quality[names.indexOf(name)]);
    expect(after.cost[0]).toBeGreaterThan(before.cost[names.length - 1]!);
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
  });

  it("not to one that cannot be used", async () => {
    const router = await saved();
    const before = await answers(router);
    await expect(router.addModel({ ...newcomer, name: names[0]! })).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_POOL",
    });
    await expect(router.addModel({ name: "x" } as never)).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_POOL",
    });
    await expect(router.removeModel(3 as never)).rejects.toMatchObject({ argument: "name" });
    // Nothing would be left to predict from.
    await expect(router.setPool([newcomer])).rejects.toMatchObject({ code: "ERR_OMNI_INVALID_HISTORY" });
    expect(await answers(router)).toEqual(before);
    expect(await answers(await Router.load(folder))).toEqual(before);
  });
});
