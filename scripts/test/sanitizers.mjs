// The native code once more, built with the sanitizers of the compiler.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { buildNative } from "../setup/addon.mjs";
import { runAttached } from "../setup/command.mjs";
import { thisMachine } from "../setup/machine.mjs";
import { Steps } from "../setup/steps.mjs";
import { root } from "../setup.mjs";
import { ctest } from "./ctest.mjs";

/**
 * Memory errors and undefined behaviour: the native tests, then vitest on an instrumented addon.
 * @param {{ verbose: boolean }} options
 */
export function addressSanitizer({ verbose }) {
  return {
    name: "AddressSanitizer and UndefinedBehaviorSanitizer",
    run: async () => {
      const folder = await addressSanitized({ verbose });
      const native = await ctest(folder);
      if (process.platform !== "linux") {
        console.log("The addon itself is tried under AddressSanitizer on Linux only: skipped here.");
        return native;
      }
      // npm, tsc and set-up have none of our native code in them.
      const others = ["test/package/{package,install}.*", "test/scripts/**"];
      const addon = await vitestOnAddon(
        folder,
        others.flatMap(path => ["--exclude", path]),
      );
      return native || addon;
    },
  };
}

/** The build folder with everything under both sanitizers. @param {{ verbose: boolean }} options */
export function addressSanitized({ verbose }) {
  return build("build/address-sanitizer", "address,undefined", { addon: true, verbose });
}

/**
 * vitest on the addon of {@link addressSanitized}, on Linux.
 * @param {string} folder
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env] besides this process's own
 */
export function vitestOnAddon(folder, args, env = {}) {
  // Node itself is not instrumented, so the run-time library has to be there before it, and what V8 does not free at
  // exit is no leak of ours. More memory than there is gets no answer, as it does elsewhere: an error in JavaScript.
  const runtime = execFileSync("c++", ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim();
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  return runAttached(process.execPath, [vitest, "run", ...args], {
    cwd: root,
    env: {
      ...process.env,
      ...env,
      LD_PRELOAD: runtime,
      ASAN_OPTIONS: "detect_leaks=0:allocator_may_return_null=1",
      UBSAN_OPTIONS: "print_stacktrace=1",
      OMNIROUTER_BINDING: join(folder, "Release", "omnirouter.node"),
    },
  });
}

/**
 * Data races: the native tests of what runs on several threads.
 * @param {{ verbose: boolean }} options
 */
export function threadSanitizer({ verbose }) {
  return {
    name: "ThreadSanitizer",
    run: async () => {
      const subjects = ["compute", "retrieval"];
      const targets = [...subjects, "assignment"].map(subject => `test_${subject}`);
      const folder = await build("build/thread-sanitizer", "thread", { addon: false, targets, verbose });
      const whole = await ctest(folder, subjects);
      // Most tests of the solver never leave their thread; these solve on several, and tell them to stop.
      const files = ["determinism", "time_limit"].map(name => `*${name}_test.cc`).join(",");
      const solver = await runAttached(join(folder, "test", "native", "test_assignment"), [
        `--source-file=${files}`,
      ]);
      return whole || solver;
    },
  };
}

/**
 * @param {string} folder
 * @param {string} sanitizers
 * @param {{ addon: boolean, targets?: readonly string[], verbose: boolean }} options
 */
async function build(folder, sanitizers, { addon, targets, verbose }) {
  const settings = {
    CMAKE_BUILD_TYPE: "RelWithDebInfo",
    OMNIROUTER_ADDON: addon ? "ON" : "OFF",
    OMNIROUTER_TESTS: "ON",
    OMNIROUTER_SANITIZE: sanitizers,
  };
  await new Steps({ logs: join(root, ".cache", "setup"), verbose }).step(
    folder,
    progress =>
      buildNative(
        root,
        { folder, settings, addon, ...(targets ? { targets } : {}) },
        thisMachine(),
        progress,
      ),
    done => (done ? "built" : "up to date"),
  );
  return join(root, folder);
}
