import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatManifest, type Manifest, parseManifest } from "../../../lib/router/store/manifest.js";
import { RouterStore } from "../../../lib/router/store/store.js";
import { version } from "../../../lib/version.js";
import { contentOf, numberIn } from "./content.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "omnirouter-store-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const manifestFile = () => join(folder, "manifest.json");
const historyFile = () => join(folder, "generations", "000001", "history.bin");
const save = (number: number, options = {}) => RouterStore.open(folder, options).write(contentOf(number));

/** The manifest as another release, or a vandal who knows the format, would write it. */
async function rewriteManifest(change: (manifest: Manifest) => object): Promise<void> {
  const manifest = await RouterStore.open(folder).manifest();
  await writeFile(manifestFile(), formatManifest(change(manifest) as Manifest));
}

describe("a saved router's folder", () => {
  it("gives back what was saved, with what is known about it", async () => {
    const written = await save(1);
    expect(await numberIn(RouterStore.open(folder))).toBe(1);
    const manifest = await RouterStore.open(pathToFileURL(folder)).manifest();
    expect(manifest).toEqual(written);
    expect(manifest).toMatchObject({
      format: "omnirouter",
      version: 1,
      generation: 1,
      packageVersion: version,
      embedder: "text-1",
      meta: { number: 1 },
    });
    expect(Math.abs(Date.parse(manifest.createdAt) - Date.now())).toBeLessThan(60_000);
    expect(manifest.files.map(file => file.name)).toEqual(["history.bin", "index.faiss", "empty.bin"]);
  });

  it("is made where it does not exist", async () => {
    const store = RouterStore.open(join(folder, "a", "b"));
    await store.write(contentOf(1));
    expect(await numberIn(store)).toBe(1);
  });

  it("keeps as many generations as it is told, and nothing else", async () => {
    for (let number = 1; number <= 4; number++) await save(number);
    expect(await readdir(join(folder, "generations"))).toEqual(["000003", "000004"]);
    await save(5, { keep: 3 });
    expect(await readdir(join(folder, "generations"))).toEqual(["000003", "000004", "000005"]);
    await save(6, { keep: 1 });
    expect(await readdir(join(folder, "generations"))).toEqual(["000006"]);
    expect((await readdir(folder)).sort()).toEqual(["generations", "manifest.json"]);
  });

  it("is cleaned of what a crashed writer left behind", async () => {
    await save(1);
    await mkdir(join(folder, "generations", "000002"));
    await writeFile(join(folder, "generations", "000002", "leftover.bin"), "half");
    await writeFile(join(folder, "manifest.json.tmp"), "half");
    await writeFile(join(folder, "writer.json"), '{"pid":');
    expect(await numberIn(RouterStore.open(folder))).toBe(1);
    await save(2);
    expect(await numberIn(RouterStore.open(folder))).toBe(2);
    expect((await readdir(folder)).sort()).toEqual(["generations", "manifest.json"]);
    expect((await readdir(join(folder, "generations", "000002"))).sort()).toEqual([
      "empty.bin",
      "history.bin",
      "index.faiss",
    ]);
  });

  it("takes several saves of one process one after the other", async () => {
    await Promise.all([1, 2, 3, 4].map(number => save(number)));
    expect((await RouterStore.open(folder).manifest()).generation).toBe(4);
    expect([1, 2, 3, 4]).toContain(await numberIn(RouterStore.open(folder)));
  });

  it("passes the error of a function that writes through, and keeps the old router", async () => {
    await save(1);
    const reason = new DOMException("stop", "AbortError");
    const files = new Map([["index.faiss", () => Promise.reject(reason)]]);
    await expect(RouterStore.open(folder).write({ files })).rejects.toBe(reason);
    expect(await numberIn(RouterStore.open(folder))).toBe(1);
    expect((await readdir(folder)).sort()).toEqual(["generations", "manifest.json"]);
    expect(await readdir(join(folder, "generations"))).toEqual(["000001"]);
  });

  it.each([
    "../x",
    "a/b",
    "a\\b",
    "..",
    ".",
    "",
    "/etc/passwd",
    "a..b",
    ".hidden",
    "Index",
    "a\0",
    "a.",
    "x".repeat(101),
  ])("refuses a file named %j", async name => {
    const files = new Map([[name, new Uint8Array(1)]]);
    await expect(RouterStore.open(folder).write({ files })).rejects.toMatchObject({
      code: "ERR_OMNI_INVALID_ARGUMENT",
      argument: `files[${JSON.stringify(name)}]`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    { keep: 0 },
    { keep: 1.5 },
    { keep: Number.NaN },
    { lockTimeoutMs: -1 },
    { lockTimeoutMs: Number.NaN },
  ])("refuses the option %j", options => {
    expect(() => RouterStore.open(folder, options)).toThrow(
      expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument: Object.keys(options)[0] }),
    );
  });
});

