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
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { logPath } from "../../../lib/router/store/log.js";
import { RouterStore } from "../../../lib/router/store/store.js";
import { contentOf, numberIn } from "./content.js";

let folder: string;
let store: RouterStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "omnirouter-log-"));
  store = RouterStore.open(folder);
  await store.write(contentOf(1));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Of several lengths, one of them longer than a disk's sector, none with zeros in it. */
const texts = ["one", "", "the third entry", "x".repeat(700), "the last"];

async function append(...entries: string[]): Promise<number[]> {
  return await store.exclusively(async writer => {
    const manifest = (await writer.manifest())!;
    let { end } = await writer.log(manifest, 0);
    const ends = [];
    for (const entry of entries) {
      end = await writer.append(manifest, end, Buffer.from(entry));
      ends.push(end);
    }
    return ends;
  });
}

const entries = () => store.read(async ({ log }) => (await log()).entries.map(String));

describe("the log of a generation", () => {
  it("gives back what was appended, in its order, from anywhere on", async () => {
    expect(await entries()).toEqual([]);
    const ends = await append(...texts.slice(0, 3));
    ends.push(...(await append(...texts.slice(3))));
    expect(await entries()).toEqual(texts);
    for (const [index, end] of ends.entries())
      expect(await store.read(async ({ log }) => (await log(end)).entries.map(String))).toEqual(
        texts.slice(index + 1),
      );
  });

  /** The file as it was when a writer died: with its last entries written, or in part, and not acknowledged. */
  async function unacknowledged(...more: string[]): Promise<{ before: Buffer; after: Buffer }> {
    const path = logPath(folder, 1);
    const before = await readFile(path);
    await append(...more);
    const after = await readFile(path);
    return { before, after: Buffer.concat([before.subarray(0, 64), after.subarray(64)]) };
  }

  it("cut short anywhere in what was not acknowledged holds the entries that are whole, and goes on after them", async () => {
    const path = logPath(folder, 1);
    await append("first");
    const { before, after } = await unacknowledged("y".repeat(120));
    for (let length = before.length; length < after.length; length++) {
      await writeFile(path, after.subarray(0, length));
      expect(await entries()).toEqual(["first"]);
      if (length % 50 > 0) continue;
      await append("next");
      expect(await entries()).toEqual(["first", "next"]);
    }
    // Whole, it may as well be taken: its writer died between the two flushes.
    await writeFile(path, after);
    expect(await entries()).toEqual(["first", "y".repeat(120)]);
  });

  it("cut short anywhere in what was acknowledged is refused, for reading and for writing", async () => {
    const path = logPath(folder, 1);
    await append(...texts);
    const whole = await readFile(path);
    for (let length = 0; length < whole.length; length += length < 130 ? 1 : 13) {
      await writeFile(path, whole.subarray(0, length));
      const refusal = { code: "ERR_OMNI_CORRUPT", message: expect.stringContaining("is cut short") };
      await expect(entries(), `${length} bytes`).rejects.toMatchObject(refusal);
      if (length % 50 === 0) await expect(append("next")).rejects.toMatchObject(refusal);
    }
  });

  it("whose last entry the disk wrote in part, in whatever order, holds the others", async () => {
    const path = logPath(folder, 1);
    const ends = await append(...texts);
    const end = ends.at(-1)!;
    const { after } = await unacknowledged("y".repeat(2000));
    // The file has its length, but some of its sectors do not have their content.
    for (const sector of [Math.floor(end / 512), 2, 3, Math.floor((after.length - 1) / 512)]) {
      const torn = Buffer.from(after).fill(
        0,
        Math.max(end, sector * 512),
        Math.min(after.length, sector * 512 + 512),
      );
      await writeFile(path, torn);
      expect(await entries()).toEqual(texts);
    }
    await append("next");
    expect(await entries()).toEqual([...texts, "next"]);
    // Before what was acknowledged it is damage, in the middle and at the end.
    const whole = await readFile(path);
    for (const [from, to] of [
      [ends[2], ends[3]],
      [end, whole.length],
    ]) {
      await writeFile(path, Buffer.from(whole).fill(0, from, to));
      await expect(entries()).rejects.toMatchObject({ code: "ERR_OMNI_CORRUPT" });
    }
  });

  it("of the version that did not say what was acknowledged is read, and continued", async () => {
    const { crc32 } = await import("node:zlib");
    const path = logPath(folder, 1);
    await append(...texts);
    const whole = await readFile(path);
    const start = Buffer.from(whole.subarray(0, 48));
    start.writeUInt32LE(1, 8);
    start.writeUInt32LE(crc32(start.subarray(0, 44)), 44);
    await writeFile(path, Buffer.concat([start, whole.subarray(64)]));
    expect(await entries()).toEqual(texts);
    await append("next");
    expect(await entries()).toEqual([...texts, "next"]);
    await store.write(contentOf(2));
    expect(await readdir(folder)).not.toContain("log");
  });

  it("with any bit of it altered is refused, for reading and for writing", async () => {
    const path = logPath(folder, 1);
    await append(...texts);
    const whole = await readFile(path);
    for (let at = 0; at < whole.length; at += at < 120 ? 1 : 11) {
      const altered = Buffer.from(whole);
      altered[at]! ^= 1 << (at % 8);
      await writeFile(path, altered);
      await expect(entries(), `byte ${at}`).rejects.toMatchObject({ code: "ERR_OMNI_CORRUPT" });
    }
    await expect(append("next")).rejects.toMatchObject({ code: "ERR_OMNI_CORRUPT" });
    await writeFile(path, whole);
    expect(await entries()).toEqual(texts);
    await appendFile(path, "what no writer of ours wrote");
    await expect(entries()).rejects.toMatchObject({ code: "ERR_OMNI_CORRUPT" });
  });

  it("that is shorter than it was, or gone, is refused to those who know", async () => {
    const ends = await append(...texts);
    const from = (end: number) => store.read(({ log }) => log(end));
    await truncate(logPath(folder, 1), ends[2]);
    await expect(from(ends[3]!)).rejects.toMatchObject({ code: "ERR_OMNI_CORRUPT" });
    await rm(logPath(folder, 1));
    await expect(from(ends[0]!)).rejects.toMatchObject({ code: "ERR_OMNI_CORRUPT" });
    expect(await entries()).toEqual([]);
  });

  it("goes with the next save, and is not taken for another generation's", async () => {
    await append(...texts);
    const foreign = await readFile(logPath(folder, 1));
    await store.write(contentOf(2));
    expect(await readdir(folder)).not.toContain("log");
    expect(await entries()).toEqual([]);
    // Left over from a router that was removed by hand, and had come as far.
    await mkdir(dirname(logPath(folder, 2)));
    await writeFile(logPath(folder, 2), foreign);
    expect(await entries()).toEqual([]);
    await append("mine");
    expect(await entries()).toEqual(["mine"]);
    expect((await stat(logPath(folder, 2))).size).toBeLessThan(foreign.length);
    expect(await numberIn(store)).toBe(2);
  });

  it("of a later version is refused as such", async () => {
    const { crc32 } = await import("node:zlib");
    await append("x");
    const path = logPath(folder, 1);
    const bytes = await readFile(path);
    bytes.writeUInt32LE(3, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 44)), 44);
    await writeFile(path, bytes);
    await expect(entries()).rejects.toMatchObject({ code: "ERR_OMNI_VERSION" });
  });

  it("that a save takes away under a reader's hands makes it read the newer generation", async () => {
    await append("old");
    let attempts = 0;
    const seen = await store.read(async ({ manifest, log }) => {
      if (attempts++ === 0) await store.write(contentOf(2));
      return { generation: manifest.generation, entries: (await log()).entries.length };
    });
    expect(seen).toEqual({ generation: 2, entries: 0 });
    expect(attempts).toBe(2);
  });
});
