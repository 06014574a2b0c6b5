// node_modules as package-lock.json wants it.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";

/**
 * Compares what npm noted when it last installed with what the lockfile asks for; dates lie after a checkout.
 * @param {string} root
 */
export function packagesAreCurrent(root) {
  const wanted = lockedPackages(join(root, "package-lock.json"));
  const installed = lockedPackages(join(root, "node_modules", ".package-lock.json"));
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    const found = installed[path];
    if (found === undefined) return entry.optional === true; // another platform's binary
    return (
      found.version === entry.version &&
      found.integrity === entry.integrity &&
      existsSync(join(root, path, "package.json"))
    );
  });
}

/**
 * @param {string} path
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }> | undefined}
 */
function lockedPackages(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} root
 * @param {import("./steps.mjs").Progress} progress
 */
export async function installPackages(root, progress) {
  if (packagesAreCurrent(root)) return false;
  await npm(["ci", "--no-audit", "--no-fund"], {
    cwd: root,
    echo: progress.verbose,
    onLine: progress.update,
  });
  return true;
}

/**
 * The npm that started us, or PATH's.
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} options
 */
export function npm(args, options) {
  const script = process.env.npm_execpath;
  return script !== undefined && /npm-cli\.[cm]?js$/.test(script)
    ? run(process.execPath, [script, ...args], options)
    : run("npm", args, options);
}
