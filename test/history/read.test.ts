import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BadRecord, type ReadProgress, readRecords } from "../../lib/history/read.js";
import type { HistorySource } from "../../lib/history/source.js";
import { all, bytes, invalid } from "./reading.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "omnirouter-history-"));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function file(content: string | Uint8Array): Promise<string> {
  const path = join(folder, `history-${++files}.jsonl`);
  await writeFile(path, content);
  return path;
}

const a = {
  id: "a",
  query: "What is 2 + 2?",
  inputTokens: 7,
  task: "sums",
  outcomes: { m: { quality: 1, cost: 0.5 } },
};
const b = {
  id: "b",
  query: "Größe?",
  outcomes: { m: { quality: 0 }, n: { quality: 0.25, outputTokens: 3, latencyMs: 9 } },
};
const lines = `${JSON.stringify(a)}\n${JSON.stringify(b)}\n`;

describe("records are read from", () => {
  it("a file, plain or gzipped whatever its name, by path, URL or stream", async () => {
    for (const content of [lines, gzipSync(lines)]) {
      const path = await file(content);
      for (const source of [path, pathToFileURL(path), createReadStream(path)])
        expect(await all(source)).toEqual([a, b]);
    }
  });

  it("several files, one after the other", async () => {
    const paths = [await file(`${JSON.stringify(a)}\n`), await file(gzipSync(JSON.stringify(b)))];
    expect(await all(paths)).toEqual([a, b]);
    expect(await all([pathToFileURL(paths[0]!), paths[1]!])).toEqual([a, b]);
  });

  it("files, where a record without an id is called after its file and line", async () => {
    const path = await file(
      '\n{"query":"x"}\n{"query":"y","id":null}\n{"query":"z","id":""}\n{"query":"u","id":17}\n',
    );
    expect((await all([path, await file('{"query":"v"}')])).map(record => record.id)).toEqual([
      "1:2",
      "1:3",
      "1:4",
      "17",
      "2:1",
    ]);
  });

  it("iterables of objects, left as they are", async () => {
    const source = [structuredClone(a), { ...b, task: null, outcomes: { ...b.outcomes, gone: null } }];
    const before = structuredClone(source);
    expect(await all(source)).toEqual([a, b]);
    expect(await all(new Set(source))).toEqual([a, b]);
    expect(await all(Readable.from(source))).toEqual([a, b]);
    expect(source).toEqual(before);
    expect(await all([])).toEqual([]);
  });

  it("text or bytes in chunks of any size, plain or in several gzip members", async () => {
    const text = `\ufeff${JSON.stringify(a)}\r\n\r\n  \n${JSON.stringify(b)}`;
    const zipped = Buffer.concat([gzipSync(text.slice(0, 20)), gzipSync(text.slice(20))]);
    for (const whole of [Buffer.from(text), zipped])
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 })), async sizes => {
          const chunks: Buffer[] = [];
          let at = 0;
          for (const size of sizes) {
            chunks.push(whole.subarray(at, at + size));
            at += size;
          }
          chunks.push(whole.subarray(at));
          expect(await all(Readable.from(chunks))).toEqual([a, b]);
        }),
        { numRuns: 50, seed: 3 },
      );
    async function* strings() {
      for (const character of text) yield character;
    }
    expect(await all(strings())).toEqual([a, b]);
  });

  it("whatever records a text of JSON lines holds, back again", async () => {
    const name = fc
      .oneof(fc.string(), fc.constantFrom("constructor", "toString", "hasOwnProperty", "valueOf"))
      .filter(text => text !== "__proto__");
    const amount = fc.double({ min: 0, max: 1e9, noNaN: true }).map(value => value + 0);
    const outcome = fc.record(
      { quality: fc.double({ min: 0, max: 1, noNaN: true }), outputTokens: amount, cost: amount },
      {
        requiredKeys: [],
      },
    );
    const record = fc.record(
      {
        id: fc.string({ minLength: 1, unit: "binary" }),
        query: fc.string({ unit: "binary" }),
        inputTokens: amount,
        task: fc.string(),
        outcomes: fc.dictionary(name, outcome, { noNullPrototype: true }),
      },
      { requiredKeys: ["id", "query", "outcomes"] },
    );
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(record, { selector: ({ id }) => id }), async records => {
        const text = records.map(entry => `${JSON.stringify(entry)}\n`).join("");
        expect(JSON.stringify(await all(bytes(text)))).toBe(JSON.stringify(records.map(ordered)));
      }),
      { numRuns: 100, seed: 5 },
    );
  });

  it("a gzip that inflates beyond reason only as far as it takes to tell", async () => {
    const packed = (unit: string) => gzipSync(unit.repeat((80 << 20) / unit.length));
    for (const unit of ["\n", " \r\n", "\t\n"])
      await expect(all(bytes(packed(unit)))).rejects.toMatchObject(invalid(/inflates|250 times as long/));
    // Records that are much alike are no such thing.
    const alike = Array.from(
      { length: 20_000 },
      (_, i) => `{"id":"${i}","query":"${"same ".repeat(200)}"}\n`,
    );
    expect(await all(bytes(gzipSync(alike.join(""))))).toHaveLength(20_000);
  });

  it("blank lines by the million in a moment, with the lines after them numbered as they stand", async () => {
    const blank = Buffer.from("\n \r\n\t\n".repeat(1_000_000));
    expect(await all(bytes(blank, '{"query":"a"}\n', blank, ' {"query":"b"}'))).toMatchObject([
      { id: "1:3000001" },
      { id: "1:6000002" },
    ]);
    // Blanks at the beginning of a line that is not blank are part of it, wherever the chunks end.
    expect(await all(bytes(" \n  ", "\t", '{"query":"c"}\n \n'))).toMatchObject([{ id: "1:2", query: "c" }]);
  });

  it("no other kind of source", async () => {
    for (const source of [
      undefined,
      null,
      3,
      {},
      () => [],
      new Uint8Array(3),
      new URL("https://example.org/x"),
    ])
      await expect(all(source as HistorySource)).rejects.toMatchObject({
        code: "ERR_OMNI_INVALID_ARGUMENT",
        argument: "source",
      });
    await expect(all(Readable.from(["{}\n", { query: "x" }]))).rejects.toMatchObject({
      code: expect.stringMatching(/INVALID/),
    });
  });
});

