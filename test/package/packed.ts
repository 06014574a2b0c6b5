import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { platformTarget } from "../../lib/binding.js";

export const checkout = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
export const addon = join(checkout, "build", "Release", "omnirouter.node");
/** What `npm run bundle` made of it, which `npm test` runs first. */
export const bundled = join(checkout, "prebuilds", platformTarget(), "omnirouter.node");
export const manifest = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  gypfile: boolean;
};

/** The Node that runs the tests, and those that `npm test` brings. */
export const nodes = [
  process.execPath,
  ...(process.env.OMNIROUTER_TEST_NODES ?? "").split("\n").filter(Boolean),
];

/** The folder whose node_modules has the test runners and bundlers that `npm test` brings (tools/package.json). */
export const tools = process.env.OMNIROUTER_TEST_TOOLS;
if (tools === undefined)
  console.log("OMNIROUTER_TEST_TOOLS is not set: the package is not tried with test runners and bundlers.");

export interface Packed {
  /** Where to remove everything from. */
  folder: string;
  tarball: string;
  /** Paths inside the package. */
  files: readonly string[];
}

/** What `npm publish` would send. dist/ and prebuilds/ are what `npm test` built before. */
export function pack(): Packed {
  const folder = mkdtempSync(join(tmpdir(), "omnirouter package "));
  const arguments_ = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const output = execFileSync("npm", arguments_, {
    cwd: checkout,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [result] = JSON.parse(output) as [{ filename: string; files: { path: string }[] }];
  return { folder, tarball: join(folder, result.filename), files: result.files.map(({ path }) => path) };
}

/**
 * A project that depends on the packed package, made without the network: the tarball unpacked where npm would, its
 * dependencies linked to the checkout's. (install.test.ts has npm do it.)
 */
export function consumer({ folder, tarball }: Packed): string {
  const modules = join(folder, "consumer", "node_modules");
  const home = join(modules, "@omnirouter", "core");
  mkdirSync(home, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", home, "--strip-components=1"]);
  for (const name of [...Object.keys(manifest.dependencies), "@types/node"]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(checkout, "node_modules", name), join(modules, name), "dir");
  }
  return join(folder, "consumer");
}
