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

  it("cut short anywhere holds the entries that are whole, and goes on after them", async () => {
    const path = logPath(folder, 1);
    const ends = await append(...texts);
    const whole = await readFile(path);
    for (let length = 0; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      const left = texts.slice(0, ends.filter(end => end <= length).length);
      expect(await entries()).toEqual(left);
      if (length % 50 > 0) continue;
      await append("next");
      expect(await entries()).toEqual([...left, "next"]);
    }
  });

  it("whose last entry the disk wrote in part, in whatever order, holds the others", async () => {
    const path = logPath(folder, 1);
    const ends = await append(...texts, "y".repeat(2000));
    const [end = 0] = ends.slice(-2);
    const whole = await readFile(path);
    // The file has its length, but some of its sectors do not have their content.
    for (const sector of [Math.floor(end / 512), 2, 3, Math.floor((whole.length - 1) / 512)]) {
      const torn = Buffer.from(whole).fill(
        0,
        Math.max(end, sector * 512),
        Math.min(whole.length, sector * 512 + 512),
      );
      await writeFile(path, torn);
      expect(await entries()).toEqual(texts);
    }
    await append("next");
    expect(await entries()).toEqual([...texts, "next"]);
    // In the middle it is damage: the one after it was acknowledged, so it had been.
    await writeFile(path, Buffer.from(whole).fill(0, ends[2], ends[3]));
    await expect(entries()).rejects.toMatchObject({ code: "ERR_OMNI_CORRUPT" });
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
    bytes.writeUInt32LE(2, 8);
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
