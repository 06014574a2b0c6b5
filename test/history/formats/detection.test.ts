import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HistoryFormat } from "../../../lib/history/formats/format.js";
import { HISTORY_FORMATS } from "../../../lib/history/formats/shaper.js";
import { all, bytes, invalid } from "../reading.js";

/** One query of each format, for model m with grade 1. */
const rows: Record<HistoryFormat, Record<string, unknown>> = {
  omnirouter: { query: "q", outcomes: { m: { quality: 1 } } },
  routerbench: { prompt: "q", eval_name: "e", m: 1, "m|total_cost": 0.5 },
  llmrouterbench: { model_name: "m", dataset_name: "d", split: "s", index: 1, prompt: "q", score: 1 },
  aios: { query: "q", input_token_length: 3, outputs: [{ model_name: "m", correctness: true }] },
  "avengers-pro": { query: "q", records: { m: 1 } },
};
const json = (...values: unknown[]) => values.map(value => JSON.stringify(value)).join("\n");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "omnirouter-formats-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a format is told by content", () => {
  it.each(HISTORY_FORMATS)(
    "%s: from lines, an array, objects, gzipped, and where it is named",
    async name => {
      const row = rows[name];
      const text = json(row);
      for (const source of [
        () => bytes(text),
        () => bytes(`\ufeff\r\n${text}\r\n`),
        () => bytes(JSON.stringify([row], null, 1)),
        () => bytes(`\ufeff  [${text}]`),
        () => bytes(gzipSync(JSON.stringify([row]))),
        () => bytes(JSON.stringify(row, null, 2)),
        () => [row],
      ])
        for (const options of [{}, { format: name }]) {
          const [record, ...others] = await all(source(), options);
          expect(others).toEqual([]);
          expect(record).toMatchObject({ query: "q", outcomes: { m: { quality: 1 } } });
        }
    },
  );

  it("file by file, whatever the files are called", async () => {
    const paths = await Promise.all(
      HISTORY_FORMATS.map(async name => {
        const path = join(folder, `${name}.csv`);
        await writeFile(path, json(rows[name]));
        return path;
      }),
    );
    // One of them comes last, since other files may have more of it.
    const read = await all(paths);
    expect(read.map(({ outcomes }) => outcomes.m?.quality)).toEqual(HISTORY_FORMATS.map(() => 1));
    expect(read.at(-1)!.id).toMatch(/^d\/s\/1\//);
    expect(await all(createReadStream(paths[1]!))).toHaveLength(1);
  });

  it("and a row of another one after it is a bad record, since its outcomes would be lost", async () => {
    for (const before of HISTORY_FORMATS)
      for (const after of HISTORY_FORMATS) {
        const reading = all(bytes(json(rows[before], { ...rows[after], id: "x" })));
        if (before === after) await reading.catch(error => expect(error.message).toMatch(/second outcome/));
        else
          await expect(reading).rejects.toMatchObject(
            invalid(`input:2: is a record of ${after}, after others of ${before}`),
          );
      }
  });

  it("or by name, where a row could be of several", async () => {
    const both = { ...rows.aios, ...rows["avengers-pro"] };
    await expect(all([both])).rejects.toMatchObject(
      invalid("input:1: could be a record of aios or avengers-pro: the option format says of which"),
    );
    for (const format of ["aios", "avengers-pro"] as const)
      expect((await all([both], { format }))[0]!.outcomes).toEqual({ m: { quality: 1 } });
  });

  it("and is our own where it has outcomes, whatever else it has", async () => {
    const [record] = await all([{ ...rows.aios, ...rows["avengers-pro"], outcomes: { n: { quality: 0 } } }]);
    expect(record!.outcomes).toEqual({ n: { quality: 0 } });
  });

  it("with models of any name but one, which no object can hold safely", async () => {
    const named = (model: string): object[] => [
      { prompt: "q", [`${model}|total_cost`]: 1 },
      { ...rows.llmrouterbench, model_name: model, score: null, cost: 1 },
      { query: "q", outputs: [{ model_name: model, output_token_length: 1 }] },
      { query: "q", records: {}, usages: { [model]: { cost: 1 } } },
      { query: "q", records: { [model]: null } },
    ];
    for (const model of ["constructor", "toString", "hasOwnProperty", "0"])
      for (const row of named(model)) {
        const [record] = await all([row]);
        expect(Object.keys(record!.outcomes)).toEqual([model]);
        expect(record!.outcomes[model]!.quality).toBeUndefined();
      }
    for (const row of named("__proto__"))
      await expect(all([row])).rejects.toMatchObject(
        invalid("input:1: outcomes must not name a model __proto__"),
      );
  });

  it("and no other name is known", async () => {
    await expect(all([], { format: "csv" as HistoryFormat })).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_ARGUMENT",
      argument: "options.format",
      message: expect.stringContaining("one of omnirouter, routerbench, llmrouterbench, aios, avengers-pro"),
    });
  });

  it("which a row that lacks it does not pass for", async () => {
    const lacking: [HistoryFormat, string][] = [
      ["aios", "outputs is missing"],
      ["avengers-pro", "records is missing"],
      ["llmrouterbench", "model_name is missing"],
      ["routerbench", "has no model: no column MODEL|total_cost or MODEL|model_response"],
    ];
    for (const [format, reason] of lacking) {
      await expect(all([{ query: "q" }], { format })).rejects.toMatchObject(invalid(`input:1: ${reason}`));
      if (format === "aios" || format === "avengers-pro")
        await expect(all([rows[format], { query: "q" }])).rejects.toMatchObject(
          invalid(`input:2: ${reason}`),
        );
    }
  });

  it("from any row, of whatever content, without another error than of a bad record", async () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const key = fc.constantFrom(
      ...Object.values(rows).flatMap(Object.keys),
      "__proto__",
      "records",
      "usages",
      "x|total_cost",
    );
    const row = fc.dictionary(key, value).map(extra => ({ ...extra }));
    const mixed = fc
      .tuple(fc.constantFrom(...Object.values(rows)), row)
      .map(([known, extra]) => ({ ...known, ...extra }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(row, mixed, value)),
        fc.option(fc.constantFrom(...HISTORY_FORMATS)),
        async (values, format) => {
          // What is said to be RouterBench's and begins with no object is CSV, which may be damaged.
          if (format === "routerbench" && (typeof values[0] !== "object" || values[0] === null)) return;
          const text = values.map(each => `${JSON.stringify(each)}\n`).join("");
          let bad = 0;
          const read = await all(bytes(text), { ...(format ? { format } : {}), onBadRecord: () => bad++ });
          for (const { query, outcomes } of read) {
            expect(typeof query).toBe("string");
            for (const { quality } of Object.values(outcomes))
              if (quality !== undefined) expect(quality <= 1 && quality >= 0).toBe(true);
          }
        },
      ),
      { numRuns: 500, seed: 17 },
    );
  });
});

