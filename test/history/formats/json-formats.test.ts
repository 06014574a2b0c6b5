// The records here are written for these tests, after the descriptions that lib/history/formats names; none is real.
import vm from "node:vm";
import { describe, expect, it } from "vitest";
import type { BadRecord } from "../../../lib/history/read.js";
import { all, bytes, invalid } from "../reading.js";

/** What was left out, beside what was read. */
async function lenient(...sources: Parameters<typeof all>) {
  const bad: string[] = [];
  const onBadRecord = ({ line, reason }: BadRecord) => bad.push(`${line}: ${reason}`);
  const records = await all(sources[0], { ...sources[1], onBadRecord });
  return { records, bad };
}

const lines = (...rows: unknown[]) => bytes(rows.map(row => `${JSON.stringify(row)}\n`).join(""));

describe("a row that cannot be made into text", () => {
  it("is refused as a bad record", async () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    for (const line of [
      `{"model_name":"m","score":1,"prompt":${deep}}`,
      `{"model_name":"m","performance":1,"prompt":${deep}}`,
      `{"query":${deep},"model":"m","quality":1}`,
      `{"query":${deep},"records":{"m":1}}`,
      `{"query":"q","outcomes":{"m":${deep}}}`,
    ])
      await expect(all(bytes(line))).rejects.toMatchObject({ code: "ERR_OMNI_INVALID_HISTORY" });
    const self: { model_name: string; score: number; prompt?: unknown } = { model_name: "m", score: 1 };
    self.prompt = [self];
    await expect(all([self])).rejects.toMatchObject({ code: "ERR_OMNI_INVALID_HISTORY" });
  });

  it("is refused as a bad record where the error is of another realm", async () => {
    const prompt: unknown = vm.runInNewContext('({ toJSON() { throw new TypeError("holds itself"); } })');
    await expect(all([{ model_name: "m", score: 1, prompt }])).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_HISTORY",
      message: expect.stringContaining("cannot be made into text: holds itself"),
    });
  });
});

describe("AIOS's history", () => {
  const output = (model_name: unknown, correctness: unknown, output_token_length: unknown) => ({
    model_name,
    correctness,
    output_token_length,
    prediction: "x",
  });
  const row = (...outputs: unknown[]) => ({ query: "q", input_token_length: 12, outputs });

  it("is an array of queries with their outputs", async () => {
    const data = [row(output("m", true, 30), output("n", 0, 7)), row(output("m", false, null)), row()];
    const expected = [
      {
        id: "1:1",
        query: "q",
        inputTokens: 12,
        outcomes: { m: { quality: 1, outputTokens: 30 }, n: { quality: 0, outputTokens: 7 } },
      },
      { id: "1:2", query: "q", inputTokens: 12, outcomes: { m: { quality: 0 } } },
      { id: "1:3", query: "q", inputTokens: 12, outcomes: {} },
    ];
    for (const source of [
      bytes(JSON.stringify(data)),
      bytes(JSON.stringify(data, null, 4)),
      lines(...data),
      data,
    ])
      expect(await all(source)).toEqual(expected);
  });

  it("has bad records by their number", async () => {
    const data = [
      row(output("m", true, 1)),
      row(output("m", 2, 1)),
      row(output("m", true, 1), output("m", true, 1)),
      row(output(3, true, 1)),
      { query: "q", input_token_length: 1 },
      row(3),
      { ...row(), query: 3 },
    ];
    const { records, bad } = await lenient(bytes(JSON.stringify(data)));
    expect(records).toHaveLength(1);
    expect(bad).toEqual([
      "2: outcomes.m.quality must be between 0 and 1, got 2",
      "3: outputs[1] is a second outcome of m for its query",
      "4: outputs[0].model_name must be text",
      "5: outputs is missing",
      "6: outputs[0].model_name must be text",
      "7: query must be text, got 3",
    ]);
  });
});

describe("Avengers-Pro's history", () => {
  const usage = (cost: number, prompt_tokens: number, completion_tokens: number) => ({
    cost,
    prompt_tokens,
    completion_tokens,
  });

  it("is a line for each query with its records and usages", async () => {
    const full = {
      query: "q",
      dataset: "gpqa",
      index: 3,
      records: { "a/m": 0.5, n: 1, never: 0, failed: 0, free: 0.25 },
      usages: {
        "a/m": usage(0.01, 10, 20),
        n: usage(0.02, 14, 30),
        never: usage(0, 0, 0),
        failed: usage(0, 12, 0),
        free: usage(0, 90, 5),
      },
    };
    const costOnly = { query: "r", records: { n: 1 }, usages: { n: { cost: 0.5 } } };
    const bare = { query: "s", records: { n: 0, m: null }, dataset: "x", index: "7" };
    expect(await all(lines(full, costOnly, bare))).toEqual([
      {
        id: expect.stringMatching(/^gpqa\/3\/[0-9a-f]{8}$/),
        query: "q",
        task: "gpqa",
        inputTokens: 12,
        outcomes: {
          "a/m": { quality: 0.5, cost: 0.01, outputTokens: 20 },
          n: { quality: 1, cost: 0.02, outputTokens: 30 },
          failed: { quality: 0, outputTokens: 0 },
          free: { quality: 0.25, outputTokens: 5 },
        },
      },
      { id: "1:2", query: "r", outcomes: { n: { quality: 1, cost: 0.5 } } },
      {
        id: expect.stringMatching(/^x\/7\/[0-9a-f]{8}$/),
        query: "s",
        task: "x",
        outcomes: { n: { quality: 0 }, m: {} },
      },
    ]);
  });

  it("has bad records by their line, and a row that is there twice is one", async () => {
    const good = { query: "q", dataset: "d", index: 0, records: { m: 1 } };
    const { records, bad } = await lenient(
      lines(
        good,
        { ...good, query: "another of this number" },
        good,
        { query: "q", dataset: "d" },
        { ...good, records: [1] },
        { ...good, records: { m: "x" } },
        { ...good, usages: 3 },
        { ...good, usages: { m: 3 } },
        { ...good, usages: { m: usage(-1, 1, 1) } },
        { ...good, usages: { m: { prompt_tokens: "many" } } },
      ),
    );
    expect(records.map(({ query }) => query)).toEqual(["q", "another of this number"]);
    expect(bad).toEqual([
      expect.stringMatching(/^3: id "d\/0\/[0-9a-f]{8}" occurs twice, first at input:1$/),
      "4: records is missing",
      "5: records must be an object of scores by model, got [ 1 ]",
      '6: outcomes.m.quality must be between 0 and 1, got "x"',
      "7: usages must be an object of usages by model, got 3",
      '8: usages["m"] must be an object, got 3',
      "9: outcomes.m.cost must be a finite number >= 0, got -1",
      '10: inputTokens must be a finite number >= 0, got "many"',
    ]);
  });
});

