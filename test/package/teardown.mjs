// A process that ends, or whose worker threads end, while native work is under way. What it does is its argument; it
// prints what it lived to see.
import process from "node:process";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

/** @type {typeof import("../../lib/index.js")} */
const { VectorIndex } = await import(new URL("../../dist/index.js", import.meta.url).href);

const dimension = 64;

/** Every kind of work at once, none of which is done soon: a graph is built while searches and additions go on. */
function begin() {
  const rows = 8000;
  const vectors = Float32Array.from({ length: rows * dimension }, (_, i) => Math.sin(i * i));
  const index = new VectorIndex(dimension, { kind: "hnsw" });
  index.add(vectors);
  const pending = [
    index.settled(),
    index.addAsync(vectors),
    index.searchAsync(vectors.subarray(0, dimension * 64), 10),
  ];
  return Promise.all(pending).then(() => index.size);
}

/** @type {Record<string, () => unknown>} */
const endings = {
  exit: () => {
    begin();
    process.exit(7);
  },
  throw: () => {
    begin();
    setImmediate(() => {
      throw new Error("uncaught");
    });
  },
  // Nobody waits but the event loop.
  wait: () => {
    begin().then(size => console.log(`done: ${size} rows`));
  },
  terminate: async () => {
    await Promise.all(
      [0, 10, 50, 100].map(async delay => {
        const worker = new Worker(new URL(import.meta.url), { workerData: "begin" });
        await new Promise(resolve => worker.once("message", resolve));
        await new Promise(resolve => setTimeout(resolve, delay));
        await worker.terminate();
      }),
    );
    console.log(`afterwards: ${await begin()} rows`);
  },
};

if (isMainThread) await endings[process.argv[2] ?? ""]?.();
else if (workerData === "begin") {
  begin();
  parentPort?.postMessage("begun");
}
