// What comes from outside, made up: the native entry points on bytes of libFuzzer's (test/native/fuzz), and the addon and
// all readers on what fast-check alters (test/fuzz), under the sanitizers.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildNative } from "../setup/addon.mjs";
import { runAttached } from "../setup/command.mjs";
import { thisMachine } from "../setup/machine.mjs";
import { Steps } from "../setup/steps.mjs";
import { root } from "../setup.mjs";
import { addressSanitized, vitestOnAddon } from "./sanitizers.mjs";

const targets = ["assignment", "text_embedder", "predictor", "neighbours", "index_file"];
/** @param {string} target */
const executable = target => `fuzz_${target}`;

/**
 * Runs every target, and every test of test/fuzz, for OMNIROUTER_FUZZ_SECONDS, 60 by default. It starts from what is kept in
 * test/native/fuzz/corpus/<target>; what libFuzzer learns beyond that goes to .cache/fuzz/<target>, for the next time, and an
 * input that breaks a promise is written beside it.
 * @param {{ verbose: boolean }} options
 */
export function fuzzing({ verbose }) {
  return {
    name: "fuzzing",
    run: async () => {
      const missing = whatIsMissing();
      if (missing !== undefined) {
        console.log(missing);
        return 0;
      }
      const seconds = Number(process.env.OMNIROUTER_FUZZ_SECONDS ?? 60);
      const folder = await build({ verbose });
      for (const target of targets) {
        const corpus = join(root, ".cache", "fuzz", target);
        mkdirSync(corpus, { recursive: true });
        console.log(`${target}: ${seconds} s`);
        const code = await runAttached(join(folder, "test", "native", "fuzz", executable(target)), [
          `-max_total_time=${seconds}`,
          "-len_control=0",
          "-max_len=2048",
          "-timeout=60",
          "-verbosity=0",
          "-print_funcs=0",
          "-print_final_stats=1",
          `-artifact_prefix=${corpus}-`,
          corpus,
          join(root, "test", "native", "fuzz", "corpus", target),
        ]);
        if (code !== 0) return code;
      }
      const env = { OMNIROUTER_FUZZING: String(seconds) };
      return vitestOnAddon(await addressSanitized({ verbose }), ["test/fuzz", "--testTimeout", "0"], env);
    },
  };
}

/** Debian's clang comes without the fuzzer's run-time library, so a target is linked to see. */
function whatIsMissing() {
  const advice =
    "Fuzzing is skipped: it takes clang and libFuzzer. Run: sudo apt-get install clang libclang-rt-14-dev";
  if (process.platform !== "linux") return "Fuzzing is set up for Linux only: skipped here.";
  const folder = mkdtempSync(join(tmpdir(), "omnirouter-fuzz-"));
  try {
    execFileSync("clang++", ["-x", "c++", "-", "-fsanitize=fuzzer,address", "-o", join(folder, "probe")], {
      input: 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }',
      stdio: ["pipe", "ignore", "ignore"],
    });
    return undefined;
  } catch {
    return advice;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {{ verbose: boolean }} options */
async function build({ verbose }) {
  const folder = "build/fuzz";
  /** @param {string} command CMake remembers compilers by their whole path */
  const path = command => execFileSync("which", [command], { encoding: "utf8" }).trim();
  const settings = {
    CMAKE_BUILD_TYPE: "RelWithDebInfo",
    CMAKE_C_COMPILER: path("clang"),
    CMAKE_CXX_COMPILER: path("clang++"),
    OMNIROUTER_ADDON: "OFF",
    OMNIROUTER_FUZZ: "ON",
    OMNIROUTER_SANITIZE: "fuzzer-no-link,address,undefined",
  };
  await new Steps({ logs: join(root, ".cache", "setup"), verbose }).step(
    folder,
    progress =>
      buildNative(
        root,
        { folder, settings, addon: false, targets: targets.map(executable) },
        thisMachine(),
        progress,
      ),
    done => (done ? "built" : "up to date"),
  );
  return join(root, folder);
}
