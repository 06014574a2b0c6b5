import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { Router } from "../../lib/router/router.js";
import { all, answers, folder, history, later, pool, saved, useFolder } from "./learning.js";
import { workload } from "./workload.js";

useFolder();
const { names } = pool;

describe("a refit", () => {
  it("is a fit on all that is known, and is saved", async () => {
    const router = await saved();
    await router.learn(later);
    await router.refit();
    const fitted = await Router.fit(workload.history, pool);
    expect(await answers(router)).toEqual(await answers(fitted));
    expect(router.embedder).toBe(fitted.embedder);
    expect(await answers(await Router.load(folder))).toEqual(await answers(fitted));
    expect(await readdir(folder)).not.toContain("log");
  });

  it("remembers what the first fit was told, also after a load", async () => {
    const router = await Router.fit(history, pool, { neighbours: 17, seed: 3 });
    await router.save(folder);
    const loaded = await Router.load(folder);
    await loaded.learn(later);
    await loaded.refit();
    expect(await answers(loaded)).toEqual(
      await answers(await Router.fit(workload.history, pool, { neighbours: 17, seed: 3 })),
    );
    await loaded.refit({ neighbours: 20 });
    expect(loaded.neighbours).toBe(20);
  });

  it("loses nothing that is learned meanwhile, and is one at a time", async () => {
    const router = await saved();
    let learned = 0;
    const refit = router.refit({
      onProgress: ({ stage }) => {
        if (stage !== "embed" || learned > 0) return;
        learned = 1;
        void router.learn(later.slice(0, 30));
      },
    });
    await expect(router.refit()).rejects.toMatchObject({ code: "ERR_OMNI_BUSY" });
    const known = { ...history[0]!, outcomes: all(0.125) };
    const learning = [
      router.learn([known]),
      router.learn(later.slice(30)),
      router.addModel({ name: "late", inputPer1M: 1, outputPer1M: 1 }),
    ];
    await Promise.all([refit, ...learning]);
    const now = { ...history[0]!, ...known };
    const expected = await Router.fit(history, pool);
    await expected.learn([now, ...later]);
    await expected.addModel({ name: "late", inputPer1M: 1, outputPer1M: 1 });
    expect(router.report).toEqual(expected.report);
    expect(await answers(await Router.load(folder))).toEqual(await answers(router));
    expect((await router.predict([history[0]!.query])).quality.length).toBe(names.length + 1);
  });

  it("that is stopped or overtaken changes nothing", async () => {
    const router = await saved();
    const before = await answers(router);
    const controller = new AbortController();
    const reason = new Error("stop");
    const stopped = router.refit({ signal: controller.signal, onProgress: () => controller.abort(reason) });
    await expect(stopped).rejects.toBe(reason);
    await expect(router.refit({ neighbours: 0 })).rejects.toMatchObject({ argument: "options.neighbours" });
    expect(await answers(router)).toEqual(before);

    const other = await Router.load(folder);
    await other.learn(later);
    const refit = router.refit();
    await other.save(folder);
    await expect(refit).rejects.toMatchObject({ code: "ERR_OMNI_SUPERSEDED" });
    expect(await answers(router)).toEqual(await answers(other));
    await router.refit();
    expect(router.report.records).toBe(workload.history.length);
  });
});
