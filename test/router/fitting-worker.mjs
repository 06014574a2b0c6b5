// Fits and routes until it is terminated; says when it has reached the stage that it was given.
import { parentPort, workerData } from "node:worker_threads";

/** @type {typeof import("../../lib/index.js")} */
const { Router, simulateWorkload } = await import(new URL("../../dist/index.js", import.meta.url).href);
const { history, pool, queries } = simulateWorkload({ records: 400, queries: 2000, seed: 7 });
for (;;) {
  const router = await Router.fit(history, pool, {
    onProgress: ({ stage }) => stage === workerData && parentPort?.postMessage(stage),
  });
  if (workerData === "route") parentPort?.postMessage("route");
  await router.route(queries, { minQuality: 0.8 });
}
