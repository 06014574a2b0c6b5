import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { Router } from "../../lib/router/router.js";
import { workload } from "./workload.js";

const script = fileURLToPath(new URL("fitting-worker.mjs", import.meta.url));

it("a worker thread that is terminated in the middle of a fit or a routing does no harm", async () => {
  const { pool, history, queries } = workload;
  const router = await Router.fit(history, pool);
  const expected = router.routeSync(queries, { minQuality: 0.8 }).choice;
  for (const stage of ["learn", "embed", "index", "route"]) {
    const worker = new Worker(script, { workerData: stage });
    await once(worker, "message");
    await worker.terminate();
    expect((await router.route(queries, { minQuality: 0.8 })).choice).toEqual(expected);
  }
});
