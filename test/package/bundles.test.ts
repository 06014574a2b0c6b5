import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { version } from "../../lib/version.js";
import { bundled, consumer, type Packed, pack, tools } from "./packed.js";

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

let packed: Packed;
let project: string;
beforeAll(() => {
  if (tools === undefined) return;
  packed = pack();
  project = consumer(packed);
  for (const name of ["app.mjs", "sea-addon.mjs"]) copyFileSync(script(name), join(project, name));
}, 60_000);
afterAll(() => {
  if (tools !== undefined) rmSync(packed.folder, { recursive: true });
});

/** Bundles an entry of the project into a folder where the package is not to be found. */
function bundle(bundler: string, entry = "app.mjs"): string {
  const folder = join(packed.folder, "deployed", bundler, "server");
  mkdirSync(folder, { recursive: true });
  // What a bundle beside the application's package.json must not take for its own.
  writeFileSync(
    join(folder, "..", "package.json"),
    JSON.stringify({ name: "application", version: "9.9.9" }),
  );
  execFileSync(process.execPath, [script("bundle.mjs"), tools!, bundler, join(project, entry), folder]);
  return folder;
}

/** What the application says, where no trace of the package is left but the bundle. */
function run(command: string, arguments_: readonly string[], addon: string | undefined) {
  const { OMNIROUTER_BINDING, ...env } = process.env;
  const hidden = `${project} hidden`;
  renameSync(project, hidden);
  try {
    const { status, stdout, stderr } = spawnSync(command, arguments_, {
      env: { ...env, ...(addon === undefined ? {} : { OMNIROUTER_BINDING: addon }) },
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return JSON.parse(stdout) as unknown;
  } finally {
    renameSync(hidden, project);
  }
}

describe.runIf(tools !== undefined)("an application in one bundle", () => {
  it.each([
    ["esbuild-esm", "out.mjs", false],
    ["esbuild-cjs", "out.cjs", false],
    ["esbuild-elsewhere", "out.mjs", false],
    ["webpack-esm", "out.mjs", true],
    ["webpack-cjs", "out.cjs", true],
    ["rollup-esm", "out.mjs", false],
    ["rollup-cjs", "out.cjs", false],
    ["vite", "out.mjs", false],
  ])("by %s", (bundler, name, takesAddonAlong) => {
    const folder = bundle(bundler);
    const saved = join(folder, "saved");
    expect(run(process.execPath, [join(folder, name), saved], bundled)).toEqual({ feasible: true });
    const saying = JSON.parse(readFileSync(join(saved, "manifest.json"), "utf8"));
    expect(saying).toHaveProperty("packageVersion", version);

    const alone = run(process.execPath, [join(folder, name)], undefined);
    if (takesAddonAlong) expect(alone).toEqual({ feasible: true });
    else {
      expect(alone).toMatchObject({ known: true, code: "ERR_OMNI_NO_BINDING" });
      expect(alone).toHaveProperty("message", expect.stringContaining("OMNIROUTER_BINDING"));
    }
  });

  it.runIf(process.platform === "linux")("as a single executable, its addon among its assets", () => {
    writeFileSync(join(project, "sea.mjs"), 'import "./sea-addon.mjs";\nimport "./app.mjs";\n');
    const folder = bundle("esbuild-cjs", "sea.mjs");
    const [config, blob, executable] = ["sea.json", "sea.blob", "application"].map(name =>
      join(folder, name),
    ) as [string, string, string];
    const main = join(folder, "out.cjs");
    const assets = { "omnirouter.node": bundled };
    writeFileSync(
      config,
      JSON.stringify({ main, output: blob, disableExperimentalSEAWarning: true, assets }),
    );
    execFileSync(process.execPath, ["--experimental-sea-config", config], { stdio: "ignore" });
    copyFileSync(process.execPath, executable);
    chmodSync(executable, 0o755);
    const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
    const postject = join(tools!, "node_modules", "postject", "dist", "cli.js");
    execFileSync(process.execPath, [postject, executable, "NODE_SEA_BLOB", blob, "--sentinel-fuse", fuse], {
      stdio: "ignore",
    });
    expect(run(executable, [], undefined)).toEqual({ feasible: true });
  });
});

it.runIf(tools !== undefined)("a tracer of files (Vercel's nft) sees the addon", () => {
  const output = execFileSync(
    process.execPath,
    [script("bundle.mjs"), tools!, "nft", join(project, "app.mjs")],
    { encoding: "utf8" },
  );
  const core = join("node_modules", "@omnirouter", "core");
  const addon = relative(join(bundled, "..", "..", ".."), bundled);
  expect(existsSync(join(project, core, addon))).toBe(true);
  expect(JSON.parse(output)).toContain(join(core, addon));
});
