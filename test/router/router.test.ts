import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { beforeAll, describe, expect, it } from "vitest";
import type { Prices } from "../../lib/assignment/prices.js";
import { History } from "../../lib/history/history.js";
import { ModelPool } from "../../lib/pool/pool.js";
import type { FitStage } from "../../lib/router/fit.js";
import type { RouteLimits } from "../../lib/router/limits.js";
import type { RouteQuery } from "../../lib/router/queries.js";
import type { RouteOptions } from "../../lib/router/route.js";
import { Router } from "../../lib/router/router.js";
import { letterEmbedder, workload } from "./workload.js";

const { pool, history, queries } = workload;
const limits: RouteLimits = { minQuality: 0.8 };
let router: Router;
beforeAll(async () => {
  router = await Router.fit(history, pool);
});

describe("a router is fitted", () => {
  it("alike on records, a stream, a file and a History, with the pool as an object or a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "omnirouter router "));
    try {
      const text = history.map(record => `${JSON.stringify(record)}\n`).join("");
      await writeFile(join(folder, "history.jsonl"), text);
      await writeFile(join(folder, "pool.json"), JSON.stringify(pool));
      const expected = router.routeSync(queries, limits);
      for (const other of [
        await Router.fit(join(folder, "history.jsonl"), join(folder, "pool.json")),
        await Router.fit(Readable.from([text]), pool.toJSON()),
        await Router.fit(await History.read(history, pool), pool),
      ])
        expect(other.routeSync(queries, limits).choice).toEqual(expected.choice);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("stage by stage, and says so", async () => {
    const stages: FitStage[] = [];
    await Router.fit(history, pool, {
      onProgress: ({ stage, done, total }) => {
        if (stages.at(-1) !== stage) stages.push(stage);
        if (total !== undefined) expect(done).toBeLessThanOrEqual(total);
      },
    });
    expect(stages).toEqual(["read", "learn", "embed", "index", "predictor"]);
  });

  it("and stopped at any stage by its signal, with the signal's reason", async () => {
    for (const stop of ["read", "learn", "embed", "index", "predictor"]) {
      const controller = new AbortController();
      const reason = new Error(`stopped at ${stop}`);
      const fitting = Router.fit(history, pool, {
        signal: controller.signal,
        onProgress: ({ stage }) => stage === stop && controller.abort(reason),
      });
      await expect(fitting).rejects.toBe(reason);
    }
    await expect(Router.fit(history, pool, { signal: AbortSignal.abort("early") })).rejects.toBe("early");
  });

  it("on a history with one outcome per query, as logs have", async () => {
    const logged = history.map((record, row) => {
      const model = pool.names[row % pool.size]!;
      return { ...record, outcomes: { [model]: record.outcomes[model]! } };
    });
    const fitted = await Router.fit(logged, pool);
    expect(fitted.neighbours).toBeGreaterThan(router.neighbours);
    const plan = await fitted.route(queries, { minQuality: 0.6 });
    expect(plan.feasible).toBe(true);
    expect(plan.mean("quality")).toBeGreaterThanOrEqual(0.6 - 1e-6);
  });

  it("refusing what it cannot use", async () => {
    const attempt = (...args: unknown[]) => Router.fit(...(args as Parameters<typeof Router.fit>));
    await expect(attempt([], pool)).rejects.toMatchObject({ code: "ERR_OMNI_INVALID_HISTORY" });
    await expect(attempt(history, { models: [] })).rejects.toMatchObject({ code: "ERR_OMNI_INVALID_POOL" });
    await expect(attempt(history, "no/such/pool.yaml")).rejects.toMatchObject({ code: "ERR_OMNI_IO" });
    await expect(attempt(history, pool, { neighbours: 0 })).rejects.toMatchObject({
      argument: "options.neighbours",
    });
    await expect(attempt(history, pool, { seed: -1 })).rejects.toMatchObject({ argument: "options.seed" });
    await expect(attempt(history, pool, { embedder: {} })).rejects.toMatchObject({
      argument: "options.embedder",
    });
    const other = ModelPool.from(pool.models.slice(1));
    await expect(attempt(await History.read(history, pool), other)).rejects.toMatchObject({
      argument: "history",
    });
  });

  it("refusing vectors that break the embedder's contract", async () => {
    const embedder = letterEmbedder();
    for (const vectors of [new Float32Array(3), new Float32Array(400 * 26).fill(Number.NaN), [1]])
      await expect(
        Router.fit(history, pool, { embedder: { ...embedder, embed: async () => vectors as Float32Array } }),
      ).rejects.toMatchObject({ code: "ERR_OMNI_EMBEDDER" });
  });
});

describe("models that history and pool do not share", () => {
  it("are reported; those without a grade are given nothing, however cheap", async () => {
    const [dropped, ...kept] = pool.models;
    const larger = { models: [...kept, { name: "unheard-of", inputPer1M: 0, outputPer1M: 0 }] };
    const fitted = await Router.fit(history, larger);
    expect(fitted.report.ungraded).toEqual(["unheard-of"]);
    expect(fitted.report.unknownModels).toEqual([{ model: dropped!.name, outcomes: history.length }]);
    const plan = await fitted.route(queries, {});
    expect(plan.requests[plan.models.indexOf("unheard-of")]).toBe(0);
    const byPrices = fitted.routeByPrices("anything", plan.prices);
    expect([byPrices.model, byPrices.runnerUp?.model]).not.toContain("unheard-of");
    expect(() => fitted.routeSync([{ query: "x", allowed: ["unheard-of"] }], {})).toThrow(
      /queries\[0\]\.allowed .*nothing is known/,
    );
  });
});

describe("a batch is routed", () => {
  it("at least cost above a floor", async () => {
    const low = await router.route(queries, { minQuality: 0.6 });
    const high = await router.route(queries, { minQuality: 0.85 });
    for (const [plan, floor] of [
      [low, 0.6],
      [high, 0.85],
    ] as const) {
      expect(plan.feasible).toBe(true);
      expect(plan.mean("quality")).toBeGreaterThanOrEqual(floor - 1e-6);
      expect(plan.totals.cost).toBeGreaterThanOrEqual(plan.certificate.bound * (1 - 1e-9));
    }
    expect(high.totals.cost).toBeGreaterThan(low.totals.cost!);
  });

  it("at highest quality within a budget", async () => {
    const { totals } = await router.route(queries, { minQuality: 0.8 });
    const plan = await router.route(queries, { budget: totals.cost! });
    expect(plan.totals.cost).toBeLessThanOrEqual(totals.cost! * (1 + 1e-6));
    // The cheapest plan of quality 0.8 is one that this budget allows.
    expect(plan.mean("quality")).toBeGreaterThanOrEqual(0.8 - 1e-4);
  });

  it("with both, at least cost; with neither, to the cheapest; on demand at highest quality", async () => {
    const floor = await router.route(queries, { minQuality: 0.8 });
    const both = await router.route(queries, { minQuality: 0.8, budget: 1000 });
    expect(both.totals.cost).toBeCloseTo(floor.totals.cost!, 6);
    const { predictions, ...cheapest } = await router.route(queries, {});
    for (let query = 0; query < queries.length; query++) {
      const row = predictions.cost.subarray(query * pool.size, (query + 1) * pool.size);
      expect(row[cheapest.choice[query]!]).toBe(Math.min(...row));
    }
    const best = await router.route(queries, { maximize: "quality", minQuality: 0.1 });
    expect(best.mean("quality")).toBeGreaterThan(both.mean("quality"));
  });

  it("within the pool's capacities, or those given in their place", async () => {
    const [first, ...others] = pool.models;
    const limited = await Router.fit(history, { models: [{ ...first!, capacity: 10 }, ...others] });
    expect((await limited.route(queries, {})).requests[0]).toBe(10);
    expect((await limited.route(queries, { capacity: { [first!.name]: 25 } })).requests[0]).toBe(25);
  });

  it("for each tenant within its own floor and budget", async () => {
    const grouped = queries.map((record, row) => ({
      ...record,
      ...(row % 3 === 0 ? {} : { group: row % 3 === 1 ? "gold" : "free" }),
    }));
    const plan = await router.route(grouped, {
      tenants: { gold: { minQuality: 0.8 }, free: { budget: 0.01 }, absent: { minQuality: 0.8 } },
    });
    expect(plan.feasible).toBe(true);
    const totals = Object.fromEntries(plan.byTenant().map(total => [total.group, total]));
    expect(totals.gold).toMatchObject({ requests: 40 });
    expect(totals.gold!.quality).toBeGreaterThanOrEqual(0.8 - 1e-5);
    expect(totals.free!.cost).toBeLessThanOrEqual(0.01 * (1 + 1e-6));
    expect(totals.absent!.requests).toBe(0);
    expect(totals[""]!.requests).toBe(40);
    expect(plan.certificate.limits.map(({ limit }) => limit.group)).toEqual(["free", "gold", "absent"]);
    // The tenant's price follows its name into other batches, whatever its number there.
    const gold = plan.prices.of("quality", { group: "gold" });
    expect(gold).toBeGreaterThan(0);
    const alone = router.routeByPrices({ ...queries[0]!, group: "gold" }, plan.prices);
    const stranger = router.routeByPrices({ ...queries[0]!, group: "another" }, plan.prices);
    expect(alone.quality).toBeGreaterThan(stranger.quality);
  });

  it("to models that each query allows", async () => {
    const allowed = [pool.names[2]!, pool.names[5]!];
    const plan = await router.route(
      queries.map(({ query }, row) => (row % 2 === 0 ? { query, allowed } : query)),
      { minQuality: 0.7 },
    );
    for (let query = 0; query < plan.size; query += 2) expect(allowed).toContain(plan.at(query).model);
  });

  it("in columns, with ids, predictions and a runner-up for each query on demand", async () => {
    const plan = await router.route([{ id: "mine", query: queries[0]!.query }, "a text alone"], limits);
    expect([plan.id(0), plan.id(1)]).toEqual(["mine", "1"]);
    const rows = [...plan];
    expect(rows.map(({ id }) => id)).toEqual(["mine", "1"]);
    expect(rows[0]).toMatchObject({ query: 0, values: { quality: plan.column("quality")[0] } });
    expect(rows[0]!.runnerUp!.model).not.toBe(rows[0]!.model);
    expect(plan.predictions.quality).toHaveLength(2 * pool.size);
    expect(plan.column("outputTokens").every(tokens => tokens > 0)).toBe(true);
    expect(Object.values(plan.timings).every(time => time >= 0)).toBe(true);
  });

  it("of no queries at all, of empty texts and of texts unlike any known", async () => {
    expect(await router.route([], limits)).toMatchObject({ size: 0, feasible: true });
    const plan = router.routeSync(["", "\u0000", "日本語"], {});
    expect(plan.size).toBe(3);
    expect(plan.predictions.quality.every(quality => quality >= 0 && quality <= 1)).toBe(true);
  });

  it("alike at once, by itself and beside others", async () => {
    const floors = [0.6, 0.65, 0.7, 0.75, 0.8, 0.85];
    const together = await Promise.all(floors.map(minQuality => router.route(queries, { minQuality })));
    for (const [place, minQuality] of floors.entries()) {
      expect((await router.route(queries, { minQuality })).choice).toEqual(together[place]!.choice);
      expect(router.routeSync(queries, { minQuality }).choice).toEqual(together[place]!.choice);
    }
  });

  it("until its signal stops it", async () => {
    await expect(router.route(queries, limits, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    await expect(router.predict(queries, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
  });

  it("or says which limit cannot hold, and what can be reached", async () => {
    const plan = await router.route(queries, { minQuality: 1 });
    expect(plan.feasible).toBe(false);
    expect(plan.certificate.conflict).toEqual([{ mean: "quality", atLeast: 1 }]);
    expect(plan.certificate.reachable[0]!.value).toBeLessThan(1);
  });
});

describe("a single query", () => {
  it("is routed by prices as the plan that made them routes it", async () => {
    const plan = await router.route(queries, limits);
    let same = 0;
    queries.forEach((query, row) => {
      const route = router.routeByPrices(query, plan.prices);
      expect(route.cost).toBe(plan.predictions.cost[row * pool.size + pool.indexOf(route.model)]);
      expect(route.runnerUp!.loss).toBeGreaterThanOrEqual(0);
      if (route.model === plan.models[plan.choice[row]!]) same++;
    });
    // All but the few at or near a tie, which the plan settles so that the floor holds and is not exceeded for money.
    expect(same).toBeGreaterThanOrEqual(queries.length - 8);
  });

  it("needs an embedder that can answer at once", async () => {
    const remote = await Router.fit(history, pool, { embedder: letterEmbedder() });
    const { prices, feasible } = await remote.route(queries, { minQuality: 0.5 });
    expect(feasible).toBe(true);
    expect(() => remote.routeByPrices("x", prices)).toThrow(/letters has no synchronous path/);
    expect(() => remote.routeSync(["x"], limits)).toThrow(/letters has no synchronous path/);
  });
});

describe("what is asked wrongly is refused by name", () => {
  const first = pool.names[0]!;
  it.each([
    [{ minquality: 0.8 }, "limits.minquality", /nearest is minQuality/],
    [{ minQuality: 80 }, "limits.minQuality", /from 0 to 1, got 80/],
    [{ minQuality: Number.NaN }, "limits.minQuality", /from 0 to 1/],
    [{ minQuality: 0.8, confidence: 0 }, "limits.confidence", /above 0 and below 1, got 0/],
    [{ minQuality: 0.8, confidence: 1 }, "limits.confidence", /above 0 and below 1/],
    [{ confidence: 95 }, "limits.confidence", /above 0 and below 1, got 95/],
    [{ confidence: Number.NaN }, "limits.confidence", /above 0 and below 1/],
    [{ minQuality: 2, confidence: 0.9 }, "limits.minQuality", /from 0 to 1, got 2/],
    [{ tenants: { a: { confidence: "high" } } }, 'limits.tenants["a"].confidence', /above 0 and below 1/],
    [{ budget: -1 }, "limits.budget", />= 0/],
    [{ budget: Number.POSITIVE_INFINITY }, "limits.budget", /finite/],
    [{ maximize: "cost" }, "limits.maximize", /"quality"/],
    [{ capacity: { [first]: 1.5 } }, `limits.capacity["${first}"]`, /whole number/],
    [{ capacity: { "sim-huge": 1 } }, 'limits.capacity["sim-huge"]', /nearest is "sim-huge-1"/],
    [{ tenants: { a: { floor: 1 } } }, 'limits.tenants["a"].floor', /nearest/],
    [{ limits: [{ sum: "cost", atMost: 1, model: "sim-hug-1" }] }, "limits.limits[0].model", /"sim-huge-1"/],
    [{ limits: [{ mean: "speed", atMost: 1 }] }, "limits[0].mean", /one of the quantities/],
    [null, "limits", /must be an object/],
  ])("%j", async (given, argument, message) => {
    await expect(router.route(queries, given as RouteLimits)).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_ARGUMENT",
      argument,
      message: expect.stringMatching(message),
    });
  });

  it.each([
    [["a", 3], "queries[1]"],
    [[{ text: "a" }], "queries[0].query"],
    [[{ query: "a", inputTokens: -1 }], "queries[0].inputTokens"],
    [[{ query: "a", inputTokens: 1e39 }], "queries[0].inputTokens"],
    [[{ query: "a", inputTokens: 3e38 }], "queries[0].inputTokens"],
    [["a", { query: "a", excluded: [first] }], "queries[1].excluded"],
    [[{ query: "a", models: [first] }], "queries[0].models"],
    [[{ query: "a", allowed: [`${first}\u200b`] }], "queries[0].allowed[0]"],
    [[{ query: "a", id: 3 }], "queries[0].id"],
    [[{ query: "a", group: "" }], "queries[0].group"],
    [[{ query: "a", allowed: [] }], "queries[0].allowed"],
    [[{ query: "a", allowed: [first, "sim"] }], "queries[0].allowed[1]"],
    ["a", "queries"],
  ])("%j", async (given, argument) => {
    await expect(router.route(given as string[], limits)).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_ARGUMENT",
      argument,
    });
  });

  it("a tenant whose name only looks like that of one with limits", async () => {
    const asked = router.route([{ query: "a", group: "Te\u0301" }], { tenants: { Té: { budget: 1 } } });
    await expect(asked).rejects.toMatchObject({
      argument: "queries[0].group",
      message: expect.stringContaining('"Te\\u0301" looks like "T\\u00e9"'),
    });
  });

  it("but not what a record of a history has besides, nor what is the caller's own", async () => {
    const [record] = queries;
    const plan = await router.route([{ ...record!, metadata: { excluded: first } } as RouteQuery], limits);
    expect(plan.size).toBe(1);
  });

  it("prices and options of another kind", async () => {
    expect(() => router.routeByPrices("a", { limits: [] } as unknown as Prices)).toThrow(
      expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument: "prices" }),
    );
    const none = null as never;
    for (const call of [
      () => Router.fit([], { models: [] }, none),
      () => Router.load("nowhere", none),
      () => router.save("nowhere", none),
      () => router.predict(queries, none),
    ])
      await expect(call()).rejects.toMatchObject({ code: "ERR_OMNI_INVALID_ARGUMENT", argument: "options" });
    for (const [given, argument] of [
      [null, "options"],
      [{ gapTolerence: 0.1 }, "options.gapTolerence"],
    ] as const)
      await expect(router.route(queries, limits, given as unknown as RouteOptions)).rejects.toMatchObject({
        code: "ERR_OMNI_INVALID_ARGUMENT",
        argument,
      });
  });
});
