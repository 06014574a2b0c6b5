// What an application does first, run in a project that depends on the packed package: both ways of loading it, and the
// addon in the main thread and in worker threads. Prints one line of JSON.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

const name = "@omnirouter/core";
const require = createRequire(join(process.cwd(), "index.mjs"));
const entry = require.resolve(name);
const imported = await import(pathToFileURL(entry).href);
const required = require(name);
const signals = ["SIGINT", "SIGTERM", "SIGHUP"].filter(signal => process.listenerCount(signal) > 0);

const binding = pathToFileURL(join(entry, "..", "binding.js")).href;
const source = `
  const { parentPort } = require("node:worker_threads");
  import(${JSON.stringify(binding)}).then(({ binding }) => parentPort.postMessage(binding().threads()));
`;
const workers = await Promise.all(
  [1, 2, 3].map(
    () =>
      new Promise((resolve, reject) => {
        const worker = new Worker(source, { eval: true });
        /** @type {number | undefined} */
        let answer;
        worker.on("message", threads => {
          answer = threads;
        });
        worker.on("error", reject);
        worker.on("exit", code => resolve({ code, threads: answer }));
      }),
  ),
);
const main = (await import(binding)).binding().threads();

console.log(
  JSON.stringify({
    version: process.versions.node,
    same: imported.OmniRouterError === required.OmniRouterError && imported.OmniRouterError !== undefined,
    exports: Object.keys(imported).sort(),
    signals,
    main,
    workers,
  }),
);
