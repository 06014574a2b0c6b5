// The test runners and bundlers that the package is tried with, as test/package/tools/package-lock.json has them. They are no
// development dependencies: nobody who works on the package needs them, and they are as many packages as all others together.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { npm } from "../setup/packages.mjs";
import { Steps } from "../setup/steps.mjs";
import { root } from "../setup.mjs";

const locked = join(root, "test", "package", "tools");
const folder = join(root, ".cache", "tools");
const done = join(folder, "node_modules", ".package-lock.json");

/** @param {string} at */
const lockIn = at => readFileSync(join(at, "package-lock.json"), "utf8");
const areCurrent = () => existsSync(done) && lockIn(folder) === lockIn(locked);

/** The folder, where they are here already. */
export const installedTools = () => (areCurrent() ? folder : undefined);

/**
 * @param {{ verbose: boolean }} options
 * @returns {Promise<string>} the folder that has them in its node_modules
 */
export async function installTools({ verbose }) {
  const steps = new Steps({ logs: folder, verbose });
  return steps.step(
    "Test runners and bundlers",
    async () => {
      if (areCurrent()) return folder;
      rmSync(done, { force: true });
      mkdirSync(folder, { recursive: true });
      for (const name of ["package.json", "package-lock.json"])
        copyFileSync(join(locked, name), join(folder, name));
      const options = ["--ignore-scripts", "--no-audit", "--no-fund"];
      await npm(["ci", ...options], { cwd: folder, echo: verbose });
      return folder;
    },
    () => "installed",
  );
}
