import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Router } from "../../lib/router/router.js";
import { RouterStore } from "../../lib/router/store/store.js";
import { answers, folder, history, later, pool, saved, useFolder } from "./learning.js";
import { workload } from "./workload.js";

useFolder();

describe("a router with a folder", () => {
  it("has on its disk what it learned", async () => {
    const router = await saved();
    expect(router.directory).toBe(folder);
    for (let at = 0; at < later.length; at += 9) {
      await router.learn(later.slice(at, at + 9));
      if (at % 36 === 0) expect(await answers(await Router.load(folder))).toEqual(await answers(router));
    }
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
  });

  it("makes what it learned part of the generation when it is saved, and drops the log", async () => {
    const router = await saved();
    await router.learn(later.slice(0, 50));
    expect(await readdir(join(folder, "log"))).toEqual(["000001.log"]);
    const expected = await answers(router);
    await router.save(folder);
    expect(await readdir(folder)).not.toContain("log");
    expect(await answers(await Router.load(folder))).toEqual(expected);
    await router.learn(later.slice(50));
    expect(await readdir(join(folder, "log"))).toEqual(["000002.log"]);
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
  });

  it("shares it with other processes: what the others learned or saved is taken in", async () => {
    const one = await saved();
    const two = await Router.load(folder);
    await one.learn(later.slice(0, 20));
    await two.learn(later.slice(20, 40));
    await one.learn(later.slice(40, 60));
    await two.refresh();
    const together = await answers(one);
    expect(await answers(two)).toEqual(together);
    expect(await answers(await Router.load(folder))).toEqual(together);
    // A save loses nothing of the others', and they go on from what it saved.
    await two.learn(later.slice(60, 70));
    await one.save(folder);
    await two.learn(later.slice(70));
    await one.refresh();
    expect(one.report.records).toBe(workload.history.length);
    expect(await answers(two)).toEqual(await answers(one));
    expect(await answers(await Router.load(folder))).toEqual(await answers(one));
  });

  it("learns nothing that the disk refuses, and goes on when it can", async () => {
    const router = await saved();
    const before = await answers(router);
    await writeFile(join(folder, "log"), "in the way of a folder");
    await expect(router.learn(later)).rejects.toMatchObject({ code: "ERR_OMNI_IO" });
    await expect(router.removeModel(pool.names[0]!)).rejects.toMatchObject({ code: "ERR_OMNI_IO" });
    expect(await answers(router)).toEqual(before);
    await rm(join(folder, "log"));
    expect(await router.learn(later)).toMatchObject({ queries: later.length });
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
  });

  it("refuses a log whose entries do not fit the router, though its checksums hold", async () => {
    await saved();
    const append = (text: string) =>
      RouterStore.open(folder).exclusively(async writer => {
        const manifest = (await writer.manifest())!;
        const entry = Buffer.concat([Buffer.alloc(4), Buffer.from(text)]);
        entry.writeUInt32LE(text.length);
        await writer.append(manifest, 0, entry);
      });
    for (const text of [
      "not JSON",
      "{}",
      '{"records":[{"query":3}]}',
      '{"records":[{"query":"no id"}]}',
      '{"records":[{"id":"a new query","query":"without its vector"}]}',
      '{"pool":{"models":[]}}',
      '{"records":[],"levels":[1,1]}',
      '{"records":[],"levels":["many"]}',
    ]) {
      await append(text);
      await expect(Router.load(folder), text).rejects.toMatchObject({ code: "ERR_OMNI_CORRUPT" });
    }
  });

  it("says so when the folder is gone, and can be saved again", async () => {
    const router = await saved();
    await rm(folder, { recursive: true });
    await expect(router.learn(later)).rejects.toMatchObject({ code: "ERR_OMNI_IO" });
    expect(router.report.records).toBe(history.length);
    await router.save(folder);
    await router.learn(later);
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
  });
});