/** The order of keys in which the reader makes a record. */
function ordered({ id, query, inputTokens, task, outcomes }: Record<string, unknown>): object {
  const parts = Object.entries(outcomes as Record<string, Record<string, unknown>>).map(
    ([model, { quality, outputTokens, cost }]) => [model, { quality, outputTokens, cost }],
  );
  return { id, query, inputTokens, task, outcomes: Object.fromEntries(parts) };
}

describe("errors name the file and the line", () => {
  const good = '{"query":"q"}\n';

  it.each([
    ["not JSON", `${good}\n{"query":\n`, /:3: is not JSON: /],
    [
      "no JSON at all",
      "hello\n",
      /:1: is not JSON: .*one whole JSON object a line, or be one JSON array or /,
    ],
    ["not an object", `${good}3\n`, /:2: must be an object, got 3$/],
    [
      "not UTF-8",
      Buffer.concat([Buffer.from(good), Buffer.from('{"query":"caf\xe9"}', "latin1")]),
      /:2: is not UTF-8 text$/,
    ],
    ["UTF-16", Buffer.from(`\ufeff${good}`, "utf16le"), /:1: is not UTF-8 text$/],
    [
      "an outcome out of range",
      `${good}${good}{"query":"q","outcomes":{"m":{"quality":2}}}`,
      /:3: outcomes\.m\.quality /,
    ],
    ["cut short inside a line", `${good}{"query":"q","outc`, /:2: is not JSON: /],
  ])("%s", async (_, content, message) => {
    const path = await file(content);
    const error = await all(path).catch((reason: Error) => reason);
    expect(error).toMatchObject(invalid(message));
    expect((error as Error).message.startsWith(`${path}:`)).toBe(true);
  });

  it("a line that is too long, without keeping it", async () => {
    const long = (async function* () {
      yield good;
      for (let part = 0; part < 20; part++) yield "x".repeat(1 << 20);
      yield `\n${good}`;
    })();
    const reason = "is longer than 16 MiB: not a record";
    const bad: BadRecord[] = [];
    expect(await all(long, { onBadRecord: record => bad.push(record) })).toHaveLength(2);
    expect(bad).toEqual([{ source: "input", line: 2, reason, kind: reason }]);
  });

  it("an id that occurs twice, with both places", async () => {
    const first = await file('{"id":"x","query":"q"}\n');
    const second = await file(`${good}{"id":"x","query":"r"}\n`);
    await expect(all([first, second])).rejects.toMatchObject(
      invalid(`${second}:2: id "x" occurs twice, first at ${first}:1`),
    );
    await expect(
      all(["__proto__", "constructor", "a", "a"].map(id => ({ id, query: "q" }))),
    ).rejects.toMatchObject(invalid('input:4: id "a" occurs twice, first at input:3'));
  });
});

