import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { version } from "../lib/version.js";
import { checkout } from "./package/packed.js";

it("is package.json's", () => {
  expect(version).toBe(JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")).version);
});

it("follows `npm version`", () => {
  const folder = mkdtempSync(join(tmpdir(), "omnirouter version "));
  try {
    for (const file of ["lib/version.ts", "scripts/write-version.mjs"])
      cpSync(join(checkout, file), join(folder, file));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ version: "1.2.3-rc.4" }));
    execFileSync(process.execPath, [join("scripts", "write-version.mjs")], { cwd: folder });
    expect(readFileSync(join(folder, "lib", "version.ts"), "utf8")).toContain(
      'export const version = "1.2.3-rc.4";',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
