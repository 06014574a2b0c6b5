import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Router } from "../../lib/router/router.js";
import { RouterStore } from "../../lib/router/store/store.js";
import { letterEmbedder, workload } from "./workload.js";

const { pool, history, queries } = workload;
const limits = { minQuality: 0.8, capacity: { [pool.names[3]!]: 20 } };
let router: Router;
let folder: string;
beforeAll(async () => {
  router = await Router.fit(history, pool, { neighbours: 60 });
});
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "omnirouter saved ")), "router");
});
afterEach(() => rm(join(folder, ".."), { recursive: true }));

describe("a saved router", () => {
  it("routes as the one that was saved did, bit for bit", async () => {
    await router.save(folder);
    const loaded = await Router.load(folder);
    const [before, after] = [await router.route(queries, limits), await loaded.route(queries, limits)];
    expect(after.choice).toEqual(before.choice);
    expect(after.predictions).toEqual(before.predictions);
    expect(after.prices.toJSON()).toEqual(before.prices.toJSON());
    expect(after.totals).toEqual(before.totals);
    expect(loaded.neighbours).toBe(60);
    expect(loaded.embedder).toBe(router.embedder);
  });

  it("still says what its history's reader left out, also when it is saved again", async () => {
    const stranger = { id: "s", query: "q", outcomes: { stranger: { quality: 1 } } };
    const records = [...history, stranger, { query: 3 }];
    const fitted = await Router.fit(records, pool, { onBadRecord: "skip" });
    expect(fitted.report).toMatchObject({ unknownModels: [{ model: "stranger" }], skipped: { count: 1 } });
    await fitted.save(folder);
    await (await Router.load(folder)).save(folder);
    expect((await Router.load(folder)).report).toEqual(fitted.report);
  });

  it("may have been saved before skipped records were counted by kind", async () => {
    const fitted = await Router.fit([...history, { query: 3 }], pool, { onBadRecord: "skip" });
    await fitted.save(folder);
    const older = await RouterStore.open(folder).read(async ({ manifest, bytes }) => {
      const files = new Map<string, Uint8Array>();
      for (const { name } of manifest.files) files.set(name, await bytes(name));
      const meta = JSON.parse(JSON.stringify(manifest.meta), (key, value) =>
        key === "kinds" || key === "kind" ? undefined : value,
      );
      return { files, meta, embedder: manifest.embedder! };
    });
    await RouterStore.open(folder).write(older);
    const { skipped } = (await Router.load(folder)).report;
    expect(skipped).toMatchObject({ count: 1, kinds: [], first: [{ reason: "query must be text, got 3" }] });
  });

  it("refuses a predictor of another history", async () => {
    await router.save(folder);
    const other = await Router.fit([...history, { query: "one more" }], pool, { neighbours: 60 });
    const mixed = await RouterStore.open(folder).read(async ({ manifest, bytes }) => {
      const files = new Map<string, Uint8Array>();
      for (const { name } of manifest.files) files.set(name, await bytes(name));
      return { files, meta: manifest.meta, embedder: manifest.embedder! };
    });
    const elsewhere = `${folder}-other`;
    await other.save(elsewhere);
    mixed.files.set(
      "out-of-fold.bin",
      await RouterStore.open(elsewhere).read(({ bytes }) => bytes("out-of-fold.bin")),
    );
    await RouterStore.open(folder).write(mixed);
    await expect(Router.load(folder)).rejects.toMatchObject({ code: "ERR_OMNI_CORRUPT" });
  });

  it("saves again as it is", async () => {
    await router.save(folder);
    const copy = join(folder, "..", "copy");
    await (await Router.load(folder)).save(copy);
    const sums = async (directory: string) =>
      (await RouterStore.open(directory).manifest()).files.map(({ name, sha256 }) => `${name} ${sha256}`);
    expect(await sums(copy)).toEqual(await sums(folder));
  });

  it("needs the embedder it was fitted with, where that is not the built-in one", async () => {
    const remote = await Router.fit(history, pool, { embedder: letterEmbedder() });
    await remote.save(folder);
    const missing = { code: "ERR_OMNI_EMBEDDER", message: expect.stringContaining("letters") };
    await expect(Router.load(folder)).rejects.toMatchObject(missing);
    await expect(Router.load(folder, { embedder: letterEmbedder("others") })).rejects.toMatchObject(missing);
    const loaded = await Router.load(folder, { embedder: letterEmbedder() });
    expect((await loaded.route(queries, { minQuality: 0.5 })).choice).toEqual(
      (await remote.route(queries, { minQuality: 0.5 })).choice,
    );
  });

  it("is not waited for any longer after an abort, where another writes it", async () => {
    await router.save(folder);
    const controller = new AbortController();
    await RouterStore.open(folder).write({
      files: new Map([
        [
          "pool.json",
          async () => {
            const waiting = router.save(folder, { signal: controller.signal });
            setTimeout(() => controller.abort("enough"), 100);
            await expect(waiting).rejects.toBe("enough");
          },
        ],
      ]),
    });
  });

  it("that an abort interrupts is not there", async () => {
    await expect(router.save(folder, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    await expect(Router.load(folder)).rejects.toMatchObject({ code: "ERR_OMNI_IO" });
    await router.save(folder);
    await expect(Router.load(folder, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
  });

  it("with any file cut short, altered or missing is corrupt", async () => {
    await router.save(folder);
    const generation = join(folder, "generations", "000001");
    for (const name of await readdir(generation)) {
      const path = join(generation, name);
      const whole = await readFile(path);
      const altered = Buffer.from(whole);
      altered[altered.length >> 1]! ^= 1;
      for (const bytes of [whole.subarray(0, -1), altered, undefined]) {
        if (bytes === undefined) await rm(path);
        else await writeFile(path, bytes);
        await expect(Router.load(folder)).rejects.toMatchObject({
          code: "ERR_OMNI_CORRUPT",
          message: expect.stringContaining(name),
        });
      }
      await writeFile(path, whole);
    }
    await Router.load(folder);
  });

  it("of another format is refused as such", async () => {
    await router.save(folder);
    const path = join(folder, "manifest.json");
    await writeFile(path, (await readFile(path, "utf8")).replace('"version": 1', '"version": 2'));
    await expect(Router.load(folder)).rejects.toMatchObject({ code: "ERR_OMNI_VERSION" });
  });

  it("whose parts do not belong together, or that is none, is corrupt", async () => {
    await router.save(folder);
    const smaller = await Router.fit(history.slice(0, 50), pool);
    const other = join(folder, "..", "other");
    await smaller.save(other);
    const parts = async (directory: string) =>
      await RouterStore.open(directory).read(async ({ manifest, bytes }) => {
        const files = new Map<string, Uint8Array>();
        for (const { name } of manifest.files) files.set(name, await bytes(name));
        return { files, meta: manifest.meta, embedder: manifest.embedder! };
      });
    const [large, small] = [await parts(folder), await parts(other)];
    for (const name of ["index.faiss", "history.bin"]) {
      const mixed = new Map(large.files).set(name, small.files.get(name)!);
      await RouterStore.open(folder).write({ ...large, files: mixed });
      await expect(Router.load(folder)).rejects.toMatchObject({ code: "ERR_OMNI_CORRUPT" });
    }
    await RouterStore.open(folder).write({ ...large, meta: { predictor: "dice" } });
    await expect(Router.load(folder)).rejects.toMatchObject({ code: "ERR_OMNI_CORRUPT" });
  });

  it("is not written over a folder of something else, nor for nonsense", async () => {
    await writeFile(join(folder, "..", "notes.txt"), "mine");
    await expect(router.save(join(folder, ".."))).rejects.toMatchObject({ code: "ERR_OMNI_IO" });
    await expect(router.save("")).rejects.toMatchObject({ argument: "directory" });
  });
});