describe("a gzipped file", () => {
  const zipped = gzipSync(lines);

  it("that is cut short anywhere is an error, even where bad records are skipped", async () => {
    // Less than three bytes are not yet a gzip file; they are no record either.
    for (let length = 2; length < zipped.length; length++)
      await expect(all(bytes(zipped.subarray(0, length)), { onBadRecord: () => {} })).rejects.toMatchObject(
        invalid(/^input:\d: the gzip stream is cut short after this line: its end is missing$/),
      );
  });

  it("whose second member is cut short is an error too", async () => {
    const whole = gzipSync(JSON.stringify(a));
    for (const length of [1, 2, 5, 15])
      await expect(all(bytes(whole, zipped.subarray(0, length)))).rejects.toMatchObject(invalid(/cut short/));
  });

  it("that is altered, or followed by something else, is an error", async () => {
    const altered = Buffer.from(zipped);
    altered[zipped.length - 6]! ^= 1;
    await expect(all(bytes(altered))).rejects.toMatchObject(invalid(/the gzip stream is damaged/));
    await expect(all(bytes(Buffer.concat([zipped, Buffer.from("more")])))).rejects.toMatchObject(
      invalid(/damaged/),
    );
  });
});

describe("bad records that are skipped", () => {
  it("are told with their places and reasons, and the others are read", async () => {
    const text = `{"id":"a","query":"q"}\nnonsense\n{"id":"a","query":"again"}\n{"id":"c"}\n{"id":"d","query":"q"}\n`;
    const bad: BadRecord[] = [];
    const records = await all(bytes(text), { onBadRecord: record => bad.push(record) });
    expect(records.map(record => record.id)).toEqual(["a", "d"]);
    expect(bad.map(({ line, reason }) => `${line}: ${reason}`)).toEqual([
      expect.stringMatching(/^2: is not JSON/),
      '3: id "a" occurs twice, first at input:1',
      "4: query is missing",
    ]);
  });
});

describe("the reader", () => {
  it("reports what it has read, in bytes of the file", async () => {
    const paths = [await file(gzipSync(lines)), await file('{"id":"c","query":"q"}\n')];
    const seen: ReadProgress[] = [];
    await all(paths, { onProgress: progress => seen.push(progress) });
    const totalBytes = gzipSync(lines).length + 23;
    expect(seen.at(-1)).toEqual({ records: 3, bytes: totalBytes, totalBytes });
    expect(seen.every((progress, index) => index === 0 || progress.bytes >= seen[index - 1]!.bytes)).toBe(
      true,
    );
    await all([a, b], { onProgress: progress => seen.push(progress) });
    expect(seen.at(-1)).toEqual({ records: 2, bytes: 0 });
  });

  it("passes the errors of its callbacks unchanged", async () => {
    const error = new Error("mine");
    const fail = () => {
      throw error;
    };
    await expect(all(bytes(lines), { onProgress: fail })).rejects.toBe(error);
    await expect(all(bytes("x"), { onBadRecord: fail })).rejects.toBe(error);
  });

  it("stops when it is aborted, with the signal's reason", async () => {
    const reason = new Error("enough");
    await expect(all([a], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const stalled = new Readable({ read() {} });
    stalled.push(lines);
    setTimeout(() => controller.abort(reason), 20);
    await expect(all(stalled, { signal: controller.signal })).rejects.toBe(reason);
    expect(stalled.destroyed).toBe(true);
  });

  it("stops when it is aborted while it waits for an iterable's next item, which may never come", async () => {
    const reason = new Error("enough");
    const controller = new AbortController();
    const idle = (async function* () {
      yield a;
      controller.abort(reason);
      await new Promise(() => {});
    })();
    await expect(all(idle, { signal: controller.signal })).rejects.toBe(reason);
  });

  it("closes an iterable that it reads with a signal when the caller stops early", async () => {
    let closed = false;
    const endless = (async function* () {
      try {
        for (let id = 0; ; id++) yield { id, query: "q" };
      } finally {
        closed = true;
      }
    })();
    for await (const _ of readRecords(endless, { signal: new AbortController().signal })) break;
    expect(closed).toBe(true);
  });

  it("closes its source when the caller stops early", async () => {
    for (const content of [lines.repeat(1), gzipSync(lines)]) {
      const stream = createReadStream(await file(content));
      for await (const _ of readRecords(stream)) break;
      expect(stream.destroyed).toBe(true);
    }
  });

  it("tells a file that cannot be read, and a stream that fails", async () => {
    const missing = join(folder, "missing.jsonl");
    await expect(all(missing)).rejects.toMatchObject({
      code: "ERR_OMNI_IO",
      message: `cannot read the history ${missing}: no such file or folder`,
    });
    await expect(all(folder)).rejects.toMatchObject({
      code: "ERR_OMNI_IO",
      message: expect.stringContaining(folder),
    });
    const failing = (async function* () {
      yield lines;
      throw new Error("socket hang up");
    })();
    await expect(all(failing)).rejects.toMatchObject({
      code: "ERR_OMNI_IO",
      message: "cannot read the history input: socket hang up",
    });
  });
});
