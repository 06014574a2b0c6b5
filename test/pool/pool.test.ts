import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAX_MODELS } from "../../lib/assignment/frame.js";
import { OmniRouterError } from "../../lib/errors.js";
import { ModelPool } from "../../lib/pool/pool.js";

const small = { name: "small", inputPer1M: 0.15, outputPer1M: 0.6 };
const large = { name: "large", inputPer1M: 2.5, outputPer1M: 10, capacity: 500 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "omnirouter-pool-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

function refusal(act: () => unknown): OmniRouterError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(OmniRouterError);
    expect((error as OmniRouterError).code).toBe("ERR_OMNI_INVALID_POOL");
    return error as OmniRouterError;
  }
  throw new Error("nothing was refused");
}

const refused = (pool: unknown) => refusal(() => ModelPool.from(pool)).message;

describe("a pool", () => {
  it("keeps the order of its models and finds their columns", () => {
    const pool = ModelPool.from({ models: [small, large] });
    expect(pool.size).toBe(2);
    expect(pool.names).toEqual(["small", "large"]);
    expect(pool.models[1]).toEqual(large);
    expect(pool.indexOf("large")).toBe(1);
    for (const name of ["nobody", "constructor", "__proto__", "toString"])
      expect(pool.indexOf(name)).toBe(-1);
  });

  it("is immutable and takes itself", () => {
    const pool = ModelPool.from([small]);
    expect(ModelPool.from(pool)).toBe(pool);
    expect(() => (pool.models as unknown[]).push(large)).toThrow(TypeError);
    expect(() => Object.assign(pool.models[0]!, { inputPer1M: 0 })).toThrow(TypeError);
  });

  it("does not change when the object it was made from does", () => {
    const source = [{ ...small }];
    const pool = ModelPool.from(source);
    source[0]!.inputPer1M = 99;
    expect(pool.models[0]!.inputPer1M).toBe(0.15);
  });

  it("may have a model that is named like a member of Object", () => {
    const pool = ModelPool.from([
      { ...small, name: "constructor" },
      { ...small, name: "toString" },
    ]);
    expect(pool.indexOf("constructor")).toBe(0);
    expect(pool.indexOf("toString")).toBe(1);
    expect(pool.indexOf("valueOf")).toBe(-1);
  });

  it("accepts prices and capacities of zero", () => {
    const free = { name: "free", inputPer1M: 0, outputPer1M: 0, capacity: 0 };
    expect(ModelPool.from([free]).models).toEqual([free]);
  });

  it("survives JSON, in whatever way it was written", () => {
    const price = fc.double({ min: 0, max: 1e6, noNaN: true });
    const model = fc.record(
      {
        name: fc.string({ minLength: 1 }).filter(name => name.trim() === name && name !== "__proto__"),
        inputPer1M: price,
        outputPer1M: price,
        capacity: fc.nat(),
        priceSource: fc.string(),
      },
      { requiredKeys: ["name", "inputPer1M", "outputPer1M"] },
    );
    const models = fc.uniqueArray(model, {
      minLength: 1,
      maxLength: MAX_MODELS,
      selector: entry => entry.name,
    });
    fc.assert(
      fc.property(models, entries => {
        const pool = ModelPool.from(entries);
        const text = JSON.stringify(pool);
        const back = ModelPool.parse(text);
        expect(JSON.stringify(back)).toBe(text);
        expect(back.names).toEqual(entries.map(entry => entry.name));
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});

describe("a pool's text", () => {
  const yaml = "models:\n  - name: small\n    inputPer1M: 0.15\n    outputPer1M: 0.6\n";

  it("is YAML or JSON, a list or an object", () => {
    const expected = { models: [small] };
    for (const text of [
      yaml,
      `# prices of today\n- {name: small, inputPer1M: 0.15, outputPer1M: 0.6}`,
      JSON.stringify([small]),
      JSON.stringify({ models: [small] }, null, "\t"),
      `\ufeff${yaml}`,
      yaml.replaceAll("\n", "\r\n"),
    ])
      expect(ModelPool.parse(text).toJSON()).toEqual(expected);
  });

  it("may be the models.json of a routing data set", () => {
    const text = JSON.stringify([
      { model: "small", inputPer1M: 0.15, outputPer1M: 0.6, priceSource: "a list" },
    ]);
    expect(ModelPool.parse(text).models).toEqual([{ ...small, priceSource: "a list" }]);
  });

  const odd = {
    "brackets without end": "[".repeat(1000),
    "objects without end": `{"models":${'{"a":'.repeat(1000)}`,
    "lists in lists": `${"- ".repeat(1000)}x`,
    "maps in maps": Array.from({ length: 100 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
    "keys that are collections": `models:\n${"? ".repeat(500)}`,
    "a key that is a list": "models: []\n? [a, b]\n: 1\n",
    "a key that is an alias": "a: &a [x]\nmodels: []\n*a : 1\n",
    "anchors upon anchors": "&a ".repeat(300_000),
    "as many anchors as are read": "&a ".repeat(9_000),
    "more keys than are read": Array.from({ length: 10_000 }, (_, key) => `a${key}:`).join("\n"),
    "as many bad lines as are read": "%\n".repeat(9_000),
    "brackets that close nothing": "]\n".repeat(9_000),
    "two documents":
      "- {name: a, inputPer1M: 1, outputPer1M: 1}\n---\n- {name: b, inputPer1M: 1, outputPer1M: 1}\n",
  };
  it.each(Object.entries(odd))("is refused, and soon, of %s, however often it is read", (_, text) => {
    for (let time = 0; time < 3; time++) refusal(() => ModelPool.parse(text));
  });

  it("is refused where a key is written twice, in YAML and in JSON", () => {
    const twice = "- {name: small, inputPer1M: 1, inputPer1M: 2, outputPer1M: 1}";
    expect(refusal(() => ModelPool.parse(twice, { file: "pool.yaml" })).message).toMatch(
      /^pool\.yaml has the key "inputPer1M" twice in one map, at line 1, column 32/,
    );
    refusal(() => ModelPool.parse('[{"name":"a","name":"b","inputPer1M":1,"outputPer1M":1}]'));
  });

  it("is refused where its aliases would swell to billions of nodes", () => {
    let bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (let level = 1; level < 10; level++)
      bomb += `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join(", ")}]\n`;
    expect(refusal(() => ModelPool.parse(bomb)).message).toContain("Excessive alias count");
  });

  it("is refused where it is empty, foreign, cut short, of two documents or far too long", () => {
    for (const text of [
      "",
      "\n",
      "hello",
      "3",
      "null",
      "[{",
      "a: 1\n---\nb: 2",
      "[*nobody]",
      '{"id":"q1","query":"x"}',
    ])
      refusal(() => ModelPool.parse(text));
    expect(refusal(() => ModelPool.parse("#".repeat(2 ** 21))).message).toContain("longer than 1 MiB");
  });

  it("cannot reach a prototype", () => {
    const message = refusal(() =>
      ModelPool.parse('[{"name":"a","inputPer1M":1,"__proto__":{"outputPer1M":1}}]'),
    ).message;
    expect(message).toContain("models[0].outputPer1M is missing");
    expect(message).toContain("models[0].__proto__ is not a known key");
    expect(refused([{ ...small, name: "__proto__" }])).toContain("models[0].name cannot be a model's name");
    expect(({} as { outputPer1M?: unknown }).outputPer1M).toBeUndefined();
  });
});

describe("a pool's problems", () => {
  it("are all listed, each with its path", () => {
    const error = refusal(() =>
      ModelPool.from({
        models: [
          { name: "a", inputPer1M: 1, outputper1m: 2 },
          { name: "a", inputPer1M: -1, outputPer1M: 1, capacity: 1.5 },
        ],
        model: [],
      }),
    );
    expect(error.message.split("\n").map(line => line.trim())).toEqual([
      "pool is not a pool of models:",
      "models[0].outputPer1M is missing; no model is free because its price is missing; write 0 if it is",
      "models[0].outputper1m is not a known key; the nearest is outputPer1M",
      "models[1].inputPer1M must be >= 0, got -1",
      "models[1].capacity must be a whole number >= 0 of queries per batch, got 1.5; leave it out for no limit",
      'models[1].name "a" is the name of models[0] already',
      "model is not a known key; the nearest is models",
    ]);
    expect(error.argument).toBe("pool.models[0].outputPer1M");
  });

  it.each([
    [{ ...small, inputPer1M: undefined }, "inputPer1M is missing; no model is free"],
    [{ ...small, inputPer1M: null }, "inputPer1M is missing; no model is free"],
    [{ ...small, inputPer1M: Number.NaN }, "got NaN"],
    [{ ...small, outputPer1M: Number.POSITIVE_INFINITY }, "got Infinity"],
    [{ ...small, outputPer1M: -0.1 }, "got -0.1"],
    [{ ...small, outputPer1M: "0.6" }, 'got "0.6"'],
    [{ ...small, capacity: -1 }, "got -1"],
    [{ ...small, capacity: 0.5 }, "got 0.5"],
    [{ ...small, capacity: Number.POSITIVE_INFINITY }, "got Infinity"],
    [{ ...small, capacity: Number.NaN }, "got NaN"],
    [{ ...small, capacity: null }, "got null"],
    [{ ...small, capacity: 2 ** 60 }, "capacity must be a whole number"],
    [{ ...small, capactiy: 3 }, "capactiy is not a known key; the nearest is capacity"],
    [{ ...small, model: "small" }, "model is not a known key"],
    [{ ...small, name: "" }, "name must be text without blanks at its ends"],
    [{ ...small, name: " small" }, "name must be text without blanks at its ends"],
    [{ ...small, name: 4 }, "name must be text, got 4"],
    [{ ...small, name: Object.create(null) }, "name must be text, got [Object: null prototype] {}"],
    [null, "models[0] must be an object"],
    [[], "models[0] must be an object"],
  ])("%j: %s", (entry, expected) => {
    expect(refused([entry])).toContain(expected);
  });

  it("include an empty pool and one beyond the solver's limit", () => {
    expect(refused([])).toContain("models is empty");
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ ...small, name: `m${index}` }));
    expect(ModelPool.from(many(MAX_MODELS)).size).toBe(MAX_MODELS);
    expect(refused(many(MAX_MODELS + 1))).toContain("models holds 65 models, the limit is 64");
  });

  it.each([undefined, null, 3, "pool", {}, { models: 3 }, { models: null }, new Map()])(
    "include %j",
    pool => {
      refused(pool);
    },
  );
});

describe("a pool's file", () => {
  it("is loaded by path or URL", async () => {
    const path = await file("pool.yaml", "- {name: small, inputPer1M: 0.15, outputPer1M: 0.6}\n");
    expect((await ModelPool.load(path)).models).toEqual([small]);
    expect((await ModelPool.load(pathToFileURL(path))).models).toEqual([small]);
  });

  it("is named in the error about its content", async () => {
    const path = await file("bad.json", "[]");
    await expect(ModelPool.load(path)).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_POOL",
      message: expect.stringContaining(`${path} is not a pool of models`),
    });
  });

  it("is refused where it is not UTF-8 or far too long", async () => {
    const latin = await file(
      "latin.yaml",
      Buffer.from("- {name: caf\xe9, inputPer1M: 1, outputPer1M: 1}", "latin1"),
    );
    await expect(ModelPool.load(latin)).rejects.toThrow("is not UTF-8 text");
    await expect(ModelPool.load(await file("long.yaml", Buffer.alloc(2 ** 21, 35)))).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_POOL",
    });
  });

  it("that cannot be read is an error of its own kind", async () => {
    const missing = join(folder, "missing.yaml");
    await expect(ModelPool.load(missing)).rejects.toMatchObject({
      code: "ERR_OMNI_IO",
      message: `cannot read the pool ${missing}: no such file or folder`,
    });
    await expect(ModelPool.load(folder)).rejects.toMatchObject({ code: "ERR_OMNI_IO" });
  });
});
