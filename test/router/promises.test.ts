import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { realise } from "../../lib/cli/plan-summary.js";
import type { HistoryRecord, Selection } from "../../lib/history/record.js";
import { Router } from "../../lib/router/router.js";
import { letterEmbedder, workload } from "./workload.js";

const { pool, history, queries } = workload;
let router: Router;
beforeAll(async () => {
  router = await Router.fit(history, pool);
});
const limits = { minQuality: 0.7, confidence: 0.9 };

describe("a plan with a confidence", () => {
  it("promises realised quality, and says what margin it takes", async () => {
    const plan = await router.route(queries, limits);
    expect(plan.feasible).toBe(true);
    const { best, margin, predicted, floor, outcomes, refused } = plan.promise!;
    expect(refused).toBe(false);
    expect(best).toBeGreaterThanOrEqual(0.7);
    // What it is expected to be, but for what the correction has changed since the solve before.
    expect(Math.abs(predicted - plan.mean("quality"))).toBeLessThan(0.01);
    expect(margin.total).toBeCloseTo(margin.sampling + margin.history + margin.shift, 12);
    expect(margin.total).toBeCloseTo(predicted - best, 12);
    expect(margin.sampling).toBeGreaterThan(0.02);
    expect(outcomes).toBeGreaterThan(300);
    expect(plan.certificate.limits[0]).toMatchObject({ limit: { mean: "quality" }, bound: floor });
    expect(plan.mean("quality")).toBeGreaterThan(
      (await router.route(queries, { minQuality: 0.7 })).mean("quality"),
    );
    expect(realise(queries, query => plan.models[plan.choice[query]!]).quality).toBeGreaterThanOrEqual(0.7);
    expect((await router.route(queries, { minQuality: 0.7 })).promises).toEqual([]);
  });

  it("is not feasible where the promise is refused, and names the best there is", async () => {
    const plan = await router.route(queries, { ...limits, minQuality: 0.97 });
    expect(plan.feasible).toBe(false);
    expect(plan.promise).toMatchObject({ refused: true, asked: 0.97, reason: expect.any(String) });
    const { best } = plan.promise!;
    expect((await router.route(queries, { ...limits, minQuality: best - 1e-3 })).feasible).toBe(true);
    const relaxed = await router.route(queries, { ...limits, minQuality: 0.97 }, { relax: true });
    expect(relaxed).toMatchObject({ feasible: false, relaxed: true });
    expect(relaxed.promise!.best).toBeCloseTo(best, 6);
    // A single query is too few for any such promise.
    expect(router.routeSync([queries[0]!], { minQuality: 0.9, confidence: 0.999 }).feasible).toBe(false);
  });

  it("says what can be promised under a budget, and of tenants apart", async () => {
    const plan = await router.route(queries, { budget: 0.05, confidence: 0.8 });
    expect(plan.totals.cost).toBeLessThanOrEqual(0.05 * (1 + 1e-6));
    expect(plan.promise).toMatchObject({ confidence: 0.8, refused: false });
    expect(plan.promise!.best).toBeLessThan(plan.mean("quality"));
    const grouped = queries.map((query, row) => ({ ...query, group: row % 2 === 0 ? "gold" : "free" }));
    const tenants = { gold: { minQuality: 0.75, confidence: 0.9 }, free: { minQuality: 0.6 } };
    const shared = await router.route(grouped, { tenants });
    expect(shared.promise).toBeUndefined();
    expect(shared.promises).toMatchObject([{ group: "gold", refused: false, queries: queries.length / 2 }]);
    const [gold] = shared.byTenant();
    expect(Math.abs(gold!.quality - shared.promises[0]!.predicted)).toBeLessThan(0.01);
    expect(shared.corrections.map(({ group }) => group)).toEqual([undefined, "gold", "free"]);
  });

  it("is the same at once, beside others, and after a save and a load", async () => {
    const expected = await router.route(queries, limits);
    const others = await Promise.all([router.route(queries, limits), router.route(queries, limits)]);
    const folder = await mkdtemp(join(tmpdir(), "omnirouter promises "));
    try {
      await router.save(folder);
      const loaded = await Router.load(folder);
      for (const plan of [...others, router.routeSync(queries, limits), loaded.routeSync(queries, limits)]) {
        expect(plan.promises).toEqual(expected.promises);
        expect(plan.choice).toEqual(expected.choice);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  /** A log of one answer a query: of the model at `column`. */
  const logged = (column: (record: HistoryRecord, row: number) => number, selection?: Selection) =>
    history.map((record, row): HistoryRecord => {
      const model = pool.names[column(record, row)]!;
      return {
        ...record,
        ...(selection === undefined ? {} : { selection }),
        outcomes: { [model]: record.outcomes[model]! },
      };
    });
  const inTurn = (_: HistoryRecord, row: number) => row % pool.size;

  it("judges by a log of answers given at random, and refuses on one with hardly any grades", async () => {
    const sparse = await Router.fit(logged(inTurn, "random"), pool);
    const { promise } = await sparse.route(queries, { confidence: 0.9 });
    const full = (await router.route(queries, { confidence: 0.9 })).promise!;
    expect(promise!.outcomes).toBeGreaterThan(10);
    expect(promise!.outcomes).toBeLessThan(full.outcomes / 2);
    expect(promise!.margin.history).toBeGreaterThan(full.margin.history);
    const tiny = await Router.fit(history.slice(0, 8), pool);
    expect((await tiny.route(queries, limits)).promise).toMatchObject({
      refused: true,
      reason: "history",
      best: 0,
    });
  });

  it("refuses on a log of which it is not known who chose, and takes what is declared or recorded", async () => {
    const refused = { refused: true, reason: "selection", best: 0, outcomes: 0 };
    for (const records of [logged(inTurn), logged(inTurn, "unknown")]) {
      const unknown = await Router.fit(records, pool);
      const plan = await unknown.route(queries, limits);
      expect(plan).toMatchObject({ feasible: false, promise: refused });
      expect(plan.correction).toMatchObject({ bias: 0, reason: "selection" });
      expect((await unknown.route(queries, { minQuality: 0.5 })).feasible).toBe(true);
    }
    const asked = { minQuality: 0.3, confidence: 0.9 };
    const recorded = logged(inTurn).map(record => ({
      ...record,
      outcomes: Object.fromEntries(
        Object.entries(record.outcomes).map(([model, outcome]) => [
          model,
          { ...outcome, propensity: 1 / pool.size },
        ]),
      ),
    }));
    const declared = await Router.fit(logged(inTurn), pool, { selection: "random" });
    for (const known of [declared, await Router.fit(recorded, pool)])
      expect((await known.route(queries, asked)).promise).toMatchObject({ refused: false });
  });

  it("refuses without overlap: where the text alone decided, and never gave such queries to the chosen models", async () => {
    // Long queries went to the two dearest models, short ones to the two cheapest, without exception.
    const lengths = history.map(({ query }) => query.length).sort((a, b) => a - b);
    const middle = lengths[lengths.length >> 1]!;
    const dear = pool.models
      .map(({ outputPer1M }, column) => ({ outputPer1M, column }))
      .sort((a, b) => b.outputPer1M - a.outputPer1M)
      .map(({ column }) => column);
    const byLength = ({ query }: HistoryRecord, row: number) =>
      query.length >= middle ? dear[row % 2]! : dear.at(-1 - (row % 2))!;
    const split = await Router.fit(logged(byLength, "text"), pool);
    const best = await split.route(queries, { minQuality: 0.7, confidence: 0.9, maximize: "quality" });
    expect(best.promise).toMatchObject({ refused: true, best: 0 });
    expect(["overlap", "history"]).toContain(best.promise!.reason);
  });

  it("is given for a floor next to what a model always has, where its grades never vary", async () => {
    const [constant] = pool.names;
    const records = history.map(record => ({
      ...record,
      outcomes: Object.fromEntries(
        Object.entries(record.outcomes).map(([model, outcome]) => [
          model,
          model === constant ? { ...outcome, quality: 0.9 } : outcome,
        ]),
      ),
    }));
    const only = queries.map(query => ({ ...query, allowed: [constant!] }));
    const steady = await Router.fit(records, pool);
    const { promise } = await steady.route(only, { minQuality: 0.97 * 0.9, confidence: 0.95 });
    expect(promise).toMatchObject({ refused: false });
  });

  it("is refused for queries that are unlike the whole history, and says so", async () => {
    const foreign = queries.map((_, row) => ({ query: `zx${row} qvw jjk ${row * row} kqx` }));
    const plan = await router.route(foreign, { minQuality: 0.3, confidence: 0.9 });
    expect(plan.promise).toMatchObject({ refused: true, reason: "shift", best: 0 });
    expect(plan.promise!.shift!.novelty).toBeGreaterThan(0.5);
    expect((await router.route(queries, limits)).promise!.shift!.novelty).toBeLessThan(0.1);
  });

  it("names what can be reached, which then can be had", async () => {
    const beyond = await router.route(queries, { minQuality: 0.999 });
    expect(beyond.feasible).toBe(false);
    const { value } = beyond.certificate.reachable.find(({ limit }) => limit.mean === "quality")!;
    const again = await router.route(queries, { minQuality: value! });
    expect(again.feasible).toBe(true);
    expect(again.mean("quality")).toBeGreaterThanOrEqual(value! - 1e-6);
  });

  it("works with an embedder that answers later, and stops by its signal", async () => {
    const remote = await Router.fit(history, pool, { embedder: letterEmbedder() });
    expect((await remote.route(queries, { confidence: 0.9 })).promise!.best).toBeGreaterThan(0);
    const signal = AbortSignal.abort("no");
    await expect(remote.route(queries, limits, { signal })).rejects.toBe("no");
  });
});
