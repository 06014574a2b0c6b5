// npm test: set-up as far as needed, then vitest and the native tests. npm run test:full adds what takes long.
// Any argument that is not ours goes to vitest (a file filter, -t NAME); then the native tests are left out.
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import { runAttached } from "./setup/command.mjs";
import { SetupFailed } from "./setup/steps.mjs";
import { root, runScript, setUp } from "./setup.mjs";
import { crossCompiled } from "./test/arm.mjs";
import { ctest } from "./test/ctest.mjs";
import { fuzzing } from "./test/fuzzing.mjs";
import { installedNodes, installNodes } from "./test/nodes.mjs";
import { addressSanitizer, threadSanitizer } from "./test/sanitizers.mjs";
import { installedTools, installTools } from "./test/tools.mjs";

const help = `npm test [-- [--verbose] [VITEST ARGUMENTS]]     npm run test:full

Sets up what is missing, other versions of Node, test runners and bundlers to try the package with among it, then runs vitest (test/**/*.test.ts)
and the native tests (test/native, by ctest); and whether the API reference lacks a docstring.
With arguments for vitest, such as part of a file's name or -t NAME, only vitest runs.
Tests on real records need OMNIROUTER_DATA to name the folder that has them; else they are skipped.

  --full      also the long tests (*.full.test.ts), the lint, the kernels and the solver's bits on 64-bit ARM under qemu,
              and the native code under AddressSanitizer, UndefinedBehaviorSanitizer and ThreadSanitizer, and fuzzed
              (OMNIROUTER_FUZZ_SECONDS for each target, 60 unless set)
  --verbose   show the whole output of set-up`;

/** @typedef {{ name: string, run: () => Promise<number> }} Stage */

/**
 * @param {readonly string[]} filters
 * @param {NodeJS.ProcessEnv} env besides this process's own
 * @returns {Stage}
 */
function vitest(filters, env) {
  const script = join(root, "node_modules", "vitest", "vitest.mjs");
  return {
    name: "vitest",
    run: () =>
      runAttached(process.execPath, [script, "run", ...filters], {
        cwd: root,
        env: { ...process.env, ...env },
      }),
  };
}

/**
 * @param {NodeJS.ProcessEnv} env besides this process's own
 * @returns {Stage}
 */
function native(env) {
  return {
    name: "native tests",
    run: () => ctest(join(root, "build"), undefined, env),
  };
}

/** @type {Stage} */
const documentation = {
  name: "API reference",
  run: () => runAttached("npm", ["run", "--silent", "docs:check"], { cwd: root }),
};

/** @type {Stage} */
const lint = {
  name: "lint",
  run: () => runAttached("npm", ["run", "--silent", "lint"], { cwd: root }),
};

/** @param {readonly Stage[]} stages */
async function runStages(stages) {
  /** @type {{ name: string, passed: boolean, seconds: string }[]} */
  const results = [];
  for (const { name, run } of stages) {
    console.log(`\n── ${name} ──`);
    const started = performance.now();
    const passed = await run().then(
      code => code === 0,
      error => {
        if (!(error instanceof SetupFailed)) throw error;
        console.error(error.message);
        return false;
      },
    );
    results.push({ name, passed, seconds: ((performance.now() - started) / 1000).toFixed(1) });
  }
  console.log("");
  for (const { name, passed, seconds } of results)
    console.log(`  ${passed ? "✓" : "✗"} ${name}: ${passed ? "passed" : "FAILED"} (${seconds} s)`);
  return results.every(result => result.passed) ? 0 : 1;
}

await runScript(async () => {
  const ours = new Set(["--full", "--verbose", "--help"]);
  const options = new Set(process.argv.slice(2).filter(argument => ours.has(argument)));
  const filters = process.argv.slice(2).filter(argument => !ours.has(argument));
  if (options.has("--help")) {
    console.log(help);
    return 0;
  }
  const verbose = options.has("--verbose");
  await setUp({ tests: true, verbose });
  await bundle({ verbose });
  if (process.env.OMNIROUTER_DATA === undefined)
    console.log("  - OMNIROUTER_DATA is not set: tests on real records will be skipped");
  const full = options.has("--full");
  const part = filters.length > 0 && !full;
  const nodes = part ? installedNodes() : await installNodes({ verbose });
  const tools = part ? installedTools() : await installTools({ verbose });
  const env = {
    OMNIROUTER_TEST_NODES: nodes.join("\n"),
    ...(tools === undefined ? {} : { OMNIROUTER_TEST_TOOLS: tools }),
    ...(full ? { OMNIROUTER_TEST_FULL: "1" } : {}),
  };
  if (filters.length > 0) return runStages([vitest(filters, env)]);
  if (!full) return runStages([documentation, vitest([], env), native(env)]);
  return runStages([
    lint,
    documentation,
    vitest([], env),
    native(env),
    crossCompiled({ verbose }),
    addressSanitizer({ verbose }),
    threadSanitizer({ verbose }),
    fuzzing({ verbose }),
  ]);
});
