import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { addon, pack } from "./packed.js";

it("installs by npm into an empty project and loads there", () => {
  const packed = pack();
  try {
    const project = join(packed.folder, "project");
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true }));
    execFileSync("npm", ["install", "--no-audit", "--no-fund", packed.tarball], {
      cwd: project,
      stdio: "ignore",
    });
    const smoke = fileURLToPath(new URL("smoke.mjs", import.meta.url));
    const output = execFileSync(process.execPath, [smoke], {
      cwd: project,
      env: { ...process.env, OMNIROUTER_BINDING: addon },
      encoding: "utf8",
    });
    expect(JSON.parse(output)).toMatchObject({ same: true });
  } finally {
    rmSync(packed.folder, { recursive: true });
  }
});
