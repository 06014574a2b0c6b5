// Peers from npm that bring compiled code, or have to be compiled: installed into a folder of their own, removed at the end,
// so that neither this package nor its checkout depends on them.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A compiler may have to build it. */
const PATIENCE = 300_000;

export interface PeerPackages {
  /** The package's exports; undefined, and said why, where it cannot be had. */
  load(name: string): unknown;
  remove(): void;
}

export function peerPackages(): PeerPackages {
  const folder = mkdtempSync(join(tmpdir(), "omnirouter-peers-"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "peers", private: true }));
  const require = createRequire(join(folder, "package.json"));
  const loaded = new Map<string, unknown>();
  return {
    load(name) {
      if (loaded.has(name)) return loaded.get(name);
      let exported: unknown;
      try {
        // Not looked for before: Node remembers what it did not find.
        install(name, folder);
        exported = require(name);
      } catch (error) {
        console.log(`${name} is left out: ${(error as Error).message}`);
      }
      loaded.set(name, exported);
      return exported;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function install(name: string, folder: string): void {
  const { status, stderr } = spawnSync("npm", ["install", "--no-audit", "--no-fund", name], {
    cwd: folder,
    encoding: "utf8",
    timeout: PATIENCE,
  });
  if (status !== 0)
    throw new Error(`npm could not install it: ${(stderr ?? "").trim().split("\n").at(-1) ?? status}`);
}
