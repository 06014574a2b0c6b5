// What is peculiar to 64-bit ARM, cross-compiled, and run under qemu, which has NEON: the solver's kernels, and every bit of
// set problems' solutions as on x86 (test/native/assignment/golden_test.cc). The solver's other tests would tell no more,
// and take hours: emulated, floating point is more than a hundred times slower.
import { join } from "node:path";
import { buildNative } from "../setup/addon.mjs";
import { runAttached } from "../setup/command.mjs";
import { thisMachine } from "../setup/machine.mjs";
import { Steps } from "../setup/steps.mjs";
import { root } from "../setup.mjs";

const tools = ["aarch64-linux-gnu-g++", "qemu-aarch64"];
/** Of each subject of test/native, the files. What is left of the others without FAISS has no NEON code. */
const tests = {
  compute: ["cpu"],
  assignment: ["first_bend", "golden", "least_reduced", "screen_rows", "softmin_pairs", "values_within"],
};
/** Not every version of qemu starts a program's second thread; the bits are the same for any number. */
const env = { ...process.env, OMNIROUTER_THREADS: "1" };

/** @param {{ verbose: boolean }} options */
export function crossCompiled({ verbose }) {
  return {
    name: "64-bit ARM",
    run: async () => {
      const machine = thisMachine();
      if (process.arch === "arm64") {
        console.log("This machine is one: the native tests have run on it. Skipped here.");
        return 0;
      }
      const missing = tools.filter(tool => !machine.has(tool));
      if (missing.length > 0) {
        console.log(
          `The ARM tests are skipped: ${missing.join(" and ")} not found. ` +
            "Run: sudo apt-get install g++-aarch64-linux-gnu qemu-user",
        );
        return 0;
      }
      const folder = "build/aarch64";
      const targets = Object.keys(tests).map(subject => `test_${subject}`);
      const settings = {
        CMAKE_BUILD_TYPE: "Release",
        CMAKE_TOOLCHAIN_FILE: join(root, "cmake", "aarch64-linux-gnu.cmake"),
        OMNIROUTER_ADDON: "OFF",
        OMNIROUTER_RETRIEVAL: "OFF",
        OMNIROUTER_TESTS: "ON",
      };
      await new Steps({ logs: join(root, ".cache", "setup"), verbose }).step(
        folder,
        progress => buildNative(root, { folder, settings, addon: false, targets }, machine, progress),
        done => (done ? "built" : "up to date"),
      );
      for (const [subject, names] of Object.entries(tests)) {
        const test = join(root, folder, "test", "native", `test_${subject}`);
        const files = `--source-file=${names.map(name => `*${name}_test.cc`).join(",")}`;
        const code = await runAttached("qemu-aarch64", ["-L", "/usr/aarch64-linux-gnu", test, files], {
          env,
        });
        if (code !== 0) return code;
      }
      return 0;
    },
  };
}
