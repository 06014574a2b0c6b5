// The command's frame as a process of its own, with one command that writes lines until something stops it.
import process from "node:process";
import { setImmediate } from "node:timers/promises";

/** @param {string} name the built module, for Node 20 runs no TypeScript */
const built = name => import(new URL(`../../dist/cli/${name}`, import.meta.url).href);
/** @type {typeof import("../../lib/cli/output.js")} */
const { withOutput } = await built("output.js");
/** @type {typeof import("../../lib/cli/program.js")} */
const { runProgram } = await built("program.js");

process.exitCode = await runProgram(process.argv.slice(2), process, [
  (program, session) =>
    program
      .command("endless")
      .option("--out <file>")
      .option("--stubborn", "do not look at the signal")
      .action(({ out, stubborn }) =>
        withOutput(out, session, async write => {
          for (let line = 0; ; ++line) {
            if (stubborn) await setImmediate();
            else await write(`line ${line} ${"x".repeat(100)}\n`);
            // Tells the test that the file is being written.
            if (line === 2000) process.stderr.write("writing\n");
            if (line % 100 === 0) await setImmediate();
          }
        }),
      ),
]);
