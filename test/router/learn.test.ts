import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HistoryRecord } from "../../lib/history/record.js";
import { ModelPool } from "../../lib/pool/pool.js";
import { Router } from "../../lib/router/router.js";
import { RouterStore } from "../../lib/router/store/store.js";
import { letterEmbedder, workload } from "./workload.js";

const { pool, queries } = workload;
const history = workload.history.slice(0, 300);
const later = workload.history.slice(300);
const names = pool.names;
const limits = { minQuality: 0.75 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "omnirouter-learn-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Everything that a router would answer. */
async function answers(router: Router) {
  const { quality, outputTokens, cost, support } = await router.predict(queries);
  const plan = router.routeSync(queries, limits);
  return {
    quality,
    outputTokens,
    cost,
    support,
    choice: plan.choice,
    report: router.report,
    estimates: router.estimates(),
    pool: router.pool.toJSON(),
  };
}

/** What of these answers depends on what is known alone, and not on when which part of it was fitted or learned. */
function ofContents({ support, report, estimates, pool }: Awaited<ReturnType<typeof answers>>) {
  return { support, report, estimates, pool };
}

async function saved(records: readonly HistoryRecord[] = history): Promise<Router> {
  const router = await Router.fit(records, pool);
  await router.save(folder);
  return router;
}

const all = (quality: number) =>
  Object.fromEntries(names.map(name => [name, { quality, outputTokens: 100 }]));

describe("a router learns", () => {
  it("new queries, and predicts from them in their direction", async () => {
    const router = await Router.fit(history, pool);
    const text = "zebra quagga okapi savannah stripes";
    const [model = ""] = names;
    const ask = async () => {
      const { quality, support } = await router.predict([`${text} today`]);
      return { quality: quality[0]!, support: support[0]! };
    };
    const graded = (quality: number, from: number) =>
      Array.from({ length: 30 }, (_, i) => ({
        id: `z${from + i}`,
        query: `${text} ${i}`,
        outcomes: { [model]: { quality, outputTokens: 10 } },
      }));
    const before = await ask();
    expect(await router.learn(graded(0, 0))).toMatchObject({
      records: 30,
      queries: 30,
      outcomes: 30,
      changed: 0,
    });
    const worse = await ask();
    expect(worse.quality).toBeLessThan(before.quality);
    expect(worse.support).toBeGreaterThan(0.5);
    await router.learn(graded(1, 0));
    const better = await ask();
    expect(better.quality).toBeGreaterThan(before.quality);
    expect(router.report.records).toBe(330);
    expect(router.directory).toBeUndefined();
  });

  it("the same from many calls as from one, but for the steps of the levels, and as after a save and a load", async () => {
    const one = await Router.fit(history, pool);
    const many = await Router.fit(history, pool);
    await one.learn(later);
    for (let at = 0; at < later.length; at += 7) await many.learn(later.slice(at, at + 7));
    const [ofOne, ofMany] = [await answers(one), await answers(many)];
    expect(ofContents(ofMany)).toEqual(ofContents(ofOne));
    for (const [at, quality] of ofMany.quality.entries())
      expect(Math.abs(quality - ofOne.quality[at]!)).toBeLessThan(0.01);
    await many.save(folder);
    expect(await answers(await Router.load(folder))).toEqual(ofMany);
  });

  it("how good each model is on the whole, from each grade once, however often it is corrected", async () => {
    const router = await saved();
    const [model = ""] = names;
    const trained = async () => {
      await router.save(folder);
      return await RouterStore.open(folder).read(async ({ bytes }) =>
        Buffer.from(await bytes("predictor.bin")).toString("base64"),
      );
    };
    const grade = (row: number, quality: number) => {
      const { id, query } = later[row]!;
      return router.learn([{ id, query, outcomes: { [model]: { quality } } }]);
    };
    const fitted = await trained();
    await grade(0, 0);
    const once = await trained();
    expect(once).not.toBe(fitted);
    await grade(0, 0.5);
    expect(await trained()).toBe(once);
    // A length that comes after its grade is news again.
    await router.learn([{ ...later[0]!, outcomes: { [model]: { outputTokens: 5000 } } }]);
    const lengthened = await trained();
    expect(lengthened).not.toBe(once);
    await router.learn([{ ...later[0]!, outcomes: { [model]: { outputTokens: 50, cost: 1 } } }]);
    expect(await trained()).toBe(lengthened);
    // Of another query of the history, too.
    await router.learn([{ ...history[0]!, outcomes: { [model]: { quality: 0.5 } } }]);
    expect(await trained()).toBe(lengthened);

    const far = [{ query: "zebra quagga okapi" }];
    const before = (await router.predict(far)).quality[0]!;
    const failures = Array.from({ length: 40 }, (_, i) => ({
      query: `${later[i]!.query} again`,
      outcomes: { [model]: { quality: 0 } },
    }));
    await router.learn(failures);
    const after = (await router.predict(far)).quality;
    expect(after[0]).toBeLessThan(before);
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
  });

  it("what a fit would have known: only what was fitted is older, until a refit", async () => {
    const embedder = { ...letterEmbedder(), embedSync: undefined };
    const strip = (records: readonly HistoryRecord[]) =>
      records.map(record => ({ ...record, inputTokens: 100 }));
    const fitted = (records: readonly HistoryRecord[]) =>
      Router.fit(strip(records), pool, { embedder: embedder as never, neighbours: 50 });
    const learned = await fitted(history);
    await learned.learn(strip(later));
    const whole = await fitted(workload.history);
    expect((await learned.predict(queries)).support).toEqual((await whole.predict(queries)).support);
    expect(learned.report).toEqual(whole.report);
    expect(learned.estimates()).toEqual(whole.estimates());
    expect(learned.outOfFold!.rows).toBe(history.length);
    await learned.refit();
    expect(await learned.predict(queries)).toEqual(await whole.predict(queries));
    expect(learned.outOfFold).toEqual(whole.outOfFold);
  });

  it("parts of outcomes that are known, each in the place of what was known of it", async () => {
    const [a = "", b = ""] = names;
    const router = await Router.fit(
      [
        { id: "q1", query: "first question", outcomes: { [a]: { quality: 0.25, outputTokens: 10 } } },
        { id: "q2", query: "second question", outcomes: { [a]: { outputTokens: 20 } } },
      ],
      pool,
    );
    const learn = (...records: object[]) => router.learn(records);
    // A grade that comes later; another that corrects one.
    expect(
      await learn({ id: "q2", query: "second question", outcomes: { [a]: { quality: 1 } } }),
    ).toMatchObject({
      queries: 0,
      outcomes: 0,
      changed: 1,
    });
    expect(router.report.models[0]).toEqual({ model: a, outcomes: 2, graded: 2 });
    expect(
      await learn({ query: "first question", outcomes: { [a]: { quality: 0.5 }, [b]: { quality: 0 } } }),
    ).toMatchObject({ queries: 0, outcomes: 1, changed: 1 });
    const same = await answers(router);
    // The same again says nothing new.
    expect(
      await learn({ query: "first question", outcomes: { [a]: { quality: 0.5, outputTokens: 10 } } }),
    ).toMatchObject({
      queries: 0,
      outcomes: 0,
      changed: 0,
    });
    expect(await answers(router)).toEqual(same);
    await router.save(folder);
    const expected = await Router.fit(
      [
        {
          id: "q1",
          query: "first question",
          outcomes: { [a]: { quality: 0.5, outputTokens: 10 }, [b]: { quality: 0 } },
        },
        { id: "q2", query: "second question", outcomes: { [a]: { quality: 1, outputTokens: 20 } } },
      ],
      pool,
      { neighbours: router.neighbours },
    );
    expect(ofContents(await answers(router))).toEqual(ofContents(await answers(expected)));
    await router.refit({ neighbours: router.neighbours });
    expect(await answers(router)).toEqual(await answers(expected));
  });

  it("repeated texts as one query where they have no id, as several where they have", async () => {
    const router = await Router.fit(history, pool);
    const [model = ""] = names;
    const outcome = (quality: number) => ({ [model]: { quality } });
    const nameless = [1, 0].map(quality => ({ query: "a text without an id", outcomes: outcome(quality) }));
    expect(await router.learn(nameless)).toMatchObject({ records: 2, queries: 1, outcomes: 1, changed: 1 });
    const named = ["x", "y"].map(id => ({ id, query: "a text without an id", outcomes: outcome(1) }));
    expect(await router.learn(named)).toMatchObject({ queries: 2, outcomes: 2 });
    // Calls do not mistake each other's nameless queries for the same.
    await router.learn([{ query: "one", outcomes: outcome(1) }]);
    expect(await router.learn([{ query: "two", outcomes: outcome(1) }])).toMatchObject({ queries: 1 });
    expect(router.report.records).toBe(history.length + 5);
  });

  it("nothing from a call with a bad record, which it names", async () => {
    const router = await saved();
    const [model = ""] = names;
    const good = { id: "good", query: "good", outcomes: { [model]: { quality: 1 } } };
    const known = history[0]!;
    const before = await answers(router);
    for (const [records, message] of [
      [
        [good, { id: "bad", query: "bad", outcomes: { [model]: { quality: 1.5 } } }],
        /input:2: .*quality must be/,
      ],
      [[good, { ...known, query: "another text" }], /input:2: id .* is that of another query/],
      [[good, good], /input:2: id "good" occurs twice/],
      [`{"id": 3`, /ENOENT|no such file/],
    ] as const)
      await expect(router.learn(records as never)).rejects.toThrow(message);
    await expect(router.learn([good], { signal: AbortSignal.abort("early") })).rejects.toBe("early");
    await expect(router.learn(7 as never)).rejects.toMatchObject({ argument: "source" });
    expect(await answers(router)).toEqual(before);
    expect(await answers(await Router.load(folder))).toEqual(before);
    expect(await readdir(folder)).not.toContain("log");

    const report = await router.learn([good, { ...known, query: "another text" }, { id: 1 }], {
      onBadRecord: "skip",
    });
    expect(report).toMatchObject({ records: 2, queries: 1, skipped: { count: 2 } });
    expect(report.skipped.first.map(({ line }) => line).sort()).toEqual([2, 3]);
  });

  it("of the models that it has, and counts the others", async () => {
    const router = await Router.fit(history, pool);
    const record = { query: "new", outcomes: { stranger: { quality: 1 } } };
    expect(await router.learn([record])).toMatchObject({
      records: 1,
      queries: 0,
      unknownModels: [{ model: "stranger", outcomes: 1 }],
    });
    expect(router.report.records).toBe(history.length);
  });

  it("while batches are routed, each of which sees one state", async () => {
    const router = await Router.fit(history, pool);
    const others = [await Router.fit(history, pool), await Router.fit(history, pool)];
    await others[1]!.learn(later);
    const states = await Promise.all(others.map(async other => (await other.predict(queries)).quality));
    const routed = Array.from({ length: 6 }, () => router.predict(queries));
    const learning = router.learn(later);
    for (let i = 0; i < 6; i++) {
      routed.push(router.predict(queries));
      await new Promise(resolve => setImmediate(resolve));
    }
    await learning;
    routed.push(router.predict(queries));
    const seen = (await Promise.all(routed)).map(({ quality }) =>
      states.findIndex(state => state.every((value, i) => value === quality[i])),
    );
    expect(new Set(seen)).toEqual(new Set([0, 1]));
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(1);
  });

  it("with an embedder of another's, whose vectors it keeps", async () => {
    let texts = 0;
    const letters = letterEmbedder();
    const embedder = {
      ...letters,
      embed: (given: readonly string[]) => {
        texts += given.length;
        return letters.embed(given);
      },
    };
    const router = await Router.fit(history, pool, { embedder });
    await router.save(folder);
    texts = 0;
    await router.learn(later);
    expect(texts).toBe(later.length);
    await router.refit();
    expect(texts).toBe(later.length);
    const loaded = await Router.load(folder, { embedder });
    expect(texts).toBe(later.length);
    expect(await loaded.predict(queries)).toEqual(await router.predict(queries));
  });
});

describe("a router with a folder", () => {
  it("has on its disk what it learned", async () => {
    const router = await saved();
    expect(router.directory).toBe(folder);
    for (let at = 0; at < later.length; at += 9) {
      await router.learn(later.slice(at, at + 9));
      if (at % 36 === 0) expect(await answers(await Router.load(folder))).toEqual(await answers(router));
    }
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
  });

  it("makes what it learned part of the generation when it is saved, and drops the log", async () => {
    const router = await saved();
    await router.learn(later.slice(0, 50));
    expect(await readdir(join(folder, "log"))).toEqual(["000001.log"]);
    const expected = await answers(router);
    await router.save(folder);
    expect(await readdir(folder)).not.toContain("log");
    expect(await answers(await Router.load(folder))).toEqual(expected);
    await router.learn(later.slice(50));
    expect(await readdir(join(folder, "log"))).toEqual(["000002.log"]);
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
  });

  it("shares it with other processes: what the others learned or saved is taken in", async () => {
    const one = await saved();
    const two = await Router.load(folder);
    await one.learn(later.slice(0, 20));
    await two.learn(later.slice(20, 40));
    await one.learn(later.slice(40, 60));
    await two.refresh();
    const together = await answers(one);
    expect(await answers(two)).toEqual(together);
    expect(await answers(await Router.load(folder))).toEqual(together);
    // A save loses nothing of the others', and they go on from what it saved.
    await two.learn(later.slice(60, 70));
    await one.save(folder);
    await two.learn(later.slice(70));
    await one.refresh();
    expect(one.report.records).toBe(workload.history.length);
    expect(await answers(two)).toEqual(await answers(one));
    expect(await answers(await Router.load(folder))).toEqual(await answers(one));
  });

  it("learns nothing that the disk refuses, and goes on when it can", async () => {
    const router = await saved();
    const before = await answers(router);
    await writeFile(join(folder, "log"), "in the way of a folder");
    await expect(router.learn(later)).rejects.toMatchObject({ code: "ERR_OMNI_IO" });
    await expect(router.removeModel(names[0]!)).rejects.toMatchObject({ code: "ERR_OMNI_IO" });
    expect(await answers(router)).toEqual(before);
    await rm(join(folder, "log"));
    expect(await router.learn(later)).toMatchObject({ queries: later.length });
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
  });

  it("refuses a log whose entries do not fit the router, though its checksums hold", async () => {
    await saved();
    const append = (text: string) =>
      RouterStore.open(folder).exclusively(async writer => {
        const manifest = (await writer.manifest())!;
        const entry = Buffer.concat([Buffer.alloc(4), Buffer.from(text)]);
        entry.writeUInt32LE(text.length);
        await writer.append(manifest, 0, entry);
      });
    for (const text of [
      "not JSON",
      "{}",
      '{"records":[{"query":3}]}',
      '{"records":[{"query":"no id"}]}',
      '{"records":[{"id":"a new query","query":"without its vector"}]}',
      '{"pool":{"models":[]}}',
      '{"records":[],"levels":[1,1]}',
      '{"records":[],"levels":["many"]}',
    ]) {
      await append(text);
      await expect(Router.load(folder), text).rejects.toMatchObject({ code: "ERR_OMNI_CORRUPT" });
    }
  });

  it("says so when the folder is gone, and can be saved again", async () => {
    const router = await saved();
    await rm(folder, { recursive: true });
    await expect(router.learn(later)).rejects.toMatchObject({ code: "ERR_OMNI_IO" });
    expect(router.report.records).toBe(history.length);
    await router.save(folder);
    await router.learn(later);
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
  });
});

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

describe("a refit", () => {
  it("is a fit on all that is known, and is saved", async () => {
    const router = await saved();
    await router.learn(later);
    await router.refit();
    const fitted = await Router.fit(workload.history, pool);
    expect(await answers(router)).toEqual(await answers(fitted));
    expect(router.embedder).toBe(fitted.embedder);
    expect(await answers(await Router.load(folder))).toEqual(await answers(fitted));
    expect(await readdir(folder)).not.toContain("log");
  });

  it("remembers what the first fit was told, also after a load", async () => {
    const router = await Router.fit(history, pool, { neighbours: 17, seed: 3 });
    await router.save(folder);
    const loaded = await Router.load(folder);
    await loaded.learn(later);
    await loaded.refit();
    expect(await answers(loaded)).toEqual(
      await answers(await Router.fit(workload.history, pool, { neighbours: 17, seed: 3 })),
    );
    await loaded.refit({ neighbours: 20 });
    expect(loaded.neighbours).toBe(20);
  });

  it("loses nothing that is learned meanwhile, and is one at a time", async () => {
    const router = await saved();
    let learned = 0;
    const refit = router.refit({
      onProgress: ({ stage }) => {
        if (stage !== "embed" || learned > 0) return;
        learned = 1;
        void router.learn(later.slice(0, 30));
      },
    });
    await expect(router.refit()).rejects.toMatchObject({ code: "ERR_OMNI_BUSY" });
    const known = { ...history[0]!, outcomes: all(0.125) };
    const learning = [
      router.learn([known]),
      router.learn(later.slice(30)),
      router.addModel({ name: "late", inputPer1M: 1, outputPer1M: 1 }),
    ];
    await Promise.all([refit, ...learning]);
    const now = { ...history[0]!, ...known };
    const expected = await Router.fit(history, pool);
    await expected.learn([now, ...later]);
    await expected.addModel({ name: "late", inputPer1M: 1, outputPer1M: 1 });
    expect(router.report).toEqual(expected.report);
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
    expect((await router.predict([history[0]!.query])).quality.length).toBe(names.length + 1);
  });

  it("that is stopped or overtaken changes nothing", async () => {
    const router = await saved();
    const before = await answers(router);
    const controller = new AbortController();
    const reason = new Error("stop");
    const stopped = router.refit({ signal: controller.signal, onProgress: () => controller.abort(reason) });
    await expect(stopped).rejects.toBe(reason);
    await expect(router.refit({ neighbours: 0 })).rejects.toMatchObject({ argument: "options.neighbours" });
    expect(await answers(router)).toEqual(before);

    const other = await Router.load(folder);
    await other.learn(later);
    const refit = router.refit();
    await other.save(folder);
    await expect(refit).rejects.toMatchObject({ code: "ERR_OMNI_SUPERSEDED" });
    expect(await answers(router)).toEqual(await answers(other));
    await router.refit();
    expect(router.report.records).toBe(workload.history.length);
  });
});