describe("LLMRouterBench's results", () => {
  const result = (model_name: string, records: unknown[], dataset_name = "aime") => ({
    performance: 0.5,
    cost: 17,
    prompt_tokens: 999,
    model_name,
    dataset_name,
    split: "test",
    demo: false,
    records,
  });
  const record = (index: number, prompt: string, score: unknown, tokens = 10, cost = 0.001) => ({
    index,
    origin_query: "the question alone",
    prompt,
    score,
    prompt_tokens: tokens,
    completion_tokens: 5,
    cost,
  });
  const document = (value: unknown) => JSON.stringify(value, null, 2);
  const m = result("m", [record(1, "p1", 1), record(2, "p2", 0), record(3, "p1", null)]);
  // Another order and other numbers, as loaders that shuffle give.
  const n = result("n", [record(7, "p2", 0.5, 14, 0), record(8, "p1", 1, 16), record(9, "p1", 0, 0)]);
  const other = result("n", [record(1, "p1", 0.25)], "gpqa");

  const expected = [
    {
      id: expect.stringMatching(/^aime\/test\/1\//),
      query: "p1",
      task: "aime",
      inputTokens: 10,
      outcomes: {
        m: { quality: 1, cost: 0.001, outputTokens: 5 },
        n: { quality: 1, cost: 0.001, outputTokens: 5 },
      },
    },
    {
      id: expect.stringMatching(/^aime\/test\/2\//),
      query: "p2",
      task: "aime",
      inputTokens: 10,
      outcomes: { m: { quality: 0, cost: 0.001, outputTokens: 5 }, n: { quality: 0.5, outputTokens: 5 } },
    },
    {
      id: expect.stringMatching(/^aime\/test\/3\//),
      query: "p1",
      task: "aime",
      inputTokens: 10,
      outcomes: { m: { cost: 0.001, outputTokens: 5 }, n: { quality: 0, cost: 0.001, outputTokens: 5 } },
    },
    {
      id: expect.stringMatching(/^gpqa\/test\/1\//),
      query: "p1",
      task: "gpqa",
      inputTokens: 10,
      outcomes: { n: { quality: 0.25, cost: 0.001, outputTokens: 5 } },
    },
  ];

  it("come from a file for each model and data set, and are put together by prompt", async () => {
    expect(await all([m, n, other])).toEqual(expected);
    expect(await all(lines(m, n, other))).toEqual(expected);
    expect(await all(bytes(document([m, n, other])))).toEqual(expected);
    const [alone] = await all(bytes(document(n)));
    expect(alone).toMatchObject({ query: "p2", outcomes: { n: { quality: 0.5 } } });
  });

  it("have bad rows by their number, and a second run of a model and data set is full of them", async () => {
    const rows = [
      record(1, "p1", 1),
      record(2, "p2", -1),
      { ...record(3, "p3", 1), score: undefined },
      record(4, "", 1),
      { ...record(5, "p5", 1), prompt: null, origin_query: null },
      3,
    ];
    const first = await lenient(bytes(document(result("m", rows))));
    expect(first.records.map(({ query }) => query)).toEqual(["p1", "the question alone"]);
    expect(first.bad).toEqual([
      "2: outcomes.m.quality must be between 0 and 1, got -1",
      "3: score is missing",
      "5: query must be text, got null",
      "6: must be an object, got 3",
    ]);
    const again = await lenient([m, n, m]);
    expect(again.records).toEqual(expected.slice(0, 3));
    expect(again.bad).toEqual(
      [1, 1, 1].map(line => `3: is a second outcome of m for its query, first at input:${line}`),
    );
    await expect(all([m, m])).rejects.toMatchObject(
      invalid("input:2: is a second outcome of m for its query, first at input:1"),
    );
  });

  it("may have messages for prompts, which are read as their JSON", async () => {
    const messages = [{ role: "user", content: "hi" }];
    const [read] = await all([result("m", [{ ...record(1, "", 1), prompt: messages }])]);
    expect(read!.query).toBe(JSON.stringify(messages));
  });
});
