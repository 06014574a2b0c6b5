// Saves in a loop until it is killed, or has saved often enough; says so after each save.
// node saver.mjs COMPILED_LIBRARY FOLDER FIRST_NUMBER COUNT [stall]
// With "stall", it stops in the middle of a save until its standard input ends.
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [library = "", folder, first, count, stall] = process.argv.slice(2);
const { RouterStore } = await import(pathToFileURL(join(library, "router", "store", "store.js")).href);
const store = RouterStore.open(folder);
for (let number = Number(first); number < Number(first) + Number(count); number++) {
  const piece = Buffer.alloc(200_000, `${number};`);
  /** @type {Map<string, Uint8Array | ((write: (bytes: Uint8Array) => Promise<void>) => Promise<void>)>} */
  const files = new Map();
  files.set("history.bin", piece);
  files.set("empty.bin", new Uint8Array(0));
  files.set("index.faiss", async (/** @type {(bytes: Uint8Array) => Promise<void>} */ write) => {
    for (let part = 0; part < 3; part++) await write(piece);
    if (stall) {
      process.stdout.write("stalled\n");
      await new Promise(resolve => process.stdin.once("end", resolve).resume());
    }
  });
  const { generation } = await store.write({ files, embedder: `text-${number}`, meta: { number } });
  process.stdout.write(`saved ${number} as ${generation}\n`);
}
