import { describe, expect, it } from "vitest";
import { all, bytes, invalid } from "./reading.js";

describe("a record", () => {
  const one = async (record: unknown) => (await all([record as object]))[0];

  it("needs no outcomes, and null means missing", async () => {
    expect(await one({ id: "x", query: "", inputTokens: null, task: null, outcomes: null })).toEqual({
      id: "x",
      query: "",
      outcomes: {},
    });
    expect(await one({ id: "x", query: "q", outcomes: { m: { quality: null, cost: 0 }, n: null } })).toEqual({
      id: "x",
      query: "q",
      outcomes: { m: { cost: 0 } },
    });
  });

  it("may hold keys that are not known", async () => {
    const known = await one({ id: "a", query: "q", src: "x", outcomes: { m: { quality: 1, judge: "x" } } });
    expect(known).toEqual({ id: "a", query: "q", outcomes: { m: { quality: 1 } } });
  });

  it("may grade by true and false", async () => {
    const graded = await one({
      id: "a",
      query: "q",
      outcomes: { m: { quality: true }, n: { quality: false } },
    });
    expect(graded).toEqual({ id: "a", query: "q", outcomes: { m: { quality: 1 }, n: { quality: 0 } } });
  });

  it("may say how it was decided which models were graded, and with what probability", async () => {
    for (const selection of ["complete", "random", "text", "unknown"]) {
      const record = { id: "x", query: "q", selection, outcomes: { m: { quality: 1, propensity: 0.25 } } };
      expect(await one(record)).toEqual(record);
    }
    const nulls = { id: "x", query: "q", selection: null, outcomes: { m: { quality: 1, propensity: null } } };
    expect(await one(nulls)).toEqual({ id: "x", query: "q", outcomes: { m: { quality: 1 } } });
  });

  it("cannot reach a prototype through a model's name or a key", async () => {
    const text =
      '{"id":"x","query":"q","__proto__":{"task":"t"},"outcomes":{"constructor":{"quality":1,"__proto__":{"cost":1}}}}';
    const [record] = await all(bytes(text));
    expect(Object.keys(record!.outcomes)).toEqual(["constructor"]);
    expect(record!.outcomes.constructor).toEqual({ quality: 1 });
    expect(record!.outcomes.toString).toBeUndefined();
    expect(record!.task).toBeUndefined();
    expect(({} as { quality?: number }).quality).toBeUndefined();
    await expect(all(bytes('{"query":"q","outcomes":{"__proto__":{"quality":1}}}'))).rejects.toMatchObject(
      invalid("input:1: outcomes must not name a model __proto__"),
    );
  });

  it("has texts that UTF-8 can hold", async () => {
    expect(await one({ id: "x\ud800", query: "cut \ud83d", outcomes: {} })).toMatchObject({
      id: "x\ufffd",
      query: "cut \ufffd",
    });
    expect(await one({ id: "x", query: "whole \ud83d\ude00" })).toMatchObject({
      query: "whole \ud83d\ude00",
    });
  });

  it.each([
    [{ id: "x" }, "query is missing"],
    [{ query: 3 }, "query must be text, got 3"],
    [{ query: "q", id: 1.5 }, "id must be text, got 1.5"],
    [{ query: "q", task: 3 }, "task must be text, got 3"],
    [{ query: "q", inputTokens: -1 }, "inputTokens must be a finite number >= 0, got -1"],
    [{ query: "q", inputTokens: "7" }, 'inputTokens must be a finite number >= 0, got "7"'],
    [{ query: "q", outcomes: [] }, "outcomes must be an object of outcomes by model, got []"],
    [{ query: "q", outcomes: { m: 1 } }, "outcomes.m must be an object, got 1"],
    [
      { query: "q", outcomes: { "gpt-4o": { quality: 1.3 } } },
      'outcomes["gpt-4o"].quality must be between 0 and 1, got 1.3',
    ],
    [
      { query: "q", outcomes: { m: { quality: -0.1 } } },
      "outcomes.m.quality must be between 0 and 1, got -0.1",
    ],
    [
      { query: "q", outcomes: { m: { quality: Number.NaN } } },
      "outcomes.m.quality must be between 0 and 1, got NaN",
    ],
    [
      { query: "q", outcomes: { m: { quality: "true" } } },
      'outcomes.m.quality must be between 0 and 1, got "true"',
    ],
    [{ query: "q", outcomes: { m: { cost: -1 } } }, "outcomes.m.cost must be a finite number >= 0, got -1"],
    [
      { query: "q", outcomes: { m: { cost: 1e39 } } },
      "outcomes.m.cost must be 1,000,000,000 at most, got 1e+39",
    ],
    [
      { query: "q", outcomes: { m: { latencyMs: Number.POSITIVE_INFINITY } } },
      "outcomes.m.latencyMs must be a finite number >= 0, got Infinity",
    ],
    [
      { query: "q", outcomes: { m: { outputTokens: -1, cost: -1 } } },
      /outputTokens must .*, got -1 \(and 1 more\)$/,
    ],
    [
      { query: "q", selection: "policy" },
      'selection must be one of complete, random, text, unknown, got "policy"',
    ],
    [
      { query: "q", outcomes: { m: { propensity: 0 } } },
      "outcomes.m.propensity must be above 0 and at most 1, got 0",
    ],
    [
      { query: "q", outcomes: { m: { propensity: 1.1 } } },
      "outcomes.m.propensity must be above 0 and at most 1, got 1.1",
    ],
    [[1], "must be an object, got [ 1 ]"],
    [{ query: 3n }, "query must be text, got 3n"],
    [{ query: Object.create(null) }, "query must be text, got [Object: null prototype] {}"],
  ])("is refused: %o", async (record, message) => {
    await expect(one(record)).rejects.toMatchObject(
      invalid(message instanceof RegExp ? message : `input:1: ${message}`),
    );
  });
});
