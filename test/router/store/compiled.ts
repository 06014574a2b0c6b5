import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * Turns lib/ into JavaScript for child processes, which have no vitest to read TypeScript for them. Below node_modules,
 * so that the packages it imports are found. Types are not checked: that is the linter's work, and slow.
 */
export async function compileLibrary(): Promise<{ directory: string; remove(): Promise<void> }> {
  const cache = join(root, "node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  const home = await mkdtemp(join(cache, "omnirouter-"));
  await copyFile(join(root, "package.json"), join(home, "package.json"));
  const directory = join(home, "dist");
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  for (const path of await readdir(join(root, "lib"), { recursive: true })) {
    if (!path.endsWith(".ts")) continue;
    const source = await readFile(join(root, "lib", path), "utf8");
    const compiled = join(directory, path.replace(/\.ts$/, ".js"));
    await mkdir(dirname(compiled), { recursive: true });
    await writeFile(compiled, ts.transpileModule(source, { compilerOptions }).outputText);
  }
  return { directory, remove: () => rm(home, { recursive: true, force: true }) };
}
