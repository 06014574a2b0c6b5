// dist/ from lib/. tsc takes two seconds even with nothing to do, so a fingerprint of its inputs is kept.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "./command.mjs";

/**
 * @param {string} root
 * @param {string} stamp where the fingerprint of the last build is kept
 * @param {import("./steps.mjs").Progress} progress
 * @returns {Promise<boolean>} whether there was anything to do
 */
export async function buildTypeScript(root, stamp, progress) {
  const fingerprint = fingerprintOf(root);
  const built = existsSync(join(root, "dist", "index.js"));
  if (built && existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint) return false;
  rmSync(stamp, { force: true });
  rmSync(join(root, "dist"), { recursive: true, force: true }); // a deleted source leaves no output behind
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  await run(process.execPath, [compiler, "-p", "tsconfig.build.json"], { cwd: root, echo: progress.verbose });
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, fingerprint);
  return true;
}

/** @param {string} root */
function fingerprintOf(root) {
  const sources = readdirSync(join(root, "lib"), { recursive: true, encoding: "utf8" })
    .filter(name => name.endsWith(".ts"))
    .map(name => join("lib", name))
    .sort();
  const hash = createHash("sha256");
  for (const name of [...sources, "tsconfig.json", "tsconfig.build.json", "package-lock.json"])
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(root, name)))
      .update("\0");
  return hash.digest("hex");
}
