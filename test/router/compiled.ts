import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Compiles lib/ for child processes, which have no vitest to read TypeScript for them. Below node_modules, so that
 * the packages it imports are found.
 */
export async function compileLibrary(): Promise<{ directory: string; remove(): Promise<void> }> {
  const cache = join(root, "node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  const home = await mkdtemp(join(cache, "omnirouter-"));
  await copyFile(join(root, "package.json"), join(home, "package.json"));
  const directory = join(home, "dist");
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", directory], {
    cwd: root,
  });
  return { directory, remove: () => rm(home, { recursive: true, force: true }) };
}
