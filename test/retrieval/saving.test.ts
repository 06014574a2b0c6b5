import { mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VectorIndex } from "../../lib/index.js";
import { embeddings, seeded } from "./embeddings.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "omnirouter-index-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function example(kind: "flat" | "hnsw", rows = 1_500): Promise<VectorIndex> {
  const index = new VectorIndex(8, { kind });
  index.add(
    embeddings(rows, 8, 1),
    Int32Array.from({ length: rows }, (_, i) => 3 * (rows - i)),
  );
  await index.settled();
  return index;
}

describe.each(["flat", "hnsw"] as const)("a saved %s index", kind => {
  it("is the same when it is loaded, by file and by bytes", async () => {
    const index = await example(kind);
    const path = join(folder, "index.faiss");
    await index.save(path);
    expect(await readdir(folder)).toEqual(["index.faiss"]);
    const queries = embeddings(30, 8, 2);
    for (const again of [await VectorIndex.load(path), VectorIndex.fromBytes(index.toBytes())]) {
      expect([again.size, again.dimension, again.kind]).toEqual([1_500, 8, kind]);
      expect(again.toBytes()).toEqual(index.toBytes());
      expect(again.search(queries.subarray(0, 8), 1)).toEqual(index.search(queries.subarray(0, 8), 1));
      expect(() => again.add(new Float32Array(8), new Int32Array([3]))).toThrow("in the index already");
      again.add(new Float32Array(8).fill(9));
      expect(again.search(new Float32Array(8).fill(1), 1).ids[0]).toBe(4_501);
    }
    expect(Buffer.from(index.toBytes()).equals(await readFile(path))).toBe(true);
  });

  it("is refused when it is truncated or altered anywhere", async () => {
    const bytes = (await example(kind)).toBytes();
    const random = seeded(4);
    for (let i = 0; i < 300; ++i) {
      const at = i < 120 ? i : Math.floor(random() * bytes.length);
      const altered = bytes.slice();
      altered[at]! ^= 1 << Math.floor(random() * 8);
      expect(() => VectorIndex.fromBytes(altered), `altered at ${at}`).toThrowError(
        expect.objectContaining({ code: "ERR_OMNI_CORRUPT" }),
      );
      if (at === bytes.length - 12) continue; // exactly without its checksum: as FAISS writes it
      expect(() => VectorIndex.fromBytes(bytes.subarray(0, at)), `cut at ${at}`).toThrowError(
        expect.objectContaining({ code: "ERR_OMNI_CORRUPT" }),
      );
    }
  });
});

it("an empty index can be saved", () => {
  const again = VectorIndex.fromBytes(new VectorIndex(5).toBytes());
  expect([again.size, again.dimension]).toEqual([0, 5]);
});

it("a file that is not an index, is cut short, is missing or is a folder is refused, naming it", async () => {
  const path = join(folder, "index.faiss");
  await (await example("flat")).save(path);
  await truncate(path, 5_000);
  const corrupt = { code: "ERR_OMNI_CORRUPT", argument: "path", message: expect.stringContaining(path) };
  await expect(VectorIndex.load(path)).rejects.toMatchObject(corrupt);
  await writeFile(path, "not an index");
  await expect(VectorIndex.load(path)).rejects.toMatchObject(corrupt);
  await writeFile(path, "");
  await expect(VectorIndex.load(path)).rejects.toMatchObject(corrupt);
  const missing = join(folder, "none");
  await expect(VectorIndex.load(missing)).rejects.toMatchObject({
    code: "ERR_OMNI_IO",
    message: `cannot read ${missing}: no such file or folder`,
  });
  await expect(VectorIndex.load(folder)).rejects.toMatchObject({ code: "ERR_OMNI_IO", argument: "path" });
});

it("a save that fails or is aborted leaves the old file and nothing else", async () => {
  const path = join(folder, "index.faiss");
  const old = await example("flat", 10);
  await old.save(path);
  const index = await example("flat");
  const aborted = AbortSignal.abort(new Error("enough"));
  await expect(index.save(path, { signal: aborted })).rejects.toThrow("enough");
  // Aborted while it is written, if it is not faster.
  await index
    .save(path, { signal: AbortSignal.timeout(0) })
    .catch(error => expect(error.name).toBe("TimeoutError"));
  const held = (await VectorIndex.load(path)).size;
  expect([10, 1_500]).toContain(held);
  expect(await readdir(folder)).toEqual(["index.faiss"]);
  // A name that cannot be replaced by a file.
  await expect(index.save(folder)).rejects.toMatchObject({ code: "ERR_OMNI_IO" });
  await expect(index.save(join(folder, "no", "such", "folder"))).rejects.toMatchObject({
    code: "ERR_OMNI_IO",
  });
  expect(await readdir(folder)).toEqual(["index.faiss"]);
});

it.runIf(process.platform === "linux")(
  "a full disk is an error that says so, and leaves nothing",
  async () => {
    const { binding } = await import("../../lib/binding.js");
    const { open } = await import("node:fs/promises");
    await symlink("/dev/full", join(folder, "full"));
    const file = await open(join(folder, "full"), "w");
    try {
      const handle = new (binding().NativeVectorIndex)(4, "flat");
      handle.add(new Float32Array(400), undefined);
      await expect(handle.writeFile(file.fd).promise).rejects.toMatchObject({
        code: "ERR_OMNI_IO",
        message: expect.stringContaining("No space left"),
      });
    } finally {
      await file.close();
    }
  },
);
