// npm run setup: everything a fresh checkout lacks, from system libraries to dist/. Plain Node, because it runs before
// anything is installed; each step looks first and leaves what is up to date alone.
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { buildNative, checkAddon, releaseBuild } from "./setup/addon.mjs";
import { provideLibraries } from "./setup/libraries.mjs";
import { thisMachine } from "./setup/machine.mjs";
import { installPackages } from "./setup/packages.mjs";
import { SetupFailed, Steps } from "./setup/steps.mjs";
import { buildTypeScript } from "./setup/typescript.mjs";

export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");
const cache = join(root, ".cache", "setup");

/**
 * @param {{ tests?: boolean, verbose?: boolean }} [options] `tests`: whether the native tests are wanted too
 * @throws {SetupFailed} saying what to do
 */
export async function setUp({ tests = false, verbose = false } = {}) {
  requireNode();
  const machine = thisMachine();
  const steps = new Steps({ logs: cache, verbose });
  await steps.step(
    "system libraries",
    progress => provideLibraries(machine, { tests }, progress),
    installed =>
      installed.length === 0 ? "found" : `installed ${installed.map(({ name }) => name).join(", ")}`,
  );
  await steps.step(
    "npm packages",
    progress => installPackages(root, progress),
    done => (done ? "installed" : "up to date"),
  );
  await steps.step(
    tests ? "native addon and tests" : "native addon",
    async progress => {
      const done = await buildNative(root, releaseBuild({ tests }), machine, progress);
      await checkAddon(root);
      return done;
    },
    done => (done ? "built" : "up to date"),
  );
  await steps.step(
    "TypeScript",
    progress => buildTypeScript(root, join(cache, "typescript.sha256"), progress),
    done => (done ? "built" : "up to date"),
  );
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new SetupFailed(
      `Node 20.19 or later is needed; this is ${process.version}. See https://nodejs.org`,
    );
}

/**
 * Runs a script's main function: a known failure is told in its own words, and the exit code is 1.
 * @param {() => Promise<number | void>} main resolves with the exit code
 */
export async function runScript(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof SetupFailed)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}

const help = `npm run setup [-- --tests] [-- --verbose]

Installs the system libraries, the npm packages and builds the native addon and the TypeScript, as far as they are
missing or out of date.

  --tests     the native tests too
  --verbose   show the whole output of every command`;

if (import.meta.url === pathToFileURL(resolve(process.argv[1] ?? "")).href)
  await runScript(async () => {
    const { values } = parseArgs({
      options: {
        tests: { type: "boolean" },
        verbose: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) console.log(help);
    else await setUp(values);
  });
