// What run.mjs starts once everything is built: main.js assign|peers OPTIONS...
import { join } from "node:path";
import { benchAssign } from "./assign.js";
import { HELP, parseOptions } from "./options.js";
import { comparePeers } from "./peers.js";
import { writeSection } from "./report.js";

/** The folder of this file's source; the compiled form lies elsewhere. */
const sources = process.env.OMNIROUTER_BENCH_SOURCES!;

const [which, ...args] = process.argv.slice(2);
try {
  const options = parseOptions(args);
  if (options === "help") console.log(HELP);
  else {
    const text =
      which === "peers"
        ? await comparePeers(options, join(sources, "peers"))
        : await benchAssign(options, process.env.OMNIROUTER_STREAM_READ!);
    if (which !== "peers") console.log(`\n${text}`);
    if (options.markdown) writeSection(join(sources, "README.md"), which!, text);
  }
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n\n${HELP}`);
  process.exitCode = 2;
}