describe("a reader", () => {
  it("starts again when a writer removes its generation, and never mixes two", async () => {
    await save(1, { keep: 1 });
    let restarts = 0;
    const number = await RouterStore.open(folder).read(async ({ manifest, bytes }) => {
      restarts++;
      await bytes("history.bin");
      if (restarts < 4) await save(restarts + 1, { keep: 1 });
      const index = Buffer.from(await bytes("index.faiss"));
      expect(index.toString("latin1", 0, 2)).toBe(`${manifest.meta.number};`);
      return manifest.meta.number;
    });
    expect({ number, restarts }).toEqual({ number: 4, restarts: 4 });
  });

  it("never sees anything but whole saves while a writer saves", async () => {
    await save(1, { keep: 1 });
    let writing = true;
    const write = (async () => {
      for (let number = 2; number <= 40; number++) await save(number, { keep: 1 });
      writing = false;
    })();
    const read = async () => {
      let last = 0;
      while (writing) {
        const number = await numberIn(RouterStore.open(folder));
        expect(number).toBeGreaterThanOrEqual(last);
        last = number;
        await sleep(1);
      }
    };
    await Promise.all([write, read(), read(), read()]);
    expect(await numberIn(RouterStore.open(folder))).toBe(40);
  });

  it("gets an error of its own loader once, unchanged", async () => {
    await save(1);
    let calls = 0;
    const error = new Error("mine");
    const load = () => {
      calls++;
      return Promise.reject(error);
    };
    await expect(RouterStore.open(folder).read(load)).rejects.toBe(error);
    expect(calls).toBe(1);
  });
});

describe("a damaged saved router", () => {
  beforeEach(async () => {
    await save(1);
  });
  const load = () => numberIn(RouterStore.open(folder));

  it.each([
    ["cut short", () => truncate(historyFile(), 100), "has 100 bytes instead of 5000"],
    ["longer", () => appendFile(historyFile(), "x"), "has 5001 bytes instead of 5000"],
    ["missing", () => rm(historyFile()), "is missing"],
    ["altered", () => writeFile(historyFile(), Buffer.alloc(5000, "2;")), "its checksum does not match"],
  ])("whose file is %s is an error that names the file", async (_, damage, sentence) => {
    await damage();
    await expect(load()).rejects.toMatchObject({
      code: "ERR_OMNI_CORRUPT",
      message: expect.stringMatching(new RegExp(`^${historyFile()} .*${sentence}`)),
    });
  });

  it.each(["", "{", "null", "[]", "{}", '{"format":"other","version":1}', "\0\0\0\0"])(
    "whose manifest is %j is corrupt, to read and to overwrite",
    async text => {
      await writeFile(manifestFile(), text);
      const corrupt = { code: "ERR_OMNI_CORRUPT", message: expect.stringContaining(manifestFile()) };
      await expect(load()).rejects.toMatchObject(corrupt);
      await expect(save(2)).rejects.toMatchObject(corrupt);
      expect(await readFile(manifestFile(), "utf8")).toBe(text);
    },
  );

  it("is found out wherever one byte of its manifest is changed", async () => {
    const text = await readFile(manifestFile(), "utf8");
    const manifest = parseManifest(text, "manifest.json");
    for (let at = 0; at < text.length; at++) {
      const changed = text.slice(0, at) + (text[at] === "7" ? "8" : "7") + text.slice(at + 1);
      try {
        // White space between the keys may change: it says nothing.
        expect(parseManifest(changed, "manifest.json")).toEqual(manifest);
        expect(/\s/.test(text[at]!)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_OMNI_(CORRUPT|VERSION)$/) });
      }
    }
  });

  it("of a later release is not touched, and says which release wrote it", async () => {
    await rewriteManifest(manifest => ({
      ...manifest,
      version: 2,
      packageVersion: "9.9.9",
      files: "elsewhere",
    }));
    const expected = { code: "ERR_OMNI_VERSION", message: expect.stringContaining("9.9.9") };
    await expect(load()).rejects.toMatchObject(expected);
    await expect(save(2)).rejects.toMatchObject(expected);
  });

  it("cannot make a reader leave the folder", async () => {
    await rewriteManifest(manifest => ({
      ...manifest,
      files: [{ ...manifest.files[0]!, name: "../../manifest.json" }],
    }));
    await expect(
      RouterStore.open(folder).read(({ bytes }) => bytes("../../manifest.json")),
    ).rejects.toMatchObject({
      code: "ERR_OMNI_CORRUPT",
    });
  });

  it("that lacks a file which the reader needs is an error", async () => {
    await expect(RouterStore.open(folder).read(({ bytes }) => bytes("other.bin"))).rejects.toMatchObject({
      code: "ERR_OMNI_CORRUPT",
      message: expect.stringContaining("has no file other.bin"),
    });
  });
});

describe("a folder that is no saved router", () => {
  it("is an error to read", async () => {
    for (const path of [folder, join(folder, "missing")])
      await expect(RouterStore.open(path).manifest()).rejects.toMatchObject({
        code: "ERR_OMNI_IO",
        message: expect.stringContaining(`there is no saved router in ${path}`),
      });
  });

  it("is not written to if it holds anything", async () => {
    await writeFile(join(folder, "thesis.txt"), "years of work");
    await expect(save(1)).rejects.toMatchObject({
      code: "ERR_OMNI_IO",
      message: expect.stringContaining("it holds thesis.txt"),
    });
    expect(await readdir(folder)).toEqual(["thesis.txt"]);
  });

  it("may turn out to be a file", async () => {
    const path = join(folder, "file");
    await writeFile(path, "text");
    const expected = { code: "ERR_OMNI_IO", message: expect.stringContaining(path) };
    await expect(RouterStore.open(path).write(contentOf(1))).rejects.toMatchObject(expected);
    await expect(RouterStore.open(path).manifest()).rejects.toMatchObject(expected);
    expect((await stat(path)).size).toBe(4);
  });
});

it("settings of any JSON survive", async () => {
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async meta => {
      const plain = JSON.parse(JSON.stringify(meta));
      const text = formatManifest({
        format: "omnirouter",
        version: 1,
        generation: 1,
        createdAt: "now",
        packageVersion: "0",
        files: [],
        meta: plain,
      });
      expect(JSON.stringify(parseManifest(text, "x").meta)).toBe(JSON.stringify(plain));
    }),
    { numRuns: 200, seed: 7 },
  );
});
