import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { HistoryRecord } from "../../lib/history/record.js";
import { Router } from "../../lib/router/router.js";
import { RouterStore } from "../../lib/router/store/store.js";
import { answers, folder, history, later, ofContents, pool, queries, saved, useFolder } from "./learning.js";
import { letterEmbedder, workload } from "./workload.js";

useFolder();
const { names } = pool;

describe("a router learns how grades were selected", () => {
  const one = (id: string, more: object = {}) => ({
    id,
    query: `what is ${id}`,
    outcomes: { [names[0]!]: { quality: 1, outputTokens: 10, propensity: 0.25 } },
    ...more,
  });
  const complete = { complete: history.length, random: 0, text: 0, recorded: 0, unknown: 0 };

  it("from records and from what is declared of all, durably", async () => {
    const router = await saved();
    expect(router.selections).toEqual(complete);
    await router.learn([one("a")]);
    const bare = { outcomes: { [names[0]!]: { quality: 1, outputTokens: 10 } } };
    await router.learn([one("b", bare), one("c", { ...bare, selection: "text" })], { selection: "random" });
    await router.learn([one("d", bare)]);
    const expected = { ...complete, recorded: 1, random: 1, text: 1, unknown: 1 };
    expect(router.selections).toEqual(expected);
    expect((await Router.load(folder)).selections).toEqual(expected);
    await expect(router.learn([one("e")], { selection: "policy" as never })).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_ARGUMENT",
    });
    await router.refit();
    expect(router.selections).toEqual(expected);
    expect((await Router.load(folder)).selections).toEqual(expected);
  });

  it("and a model that is added does not turn complete rows incomplete", async () => {
    const router = await saved();
    await router.addModel({ name: "newcomer", inputPer1M: 1, outputPer1M: 1 });
    expect(router.selections).toEqual(complete);
    await router.learn([
      one("a", { outcomes: Object.fromEntries(names.map(name => [name, { quality: 1 }])) }),
    ]);
    // That one could have been graded of the newcomer.
    expect(router.selections).toEqual({ ...complete, unknown: 1 });
    const promised = { minQuality: 0.6, confidence: 0.9 };
    expect((await router.route(queries, promised)).promise).toMatchObject({ refused: false });
    await router.refit();
    expect(router.selections).toEqual({ ...complete, unknown: 1 });
    const loaded = await Router.load(folder);
    expect(loaded.selections).toEqual({ ...complete, unknown: 1 });
    expect((await loaded.route(queries, promised)).promise).toMatchObject({ refused: false });
  });
});

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