describe("a JSON document", () => {
  it("that is cut short anywhere is an error", async () => {
    const text = JSON.stringify([rows.omnirouter, rows.omnirouter], null, 1);
    for (let length = 2; length < text.length; length++)
      await expect(all(bytes(text.slice(0, length)))).rejects.toMatchObject(
        invalid(/^input:1: is not JSON: .*one whole JSON document$/),
      );
  });

  it("that is too large is an error, and is not read to its end", async () => {
    const blank = Buffer.alloc(1 << 20, " ");
    let read = 0;
    const large = (async function* () {
      yield "[";
      for (; read < 1000; read++) yield blank;
    })();
    await expect(all(large)).rejects.toMatchObject(
      invalid(/^input:1: is a JSON document of more than 256 MiB/),
    );
    expect(read).toBeLessThan(300);
  });

  it("that is not UTF-8 is an error", async () => {
    await expect(all(bytes(Buffer.from('[{"query":"caf\xe9"}]', "latin1")))).rejects.toMatchObject(
      invalid("input:1: is not UTF-8 text"),
    );
  });

  it("may be empty", async () => {
    expect(await all(bytes("[]"))).toEqual([]);
    expect(await all(bytes("  "))).toEqual([]);
    expect(await all(bytes(JSON.stringify({ records: [] }, null, 1)))).toEqual([]);
  });

  it("reports its progress before it is parsed", async () => {
    const seen: number[] = [];
    await all(bytes("[\n", JSON.stringify(rows.omnirouter), "]"), {
      onProgress: ({ bytes }) => seen.push(bytes),
    });
    expect(new Set(seen).size).toBeGreaterThan(2);
  });
});

describe("what Python writes for numbers that JSON has no word for", () => {
  it("is missing where it is NaN, and refused where it is infinite", async () => {
    const text = '{"query":"NaN \\\\\\" Infinity","outcomes":{"m":{"quality":NaN,"cost":1}}}';
    expect(await all(bytes(text))).toEqual([
      { id: "1:1", query: 'NaN \\" Infinity', outcomes: { m: { cost: 1 } } },
    ]);
    expect(await all(bytes(`[${text}]`))).toHaveLength(1);
    for (const [word, shown] of [
      ["Infinity", "Infinity"],
      ["-Infinity", "-Infinity"],
    ])
      await expect(all(bytes(`{"query":"q","inputTokens":${word}}`))).rejects.toMatchObject(
        invalid(`input:1: inputTokens must be a finite number >= 0, got ${shown}`),
      );
    await expect(all(bytes('{"query":"q" NaN}'))).rejects.toMatchObject(invalid(/is not JSON/));
  });
});
