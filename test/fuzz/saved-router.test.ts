// A saved router from somebody who means harm: every checksum fits what was altered. It is refused by a load, or routes.
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { OmniRouterError } from "../../lib/errors.js";
import { encodeChange } from "../../lib/router/changes.js";
import { Router } from "../../lib/router/router.js";
import { generationFolder, manifestPath } from "../../lib/router/store/layout.js";
import { logPath } from "../../lib/router/store/log.js";
import { checksum, formatManifest, type Manifest, parseManifest } from "../../lib/router/store/manifest.js";
import { RouterStore } from "../../lib/router/store/store.js";
import { simulateWorkload } from "../../lib/simulation/workload.js";
import { DAMAGED, damaged, damagedJson, fuzz, unlessRefused } from "./fuzzing.js";

const { pool, history, queries } = simulateWorkload({ records: 60, queries: 3, seed: 2 });
let folder: string;
let manifest: Manifest;
const files = new Map<string, Buffer>();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "omnirouter-fuzz-"));
  await (await Router.fit(history, pool)).save(folder);
  manifest = parseManifest(await readFile(manifestPath(folder), "utf8"), "");
  for (const { name } of manifest.files)
    files.set(name, await readFile(join(generationFolder(folder, 1), name)));
});
afterAll(() => rm(folder, { recursive: true }));

/** The checksum of embedders and predictors (native/prediction/hash.h). */
function hashBytes(bytes: Buffer): bigint {
  const word = (x: bigint) => BigInt.asUintN(64, x);
  const multiplier = 0xc6a4a7935bd1e995n;
  let hash = word(0x6f6d6e69726f7574n ^ (BigInt(bytes.length) * multiplier));
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    const mixed = word(bytes.readBigUInt64LE(at) * multiplier);
    hash = word((hash ^ word((mixed ^ (mixed >> 47n)) * multiplier)) * multiplier);
  }
  if (at < bytes.length) {
    const rest = Buffer.alloc(8);
    bytes.copy(rest, 0, at);
    hash = word((hash ^ rest.readBigUInt64LE(0)) * multiplier);
  }
  hash = word((hash ^ (hash >> 47n)) * multiplier);
  return hash ^ (hash >> 47n);
}

/** Makes the checksum inside a file fit. */
function sealed(name: string, file: Buffer): Buffer {
  if (file.length < 28) return file;
  // FAISS's own files end where the checksum of ours begins.
  if (name === "index.faiss") return file.subarray(0, -12);
  if (name === "history.bin" || name === "out-of-fold.bin") file.writeUInt32LE(crc32(file.subarray(16)), 12);
  if (name === "embedder.bin" || name === "predictor.bin")
    file.writeBigUInt64LE(hashBytes(file.subarray(0, -8)), file.length - 8);
  return file;
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** Loads what is in the folder now, and makes use of it where it is not refused. */
async function loadAndRoute(): Promise<void> {
  const router = await unlessRefused([...DAMAGED, "ERR_OMNI_EMBEDDER"], () => Router.load(folder));
  if (router === undefined) return;
  try {
    const plan = router.routeSync(queries, { minQuality: 0.5 });
    expect(plan.size).toBe(queries.length);
    router.routeByPrices(queries[0]!.query, plan.prices);
    router.estimates();
  } catch (error) {
    // What is predicted from nonsense may be no number.
    if (!(error instanceof OmniRouterError) || error.code === "ERR_OMNI_INTERNAL") throw error;
  }
}

it("one of its files is another", async () => {
  const altered = fc
    .constantFrom(...files.keys())
    .chain(name => damaged(files.get(name)!).map(file => ({ name, file: sealed(name, Buffer.from(file)) })));
  await fuzz(
    altered,
    async ({ name, file }) => {
      const path = join(generationFolder(folder, 1), name);
      const listed = manifest.files.map(entry =>
        entry.name === name ? { name, bytes: file.length, sha256: sha256(file) } : entry,
      );
      await writeFile(path, file);
      await writeFile(manifestPath(folder), formatManifest({ ...manifest, files: listed }));
      await loadAndRoute();
      await writeFile(path, files.get(name)!);
    },
    { runs: 60 },
  );
});

it("its settings are others", async () => {
  await fuzz(
    damagedJson(manifest),
    async value => {
      const text =
        typeof value === "object" && value !== null && !Array.isArray(value)
          ? JSON.stringify({ ...value, sha256: checksum(value) })
          : JSON.stringify(value);
      await writeFile(manifestPath(folder), text ?? "");
      await loadAndRoute();
    },
    { runs: 60 },
  );
});

it("its log holds what it should not", async () => {
  await writeFile(manifestPath(folder), formatManifest(manifest));
  await (await Router.load(folder)).learn([queries[0]!, { ...history[1]!, task: "t" }]);
  const store = RouterStore.open(folder);
  const [good] = (await store.read(({ log }) => log())).entries;
  const end = 4 + good!.readUInt32LE(0);
  const json = damagedJson(JSON.parse(good!.toString("utf8", 4, end))).map(value => {
    const text = Buffer.from(JSON.stringify(value) ?? "");
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    return Buffer.concat([length, text, good!.subarray(end)]);
  });
  await fuzz(
    fc.oneof(json, damaged(good!), fc.constant(Buffer.from(encodeChange({ pool })))),
    async entry => {
      await rm(logPath(folder, 1), { force: true });
      await store.exclusively(writer => writer.append(manifest, 0, entry));
      await loadAndRoute();
    },
    { runs: 60 },
  );
});
