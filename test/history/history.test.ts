import { existsSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { History } from "../../lib/history/history.js";
import type { HistoryRecord } from "../../lib/history/record.js";
import { ModelPool } from "../../lib/pool/pool.js";

const pool = ModelPool.from(["m", "n", "constructor"].map(name => ({ name, inputPer1M: 1, outputPer1M: 2 })));

const records: HistoryRecord[] = [
  {
    id: "a",
    query: "first",
    inputTokens: 7,
    task: "t",
    outcomes: { m: { quality: 1, cost: 0.5 }, x: { quality: 1 } },
  },
  { id: "b", query: "zweite Größe", outcomes: { n: { quality: 0.25, outputTokens: 30 }, x: {}, y: {} } },
  { id: "c", query: "", task: "", outcomes: {} },
  { id: "d", query: "fourth", outcomes: { constructor: { latencyMs: 9 } } },
];

const read = (source = records) => History.read(source, pool);
const none = Number.NaN;

/** NaN is told from zero, which `toEqual` does for arrays of numbers. */
const plain = (history: History) => ({
  ids: history.ids,
  queries: history.queries,
  tasks: history.tasks,
  models: history.models,
  ...Object.fromEntries(
    (["inputTokens", "quality", "outputTokens", "cost", "latencyMs"] as const).map(name => [
      name,
      [...history[name]],
    ]),
  ),
});

describe("a history", () => {
  it("has a row per record and a column per model of the pool, NaN where nothing is known", async () => {
    expect(plain(await read())).toEqual({
      ids: ["a", "b", "c", "d"],
      queries: ["first", "zweite Größe", "", "fourth"],
      tasks: ["t", undefined, "", undefined],
      models: ["m", "n", "constructor"],
      inputTokens: [7, none, none, none],
      quality: [1, none, none, none, 0.25, none, none, none, none, none, none, none],
      outputTokens: [none, none, none, none, 30, none, none, none, none, none, none, none],
      cost: [0.5, none, none, none, none, none, none, none, none, none, none, none],
      latencyMs: [none, none, none, none, none, none, none, none, none, none, none, 9],
    });
  });

  it("reports what it holds, and what the pool and the history do not share", async () => {
    expect((await read()).report).toEqual({
      records: 4,
      models: [
        { model: "m", outcomes: 1, graded: 1 },
        { model: "n", outcomes: 1, graded: 1 },
        { model: "constructor", outcomes: 1, graded: 0 },
      ],
      ungraded: ["constructor"],
      unknownModels: [
        { model: "x", outcomes: 2 },
        { model: "y", outcomes: 1 },
      ],
      skipped: { count: 0, kinds: [], first: [] },
      withoutOutcomes: 1,
      unknownKeys: [],
      priceDoubts: [],
    });
  });

  it("may hold one outcome per query, and any number of queries", async () => {
    const logs = Array.from({ length: 5000 }, (_, index) => ({
      id: `q${index}`,
      query: "q",
      outcomes: { [index % 2 === 0 ? "m" : "n"]: { quality: (index % 5) / 4 } },
    }));
    const history = await History.read(logs, pool);
    expect(history.quality).toHaveLength(15_000);
    for (const [row, { outcomes }] of logs.entries())
      for (const [column, model] of pool.names.entries())
        expect(history.quality[3 * row + column]).toEqual(
          Object.hasOwn(outcomes, model) ? outcomes[model]!.quality : Number.NaN,
        );
    expect(history.report.models.map(({ graded }) => graded)).toEqual([2500, 2500, 0]);
  });

  it("is an error where nothing can be learned from it", async () => {
    const refused = (message: string) => ({
      code: "ERR_OMNI_INVALID_HISTORY",
      message: expect.stringContaining(message),
    });
    await expect(read([])).rejects.toMatchObject(refused("holds no records"));
    await expect(read([records[2]!])).rejects.toMatchObject(
      refused("has no outcomes: none of its 1 records has"),
    );
    const foreign = [{ id: "a", query: "q", outcomes: { x: { quality: 1 } } }];
    await expect(read(foreign)).rejects.toMatchObject(refused('in 1 records; it knows "x"'));
    await expect(
      History.read([{ id: "a" }] as unknown as HistoryRecord[], pool, { onBadRecord: "skip" }),
    ).rejects.toMatchObject(refused("holds no usable record: input:1: query is missing"));
  });

  it("counts the bad records that it skips, and keeps the first of them", async () => {
    const bad = Array.from({ length: 100 }, () => ({ id: "z" }) as unknown as HistoryRecord);
    await expect(read([...records, ...bad])).rejects.toMatchObject({ code: "ERR_OMNI_INVALID_HISTORY" });
    const { report, size } = await History.read([...records, ...bad], pool, { onBadRecord: "skip" });
    expect(size).toBe(4);
    expect(report.skipped.count).toBe(100);
    expect(report.skipped.first).toHaveLength(20);
    expect(report.skipped.first[0]).toEqual({
      source: "input",
      line: 5,
      reason: "query is missing",
      kind: "query is missing",
    });
  });

  it("counts the bad records that it skips by what is wrong, whichever model and value it is wrong with", async () => {
    const outcome = (model: string, quality: number) => ({ query: "q", outcomes: { [model]: { quality } } });
    const bad = [
      outcome("m", 2),
      { id: "a", query: "again" },
      outcome("n", -1),
      outcome("a model", 7),
      { query: "q", inputTokens: -1 },
      { id: "b", query: "again" },
    ] as HistoryRecord[];
    const { report } = await History.read([...records, ...bad], pool, { onBadRecord: "skip" });
    expect(report.skipped.kinds).toEqual([
      { kind: "outcomes.*.quality must be between 0 and 1", count: 3 },
      { kind: "id occurs twice", count: 2 },
      { kind: "inputTokens must be a finite number >= 0", count: 1 },
    ]);
    const back = History.fromBytes((await read()).toBytes(), report);
    expect(back.report.skipped).toEqual(report.skipped);
  });
});

describe("how a history's grades were selected", () => {
  const logged: HistoryRecord[] = [
    { id: "a", query: "one", selection: "text", outcomes: { m: { quality: 1, propensity: 0.25 } } },
    { id: "b", query: "two", outcomes: { m: { quality: 1 }, n: { quality: 0, propensity: 0.5 } } },
  ];
  const of = ({ selections, propensity }: History) => ({ selections, propensity: [...propensity] });
  const declared = [0.25, none, none, none, 0.5, none];

  it("is kept by rows, also as bytes and in a selection of them", async () => {
    const history = await History.read(logged, pool);
    expect(of(history)).toEqual({ selections: ["text", undefined], propensity: declared });
    expect(of(History.fromBytes(history.toBytes()))).toEqual(of(history));
    expect(of(history.select([1, 0]))).toEqual({
      selections: [undefined, "text"],
      propensity: [...declared.slice(3), ...declared.slice(0, 3)],
    });
  });

  it("may be declared of all the records that do not say it themselves", async () => {
    const history = await History.read(logged, pool, { selection: "random" });
    expect(history.selections).toEqual(["text", "random"]);
    await expect(History.read(logged, pool, { selection: "policy" as never })).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_ARGUMENT",
      argument: "options.selection",
    });
  });
});

