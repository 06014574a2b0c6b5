import { spawnSync } from "node:child_process";
import { copyFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkout, consumer, type Packed, pack, tools } from "./packed.js";

let packed: Packed;
let project: string;
beforeAll(() => {
  packed = pack();
  project = consumer(packed);
  const modules = join(checkout, "node_modules");
  symlinkSync(join(modules, "vitest"), join(project, "node_modules", "vitest"), "dir");
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", type: "module" }));
  writeFileSync(join(project, "vitest.config.mjs"), "export default { test: { globals: true } };");
  copyFileSync(fileURLToPath(new URL("realm.mjs", import.meta.url)), join(project, "realm.test.mjs"));
}, 60_000);
afterAll(() => rmSync(packed.folder, { recursive: true }));

/** Runs a test runner in the project. */
function run(script: string, ...options: string[]) {
  const { VITEST, VITEST_POOL_ID, VITEST_WORKER_ID, NODE_ENV, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--experimental-vm-modules", "--no-warnings", script, ...options],
    { cwd: project, env: { ...env, NO_COLOR: "1" }, encoding: "utf8" },
  );
  return { status, said: `${stdout}${stderr}` };
}

describe("the packed package in a test runner's realm", () => {
  it.each(["vmThreads", "vmForks"])("Vitest's %s", pool => {
    const { status, said } = run(
      join(checkout, "node_modules", "vitest", "vitest.mjs"),
      ...["run", "--pool", pool],
    );
    expect(said).toMatch(/Tests +5 passed/);
    expect(status).toBe(0);
  });

  it.runIf(tools !== undefined)("Jest in ESM mode", () => {
    const options = [
      "--rootDir",
      project,
      "--testMatch",
      "**/*.test.mjs",
      "--transform",
      "{}",
      "--watchman=false",
    ];
    const { status, said } = run(join(tools!, "node_modules", "jest", "bin", "jest.js"), ...options);
    expect(said).toMatch(/Tests: +5 passed/);
    expect(status).toBe(0);
  });
});
