// The native tests of a build folder.
import { runAttached } from "../setup/command.mjs";

/** Seconds for one test: under a sanitizer or an emulator, minutes become an hour. CTest's own limit is 25 minutes. */
const patience = 3 * 3600;

/**
 * @param {string} folder
 * @param {readonly string[]} [subjects] of test/native; all unless given
 * @param {NodeJS.ProcessEnv} [env] besides this process's own
 */
export function ctest(folder, subjects, env = {}) {
  const args = [
    "--test-dir",
    folder,
    "--output-on-failure",
    "--no-tests=error",
    "--timeout",
    String(patience),
  ];
  if (subjects) args.push("--tests-regex", `^(${subjects.join("|")})$`);
  return runAttached("ctest", args, { env: { ...process.env, ...env } });
}