describe("a selection of rows", () => {
  it("holds these rows in this order, and reports on them alone", async () => {
    const history = await read();
    const selected = history.select([1, 0, 1]);
    expect(plain(selected)).toEqual({
      ids: ["b", "a", "b"],
      queries: ["zweite Größe", "first", "zweite Größe"],
      tasks: [undefined, "t", undefined],
      models: history.models,
      inputTokens: [none, 7, none],
      quality: [none, 0.25, none, 1, none, none, none, 0.25, none],
      outputTokens: [none, 30, none, none, none, none, none, 30, none],
      cost: [none, none, none, 0.5, none, none, none, none, none],
      latencyMs: Array(9).fill(none),
    });
    expect(selected.report).toMatchObject({ records: 3, ungraded: ["constructor"], unknownModels: [] });
    expect(plain(history.select(Int32Array.of(0, 1, 2, 3)))).toEqual(plain(history));
    expect(history.select([]).size).toBe(0);
  });

  it.each([4, -1, 0.5, Number.NaN])("has no row %d", async row => {
    const history = await read();
    expect(() => history.select([0, row])).toThrow(
      expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument: "rows[1]" }),
    );
  });
});

describe("a history as bytes", () => {
  it("comes back the same, wherever the bytes lie", async () => {
    const history = await read();
    const bytes = history.toBytes();
    expect(plain(History.fromBytes(bytes))).toEqual(plain(history));
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    const back = History.fromBytes(shifted.subarray(1));
    shifted.fill(0);
    expect(plain(back)).toEqual(plain(history));
  });

  it("comes back the same whatever it holds", async () => {
    const record = fc.record({
      query: fc.string({ unit: "grapheme" }),
      task: fc.option(fc.string({ unit: "binary" }), { nil: null }),
      inputTokens: fc.option(fc.nat(1e9), { nil: null }),
      outcomes: fc.record(
        {
          m: fc.record({
            quality: fc.float({ min: 0, max: 1, noNaN: true }),
            cost: fc.option(fc.nat(1e9), { nil: null }),
          }),
        },
        { requiredKeys: ["m"] },
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1 }), async source => {
        const history = await History.read(source, pool);
        expect(plain(History.fromBytes(history.toBytes()))).toEqual(plain(history));
      }),
      { numRuns: 100, seed: 11 },
    );
  });

  it("is refused where it is cut short, altered or foreign", async () => {
    const bytes = (await read()).toBytes();
    const corrupt = expect.objectContaining({ code: "ERR_OMNI_CORRUPT" });
    for (let length = 0; length < bytes.length; length++)
      expect(() => History.fromBytes(bytes.subarray(0, length))).toThrow(corrupt);
    for (let at = 0; at < bytes.length; at++) {
      const altered = Uint8Array.from(bytes);
      altered[at]! ^= 0x40;
      const isVersion = at >= 8 && at < 12;
      expect(() => History.fromBytes(altered)).toThrow(
        isVersion ? expect.objectContaining({ code: "ERR_OMNI_VERSION" }) : corrupt,
      );
    }
    expect(() =>
      History.fromBytes(new TextEncoder().encode('{"id":"a","query":"a long line of JSON"}')),
    ).toThrow(corrupt);
    expect(() => History.fromBytes(Uint8Array.from([...bytes, 0]))).toThrow(corrupt);
  });
});

