import { describe, expect, it } from "vitest";
import { History } from "../../../lib/history/history.js";
import { ModelPool } from "../../../lib/pool/pool.js";
import { all, bytes, invalid } from "../reading.js";

const row = (more: object) => ({ query: "q", model: "m", quality: 1, ...more });

describe("a row for each answer", () => {
  it("is an outcome of its query, with whatever else is known of it", async () => {
    const read = await all([
      {
        id: 7,
        query: "one",
        model: "m",
        quality: true,
        inputTokens: 3,
        outputTokens: 4,
        cost: 0.5,
        latencyMs: 6,
        task: "t",
        metadata: {},
      },
      { query: "two", model: "m", quality: null },
    ] as object[]);
    expect(read).toEqual([
      {
        id: "7",
        query: "one",
        inputTokens: 3,
        task: "t",
        outcomes: { m: { quality: 1, outputTokens: 4, cost: 0.5, latencyMs: 6 } },
      },
      { id: "1:2", query: "two", outcomes: { m: {} } },
    ]);
  });

  it("says how its model was chosen, in JSON and in CSV", async () => {
    const expected = [
      { id: "1", query: "one", selection: "random", outcomes: { m: { quality: 1, propensity: 0.25 } } },
      { id: "2", query: "two", outcomes: { m: { quality: 0 } } },
    ];
    const [one, two] = [row({ id: 1, query: "one" }), row({ id: 2, query: "two", quality: 0 })];
    expect(await all([{ ...one, selection: "random", propensity: 0.25 }, two])).toEqual(expected);
    const csv = "id,query,model,quality,propensity,selection\n1,one,m,1,0.25,random\n2,two,m,0,,\n";
    expect(await all(bytes(csv))).toEqual(expected);
    await expect(all(bytes(csv.replace("0.25", "0")))).rejects.toMatchObject(
      invalid(/propensity must be above 0 and at most 1/),
    );
  });

  it("joins those of its id, and without one those of its text", async () => {
    expect(
      await all([
        row({ id: "x", inputTokens: 8 }),
        row({ id: "x", model: "n", quality: 0, inputTokens: 10 }),
        row({}),
        row({ model: "n" }),
        row({ quality: 0 }),
      ]),
    ).toEqual([
      { id: "x", query: "q", inputTokens: 8, outcomes: { m: { quality: 1 }, n: { quality: 0 } } },
      { id: "1:3", query: "q", outcomes: { m: { quality: 1 }, n: { quality: 1 } } },
      // The same model once more: the query was asked another time.
      { id: "1:5", query: "q", outcomes: { m: { quality: 0 } } },
    ]);
  });

  it("may complete an outcome of its id, and not contradict it", async () => {
    const parts = [row({ id: "x" }), { id: "x", query: "q", model: "m", cost: 0.1, quality: 1 }];
    expect(await all(parts)).toEqual([{ id: "x", query: "q", outcomes: { m: { quality: 1, cost: 0.1 } } }]);
    await expect(all([...parts, row({ id: "x", cost: 0.2 })])).rejects.toMatchObject(
      invalid("input:3: is a second outcome of m for its query, first at input:1"),
    );
    await expect(all([row({ id: "x" }), row({ id: "x", query: "other" })])).rejects.toMatchObject(
      invalid('input:2: id "x" is that of another query, first at input:1: an id names one text'),
    );
  });

  it("takes time by the number of rows where all of them have one text", async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => row({ model: i % 2 === 0 ? "m" : "n" }));
    expect(await all(rows)).toHaveLength(10_000);
  });

  it("stands in one file with records of whole queries", async () => {
    const mixed = [{ id: "a", query: "q", outcomes: { m: { quality: 1 } } }, row({ id: "b", query: "r" })];
    expect((await all(mixed)).map(({ id }) => id)).toEqual(["a", "b"]);
    await expect(all([...mixed, row({ id: "a" })])).rejects.toMatchObject(invalid(/id "a" occurs twice/));
  });

  it.each([
    [{ query: "q", model: "", quality: 1 }, "model is missing"],
    [{ query: "q", model: 3, quality: 1 }, "model must be text, got 3"],
    [{ query: "q", model: "m", quality: 2 }, "outcomes.m.quality must be between 0 and 1, got 2"],
    [{ prompt: "q", model: "m", quality: 1 }, 'query is missing: it has "prompt", which may be meant'],
    [{ query: 5, model: "m", quality: 1 }, "query must be text, got 5"],
  ])("is refused: %o", async (given, message) => {
    await expect(all([given])).rejects.toMatchObject(invalid(`input:1: ${message}`));
  });

  const table = (delimiter: string, end = "\n") =>
    [
      ["id", "query", "model", "quality", "outputTokens", "note"],
      ["1", '"a ""b"", c; d\te"', "m", "true", "12", "x"],
      ["1", '"a ""b"", c; d\te"', "n", "0.5", "", ""],
      ["", "zwei ü", "m", "false", "3", ""],
    ]
      .map(fields => fields.join(delimiter) + end)
      .join("");

  it.each([",", ";", "\t"])("may be CSV, with %j between its fields", async delimiter => {
    for (const text of [table(delimiter), table(delimiter, "\r\n"), `\ufeff${table(delimiter)}`])
      expect(await all(bytes(text))).toEqual([
        {
          id: "1",
          query: 'a "b", c; d\te',
          outcomes: { m: { quality: 1, outputTokens: 12 }, n: { quality: 0.5 } },
        },
        { id: "1:4", query: "zwei ü", outcomes: { m: { quality: 0, outputTokens: 3 } } },
      ]);
  });

  it("as CSV says what dialect it is not read in, and what columns it lacks", async () => {
    await expect(all(bytes('query,model,quality\n"a \\"b\\" c",m,1\n'))).rejects.toMatchObject(
      invalid(/^input:2: .* escaped by a backslash .* another dialect of CSV: write them doubled/),
    );
    await expect(all(bytes('query,model,quality\n"a" b,m,1\n'))).rejects.toMatchObject(
      invalid(/^input:2: .* has a quote out of place/),
    );
    await expect(all(bytes("question;llm;score\na;m;1\n"))).rejects.toMatchObject(
      invalid(
        /^input:1: is neither JSON nor .* 3 columns, "question", "llm", "score": a CSV has query, model/,
      ),
    );
    await expect(all(bytes("no table, and no JSON either\n"))).rejects.toMatchObject(invalid(/2 columns/));
    await expect(all(bytes("nothing at all\n"))).rejects.toMatchObject(invalid(/is not JSON/));
  });
});

