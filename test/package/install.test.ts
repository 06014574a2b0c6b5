import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundled, nodes, type Packed, pack } from "./packed.js";

/** What builds the addon, and what it is built from or once needed: none of it may be needed by those who install it. */
const builders = /^lib(faiss|openblas|blas|lapack|gfortran|quadmath|gomp|omp)[.\w-]*$/;
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

let packed: Packed;
let project: string;
beforeAll(() => {
  packed = pack();
  project = join(packed.folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true }));
  execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", packed.tarball], {
    cwd: project,
    stdio: "ignore",
  });
}, 120_000);
afterAll(() => rmSync(packed.folder, { recursive: true }));

/** Files in the linker's folders that stand for the libraries to hide. */
function libraries(): string[] {
  const folders = [
    "/usr/lib",
    "/usr/local/lib",
    ...["x86_64", "aarch64"].map(arch => `/usr/lib/${arch}-linux-gnu`),
  ];
  return folders.flatMap(folder => {
    try {
      return readdirSync(folder)
        .filter(name => builders.test(name))
        .map(name => join(folder, name));
    } catch {
      return [];
    }
  });
}

/** Runs Node in a mount namespace of its own where those libraries are gone, and with nothing but it on PATH. */
function runHidden(node: string, file: string) {
  const path = join(packed.folder, `path of ${nodes.indexOf(node)}`);
  mkdirSync(path, { recursive: true });
  try {
    symlinkSync(node, join(path, "node"));
  } catch {} // there from the run before
  const hide =
    'for f in "$@"; do if [ -d "$f" ]; then mount -t tmpfs none "$f"; else mount --bind /dev/null "$f"; fi || exit 99; done';
  const run = `node=$1 file=$2; shift 2; ${hide}; PATH=${JSON.stringify(path)}; exec "$node" "$file"`;
  return spawnSync("unshare", ["--mount", "sh", "-c", run, "sh", node, file, ...libraries()], {
    cwd: project,
    env: { HOME: packed.folder, PATH: process.env.PATH },
    encoding: "utf8",
  });
}

const canHide = process.platform === "linux" && spawnSync("unshare", ["--mount", "true"]).status === 0;
if (!canHide)
  console.log(
    "Nothing can be hidden here (it takes Linux and the right to unshare): the package is tried as it is.",
  );

describe.each(nodes)("installed by npm, its install scripts blocked: %s", node => {
  const run = (file: string) =>
    canHide
      ? runHidden(node, file)
      : spawnSync(node, [file], { cwd: project, env: { PATH: process.env.PATH }, encoding: "utf8" });

  it("loads by import and by require as one instance, in worker threads too", () => {
    const { status, stdout, stderr } = run(script("smoke.mjs"));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ same: true, signals: [] }); // to load it is not to take over the process's signals
    expect(result.workers).toEqual([1, 2, 3].map(() => ({ code: 0, threads: result.main })));
    expect(`v${result.version}`).toBe(execFileSync(node, ["--version"], { encoding: "utf8" }).trim());
  });

  it("fits a router and routes a batch", () => {
    const { status, stdout, stderr } = run(script("first-batch.mjs"));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ feasible: true, models: expect.arrayContaining(["small"]) });
  });
});

it.runIf(canHide)("hides what it says it hides", () => {
  const file = join(packed.folder, "sizes.mjs");
  writeFileSync(
    file,
    `import { statSync } from "node:fs"; console.log(${JSON.stringify(libraries())}.every(f => statSync(f).size === 0));`,
  );
  expect(libraries().length).toBeGreaterThan(0);
  expect(runHidden(process.execPath, file).stdout).toBe("true\n");
});

it("has the addon of this machine's kind in it, as it was bundled", () => {
  const home = join(project, "node_modules", "@omnirouter", "core", "prebuilds");
  const [target = ""] = readdirSync(home).filter(name => bundled.includes(name));
  expect(readFileSync(join(home, target, "omnirouter.node")).equals(readFileSync(bundled))).toBe(true);
});
