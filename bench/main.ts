// What run.mjs starts once everything is built: main.js assign|peers|prediction|promises|install|worst|soak OPTIONS...
import { join } from "node:path";
import { benchAssign } from "./assign.js";
import { benchInstall } from "./install.js";
import { HELP, parseOptions } from "./options.js";
import { comparePeers } from "./peers.js";
import { benchPrediction } from "./prediction.js";
import { benchPromises } from "./promises.js";
import { writeSection } from "./report.js";
import { soak } from "./soak.js";
import { benchWorstCase } from "./worst-case.js";

/** The folder of this file's source; the compiled form lies elsewhere. */
const sources = process.env.OMNIROUTER_BENCH_SOURCES!;

const [which, ...args] = process.argv.slice(2);
const options = parsed(args);
if (options === "help") console.log(HELP);
else if (options !== undefined) {
  const text =
    which === "peers"
      ? await comparePeers(options, join(sources, "peers"))
      : which === "install"
        ? benchInstall(join(sources, ".."))
        : which === "prediction"
          ? await benchPrediction(options)
          : which === "promises"
            ? await benchPromises(options)
            : which === "worst"
              ? await benchWorstCase(options)
              : which === "soak"
                ? await soak(options)
                : await benchAssign(options, process.env.OMNIROUTER_STREAM_READ!);
  if (options.markdown) writeSection(join(sources, "README.md"), which!, text);
}

/** Undefined, and said why, for options that are none. */
function parsed(words: readonly string[]): ReturnType<typeof parseOptions> | undefined {
  try {
    return parseOptions(words);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exitCode = 2;
    return undefined;
  }
}