describe("what records hold in vain", () => {
  const pool = ModelPool.from([
    { name: "m", inputPer1M: 1, outputPer1M: 2 },
    { name: "café", inputPer1M: 1, outputPer1M: 2 },
  ]);
  const read = (...rows: object[]) => History.read(rows, pool);
  const graded = { id: "ok", query: "q", outcomes: { m: { quality: 1 } } };
  const refused = (message: RegExp) => ({
    code: "ERR_OMNI_INVALID_HISTORY",
    message: expect.stringMatching(message),
  });

  it("is counted, and what may be meant by it named", async () => {
    const { report } = await read(
      graded,
      {
        id: "a",
        query: "q",
        qualty: 1,
        src: "x",
        outcomes: { m: { score: 1, output_tokens: 3, judge: "y" } },
      },
      { id: "b", query: "q", outcomes: { m: { quality: 1, score: 3 }, n: { score: 1 } } },
      { query: "r", model: "m", performance: 1, Cost: 3 },
      { query: "s", model_name: "m", quality: 1 },
      { query: "t", metadata: { anything: 1 }, selection: "random" },
    );
    expect(report.unknownKeys).toEqual([
      { key: "outcomes.*.score", records: 2, meant: "quality" },
      { key: "Cost", records: 1, meant: "cost" },
      { key: "model_name", records: 1, meant: "model" },
      { key: "outcomes.*.output_tokens", records: 1, meant: "outputTokens" },
      { key: "performance", records: 1, meant: "quality" },
      { key: "outcomes.*.judge", records: 1 },
      { key: "quality", records: 1 },
      { key: "qualty", records: 1 },
      { key: "src", records: 1 },
    ]);
    expect(report.withoutOutcomes).toBe(4);
    expect(report.unknownModels).toEqual([{ model: "n", outcomes: 1 }]);
  });

  it("is named where nothing else is there", async () => {
    await expect(read({ query: "q" })).rejects.toMatchObject(
      refused(/has no outcomes: none of its 1 records/),
    );
    await expect(read({ query: "q", model_name: "m", performance: 1 })).rejects.toMatchObject(
      refused(/model_name \(in 1; model may be meant\), performance \(in 1; quality may be meant\)/),
    );
    await expect(read({ query: "q", perf_list: [1] })).rejects.toMatchObject(refused(/perf_list \(in 1\)/));
    await expect(read({ query: "q", outcomes: { m: { score: 1 } } })).rejects.toMatchObject(
      refused(/none of them has a quality.*outcomes\.\*\.score \(in 1; quality may be meant\)/),
    );
  });

  it("is a bounded number of keys, however many records are keyed by what should be a value", async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => ({ ...graded, id: `${i}`, [`k${i}`]: 1 }));
    const { report } = await read(...rows);
    expect(report.unknownKeys).toHaveLength(50);
  });

  it("tells names that look like the pool's", async () => {
    const alike = ["M", "cafe\u0301", " m", "m\u200b", "CAFÉ"];
    const { report } = await read(
      graded,
      ...alike.map((name, i) => ({ id: `${i}`, query: "q", outcomes: { [name]: { quality: 1 } } })),
    );
    expect(new Map(report.unknownModels.map(({ model, looksLike }) => [model, looksLike]))).toEqual(
      new Map(alike.map(name => [name, /m/i.test(name) ? "m" : "café"])),
    );
    await expect(read({ query: "q", model: "cafe\u0301", quality: 1 })).rejects.toMatchObject(
      refused(/"cafe\\u0301" looks like "caf\\u00e9" and is another name: they differ in how Unicode/),
    );
  });

  it("comes back from a saved router", async () => {
    const history = await read(graded, { ...graded, id: "b", sorce: 1, outcomes: { M: { quality: 1 } } });
    const again = History.fromBytes(history.toBytes(), history.report);
    expect(again.report).toEqual(history.report);
  });
});

