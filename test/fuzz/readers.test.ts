// Everything that reads what somebody else may have written, on what was good once: an error of the kind that is promised,
// or something that holds together.
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc32, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Prices } from "../../lib/assignment/prices.js";
import { decodeEvidence, encodeEvidence } from "../../lib/floors/evidence-file.js";
import { History } from "../../lib/history/history.js";
import type { HistoryRecord } from "../../lib/history/record.js";
import { ModelPool } from "../../lib/pool/pool.js";
import { InputTokenEstimator } from "../../lib/prediction/input-tokens.js";
import { decodeOutOfFold, encodeOutOfFold } from "../../lib/prediction/out-of-fold.js";
import { decodeChange, encodeChange } from "../../lib/router/changes.js";
import { appendToLog, logPath, readLog } from "../../lib/router/store/log.js";
import { checksum, formatManifest, newManifest, parseManifest } from "../../lib/router/store/manifest.js";
import { all, bytes } from "../history/reading.js";
import { DAMAGED, damaged, damagedJson, fuzz, unlessRefused } from "./fuzzing.js";

const pool = ModelPool.from([
  { name: "small-1", inputPer1M: 0.15, outputPer1M: 0.6 },
  { name: "large-1", inputPer1M: 2.5, outputPer1M: 10, capacity: 500 },
]);
const records: HistoryRecord[] = [
  { id: "a", query: "one", inputTokens: 3, task: "t", outcomes: { "small-1": { quality: 1, cost: 1e-5 } } },
  {
    id: "b",
    query: "zwei ü",
    selection: "text",
    outcomes: { "large-1": { quality: 0.5, outputTokens: 40, latencyMs: 7, propensity: 0.25 } },
  },
  { id: "c", query: "", outcomes: {} },
];
const history = await History.read(records, pool);

/** Makes the checksum fit that histories and out-of-fold predictions have at their twelfth byte. */
function sealed(file: Buffer): Buffer {
  if (file.length >= 16) file.writeUInt32LE(crc32(file.subarray(16)), 12);
  return file;
}