it("is read for nothing but a ModelPool", async () => {
  const names = { names: ["a"], size: 1 } as unknown as ModelPool;
  for (const pool of [names, undefined as unknown as ModelPool])
    await expect(History.read([], pool)).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_ARGUMENT",
      argument: "pool",
    });
});

const data = process.env.OMNIROUTER_DATA;
const note = data === undefined ? " (skipped: OMNIROUTER_DATA names no folder of real records)" : "";

describe.each([
  ["zeroeval", 2840, 24, "claude-3-5-sonnet-20241022", 0.8359, 3.437e-3],
  ["mmlu-pro", 11795, 12, "gemini-1.5-pro-002", 0.7026, 6.595e-4],
])(`the real records of %s${note}`, (name, rows, models, best, quality, cost) => {
  const folder = join(data ?? "", name);
  it.skipIf(data === undefined || !existsSync(folder))(
    "have the means that their source states",
    async () => {
      const realPool = await ModelPool.load(join(folder, "models.json"));
      const history = await History.read(join(folder, "queries.jsonl.gz"), realPool);
      expect([history.size, history.models.length]).toEqual([rows, models]);
      expect(history.report.unknownModels).toEqual([]);
      expect(history.report.models.every(({ graded }) => graded === rows)).toBe(true);
      const column = realPool.indexOf(best);
      const mean = (values: Float32Array) => {
        let sum = 0;
        for (let at = column; at < values.length; at += models) sum += values[at]!;
        return sum / rows;
      };
      expect(mean(history.quality)).toBeCloseTo(quality, 4);
      expect(mean(history.cost) / cost).toBeCloseTo(1, 3);
      expect(plain(History.fromBytes(history.toBytes()))).toEqual(plain(history));
    },
  );
});
