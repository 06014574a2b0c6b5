// Learns one record after the other in a saved router until it is killed, and says so after each that is acknowledged.
// node learner.mjs COMPILED_LIBRARY FOLDER NAME [COUNT]
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [library = "", folder, name, count = "1000000"] = process.argv.slice(2);
const { Router } = await import(pathToFileURL(join(library, "router", "router.js")).href);
const router = await Router.load(folder);
const [model] = router.pool.names;
process.stdout.write("loaded\n");
for (let number = 0; number < Number(count); number++) {
  const id = `${name}:${number}`;
  await router.learn([
    { id, query: `question ${id}`, outcomes: { [model]: { quality: 1, outputTokens: number } } },
  ]);
  process.stdout.write(`learned ${id}\n`);
  if (number % 40 === 39) {
    await router.save(folder);
    process.stdout.write("saved\n");
  }
}