/** As it is, or with a checksum that fits. */
const maybe = (seal: (file: Buffer) => Buffer, file: fc.Arbitrary<Buffer>) =>
  fc.tuple(file, fc.boolean()).map(([file, isSealed]) => (isSealed ? seal(file) : file));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "omnirouter-fuzz-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a file of a saved router, damaged or made up", () => {
  it("history: is refused, or survives saving", async () => {
    await fuzz(maybe(sealed, damaged(history.toBytes())), async file => {
      const read = await unlessRefused(DAMAGED, () => History.fromBytes(file));
      if (read !== undefined) expect(History.fromBytes(read.toBytes())).toEqual(read);
    });
  });

  it("out-of-fold predictions: are refused, or survive saving", async () => {
    const good = encodeOutOfFold({
      rows: 3,
      models: pool.names,
      graded: [true, false],
      inputTokens: Float32Array.of(1, 2, 3),
      quality: Float32Array.of(0, 0.2, 0.4, 0.6, 0.8, 1),
      outputTokens: Float32Array.of(10, 20, 30, 40, 50, 60),
      nearest: Float32Array.of(0.3, 0.5, 0.7),
    });
    await fuzz(maybe(sealed, damaged(good)), async file => {
      const read = await unlessRefused(DAMAGED, () => decodeOutOfFold(file, pool.names));
      if (read !== undefined) expect(decodeOutOfFold(encodeOutOfFold(read), pool.names)).toEqual(read);
    });
  });

  it("evidence: is refused, or survives saving", async () => {
    const good = encodeEvidence({
      rows: 3,
      models: pool.names,
      known: Uint8Array.of(1, 0, 1),
      propensity: Float32Array.of(1, 0.5, Number.NaN, Number.NaN, 0.25, Number.NaN),
      clusters: { dimension: 2, centres: Float32Array.of(1, 0, 0, 1), of: Uint8Array.of(0, 1, 0) },
    });
    await fuzz(maybe(sealed, damaged(Buffer.from(good))), async file => {
      const read = await unlessRefused(DAMAGED, () => decodeEvidence(file, pool.names));
      if (read !== undefined) expect(decodeEvidence(encodeEvidence(read), pool.names)).toEqual(read);
    });
  });

  it("an entry of the log: is refused, or survives being written", async () => {
    const [learned, moved] = [
      { records, vectors: Float32Array.of(0.6, 0.8, 0, 1), levels: Float64Array.of(0.1, 1, 2, 3) },
      { pool },
    ].map(change => Buffer.from(encodeChange(change)));
    const json = JSON.parse(learned!.toString("utf8", 4, 4 + learned!.readUInt32LE(0)));
    const entry = damagedJson(json).map(value => {
      const text = Buffer.from(JSON.stringify(value) ?? "");
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length);
      return Buffer.concat([length, text]);
    });
    await fuzz(fc.oneof(damaged(learned!), damaged(moved!), entry), async content => {
      const change = await unlessRefused(DAMAGED, () => decodeChange(content));
      if (change !== undefined) expect(decodeChange(Buffer.from(encodeChange(change)))).toEqual(change);
    });
  });

  it("the log: gives what was appended, up to where it is cut off, or is refused", async () => {
    const owner = { generation: 1, manifestSha256: checksum({}) };
    const path = logPath(folder, owner.generation);
    const free = { assertHeld: async () => {}, release: async () => {} };
    const entries = [Buffer.from("one"), Buffer.alloc(0), Buffer.alloc(600, "three")];
    let end = 0;
    for (const entry of entries) end = await appendToLog(folder, owner, end, entry, free);
    const good = (await readLog(folder, owner))!;
    expect(good.entries).toEqual(entries);
    await fuzz(damaged(await readFile(path)), async file => {
      await writeFile(path, file);
      const read = await unlessRefused(DAMAGED, () => readLog(folder, owner));
      if (read !== undefined) expect(read.entries).toEqual(entries.slice(0, read.entries.length));
    });
    await rm(dirname(path), { recursive: true });
  });

  it("the manifest: is refused, or survives saving", async () => {
    const good = newManifest({
      generation: 3,
      createdAt: "now",
      packageVersion: "0.1.0",
      embedder: "text:1",
      files: [{ name: "history.bin", bytes: 7, sha256: checksum({}) }],
      meta: { neighbours: 3 },
    });
    const resealed = damagedJson(good).map(value =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? JSON.stringify({ ...value, sha256: checksum(value) })
        : JSON.stringify(value),
    );
    const altered = damaged(Buffer.from(formatManifest(good))).map(file => file.toString());
    await fuzz(fc.oneof(resealed, altered), async text => {
      const read = await unlessRefused(DAMAGED, () => parseManifest(text ?? "", "m"));
      if (read !== undefined) expect(parseManifest(formatManifest(read), "m")).toEqual(read);
    });
  });

  it("the manifest, nested as deep as it may be: is refused", () => {
    for (const depth of [20, 5000, 200_000])
      for (const [open, close] of [
        ["[", "]"],
        ['{"a":', "}"],
      ] as const) {
        const meta = `${open.repeat(depth)}1${close.repeat(depth)}`;
        const content = `{"format":"omnirouter","version":1,"generation":1,"createdAt":"","packageVersion":"","files":[],"meta":{"x":${meta}}`;
        const sha256 = createHash("sha256").update(`${content}}`).digest("hex");
        const refused = () => parseManifest(`${content},"sha256":"${sha256}"}`, "m");
        if (depth === 20) expect(refused().meta).toHaveProperty("x");
        else expect(refused).toThrow(expect.objectContaining({ code: "ERR_OMNI_CORRUPT" }));
      }
  });

  it("prices and the estimate of input tokens: are refused, or survive saving", async () => {
    const prices = new Prices({ cost: 1 }, [
      { quantity: "quality", sense: "atLeast", group: "a", price: 0.2 },
    ]);
    const tokens = InputTokenEstimator.fit(["one", "three"], Float32Array.of(1, 2));
    const plain = (value: object) => JSON.parse(JSON.stringify(value));
    await fuzz(damagedJson([plain(prices), plain(tokens)]), async value => {
      const [savedPrices, savedTokens] = (Array.isArray(value) ? value : []) as unknown[];
      const read = await unlessRefused([...DAMAGED, "ERR_OMNI_INVALID_ARGUMENT"], () =>
        Prices.fromJSON(savedPrices),
      );
      // As text: JSON writes a -0 as 0.
      if (read !== undefined) expect(plain(Prices.fromJSON(plain(read)))).toEqual(plain(read));
      const estimator = await unlessRefused(DAMAGED, () => InputTokenEstimator.fromJSON(savedTokens));
      if (estimator !== undefined) expect(estimator.estimate(["text"])[0]).toBeGreaterThanOrEqual(0);
    });
  });
});