describe("prices in doubt", () => {
  const calls = (cost: number, tokens: object = { inputTokens: 100 }, outputTokens?: number) =>
    Array.from({ length: 20 }, (_, i) => ({
      id: `${i}`,
      query: "what ".repeat(80),
      ...tokens,
      outcomes: { m: { quality: 1, cost: cost * (1 + i / 40), ...(outputTokens ? { outputTokens } : {}) } },
    }));
  const doubts = async (price: number, rows: object[]) =>
    (await History.read(rows, ModelPool.from([{ name: "m", inputPer1M: price, outputPer1M: price }]))).report
      .priceDoubts;

  it("are none where they are those of the history, give or take a discount", async () => {
    // 100 tokens in, 100 out, at 10 USD per million.
    for (const price of [10, 5, 40]) expect(await doubts(price, calls(2e-3, undefined, 100))).toEqual([]);
    expect(await doubts(10, calls(6e-3, {}))).toEqual([]);
    expect(await doubts(10, calls(6e-3, {}).slice(0, 2))).toEqual([]);
  });

  it("are those given per token, per thousand, or a thousand times too high, whether or not tokens are known", async () => {
    for (const rows of [calls(2e-3, undefined, 100), calls(6e-3, {})])
      for (const [price, factor] of [
        [1e-5, 1e6],
        [1e-2, 1e3],
        [1e4, 1e-3],
      ] as const) {
        const [doubt] = await doubts(price, rows);
        expect(doubt).toMatchObject({ model: "m", outcomes: 20 });
        expect(doubt!.ratio! / factor).toBeGreaterThan(0.3);
        expect(doubt!.ratio! / factor).toBeLessThan(3);
      }
    expect(await doubts(0, calls(1))).toEqual([{ model: "m", ratio: null, outcomes: 20 }]);
  });
});
