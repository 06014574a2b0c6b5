import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { realise } from "../../lib/cli/plan-summary.js";
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
    expect(predicted).toBeCloseTo(plan.mean("quality"), 6);
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
    expect(gold!.quality).toBeCloseTo(shared.promises[0]!.predicted, 5);
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

  it("judges by a history with few outcomes, and refuses on one with hardly any", async () => {
    const logged = history.map((record, row) => {
      const model = pool.names[row % pool.size]!;
      return { ...record, outcomes: { [model]: record.outcomes[model]! } };
    });
    const sparse = await Router.fit(logged, pool);
    const { promise } = await sparse.route(queries, { confidence: 0.9 });
    const full = (await router.route(queries, { confidence: 0.9 })).promise!;
    expect(promise!.outcomes).toBeLessThan(full.outcomes / 2);
    expect(promise!.margin.history).toBeGreaterThan(full.margin.history);
    const tiny = await Router.fit(history.slice(0, 8), pool);
    expect((await tiny.route(queries, limits)).promise).toMatchObject({
      refused: true,
      reason: "history",
      best: 0,
    });
  });

  it("works with an embedder that answers later, and stops by its signal", async () => {
    const remote = await Router.fit(history, pool, { embedder: letterEmbedder() });
    expect((await remote.route(queries, { confidence: 0.9 })).promise!.best).toBeGreaterThan(0);
    const signal = AbortSignal.abort("no");
    await expect(remote.route(queries, limits, { signal })).rejects.toBe("no");
  });
});