describe("what people write", () => {
  it("a pool: is refused, or is one", async () => {
    const yaml = `models:\n  - &a { name: small-1, inputPer1M: 0.15, outputPer1M: 0.6 }\n  - { <<: *a, name: "b" }\n`;
    const text = damaged(Buffer.from(yaml)).map(file => file.toString());
    const json = damagedJson(pool.toJSON()).map(value => JSON.stringify(value) ?? "");
    await fuzz(fc.oneof(text, json), async text => {
      const read = await unlessRefused(["ERR_OMNI_INVALID_POOL"], () => ModelPool.parse(text));
      if (read !== undefined) expect(ModelPool.from(JSON.parse(JSON.stringify(read)))).toEqual(read);
    });
  });

  it("a pool of whatever YAML has, however often it has it: is refused, or is one, and soon", async () => {
    const piece = fc.constantFrom(
      ...[
        "[",
        "]",
        "{",
        "}",
        "- ",
        "? ",
        ": ",
        "a: ",
        "&a ",
        "*a ",
        "!t ",
        "| ",
        "> ",
        "'",
        '"',
        "#",
        "%",
        ",",
      ],
      ...["\n", "\n ", "\t", "---\n", "...\n", "<<: ", "models:\n", "name: x\n", "\\", "\u0000", "\ufeff"],
    );
    const text = fc
      .array(fc.tuple(fc.array(piece, { minLength: 1, maxLength: 4 }), fc.constantFrom(1, 3, 40, 1500)), {
        maxLength: 4,
      })
      .map(parts => parts.map(([pieces, times]) => pieces.join("").repeat(times)).join(""));
    await fuzz(text, text =>
      unlessRefused(["ERR_OMNI_INVALID_POOL"], () => ModelPool.parse(text)).then(() => {}),
    );
  });

  const rows = {
    omnirouter: records,
    routerbench: [{ prompt: '["q"]', eval_name: "e", sample_id: "s", m: 1, "m|total_cost": 0.5 }],
    llmrouterbench: [
      { model_name: "m", dataset_name: "d", split: "s", records: [{ index: 1, prompt: "q", score: 1 }] },
    ],
    aios: [{ query: "q", input_token_length: 3, outputs: [{ model_name: "m", correctness: true }] }],
    "avengers-pro": [{ query: "q", records: { m: 1 }, usages: { m: { prompt_tokens: 1 } } }],
  };
  const csv = 'sample_id,prompt,eval_name,m,m|total_cost\ns,"[""q"", ""r""]",e,1.0,0.5\nt,"[\'q\']",e,,nan\n';
  const answers = [
    { id: "a", query: "one", model: "m", quality: true, outputTokens: 3, cost: 0.1, metadata: [] },
    { id: "a", query: "one", model: "n", quality: 0.5, performance: 3 },
    { query: "zwei ü", model: "m", quality: null, inputTokens: "12", latencyMs: 7 },
  ];
  const tables = [",", ";", "\t"].map(
    delimiter =>
      `${["id", "query", "model", "quality", "cost"].join(delimiter)}\n${["a", '"x ""y"" z"', "m", "true", "0.5"].join(delimiter)}\n${["", "b", "m", "", "nan"].join(delimiter)}\r\n`,
  );
  const documents = [...Object.values(rows), answers].map(rows =>
    fc.oneof(
      damagedJson(rows).map(value => Buffer.from(JSON.stringify(value) ?? "")),
      damaged(Buffer.from(rows.map(row => JSON.stringify(row)).join("\n"))),
      damaged(Buffer.from(JSON.stringify({ records: rows }, null, 1))),
      damaged(gzipSync(JSON.stringify(rows))),
    ),
  );

  it("records: are refused, or are records, whether bad ones are left out or not", async () => {
    const file = fc.oneof(...documents, ...[csv, ...tables].map(table => damaged(Buffer.from(table))));
    await fuzz(fc.tuple(file, fc.boolean()), async ([file, skips]) => {
      const onBadRecord = skips ? () => {} : "error";
      const read = await unlessRefused(["ERR_OMNI_INVALID_HISTORY"], () => all(bytes(file), { onBadRecord }));
      if (read === undefined) return;
      expect(new Set(read.map(({ id }) => id)).size).toBe(read.length);
      // Read again they are the same: nothing in them is outside of what a record may hold.
      expect(await all(read)).toEqual(read);
    });
  });
});
