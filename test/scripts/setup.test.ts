import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { thisMachine } from "../../scripts/setup/machine.mjs";

const script = fileURLToPath(new URL("../../scripts/setup.mjs", import.meta.url));
let bin: string;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), "omnirouter-bin-"));
});
afterEach(() => rmSync(bin, { recursive: true }));

/** Runs set-up with nothing on PATH but what the test put there. */
function setUp() {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    env: { PATH: bin, CI: "1" },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

function command(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

describe("npm run setup on a machine without anything", () => {
  it("says what is missing, why, and what to do; no stack; exit code 1", () => {
    const { status, stdout, stderr } = setUp();
    expect(status).toBe(1);
    expect(stdout).toMatch(/missing: FAISS \(finds the nearest neighbours/);
    expect(stdout).toMatch(/✗ system libraries/);
    expect(stderr).toMatch(/FAISS/);
    expect(stderr).not.toMatch(/\bat .*\.mjs:\d/);
  });

  it.runIf(thisMachine().debianLike)(
    "fetches apt's lists once when it cannot install, then tells the command",
    () => {
      const log = join(bin, "calls");
      symlinkSync("/usr/bin/env", join(bin, "env"));
      command(
        "apt-get",
        `echo "$@" >> "${log}"; echo "E: Unable to locate package"; case "$*" in *update) ;; *) exit 100;; esac`,
      );
      command("sudo", 'shift; exec "$@"'); // sudo -n COMMAND
      command("true", "exit 0");
      const { status, stderr } = setUp();
      expect(status).toBe(1);
      const calls = readFileSync(log, "utf8").trimEnd().split("\n");
      expect(calls.map(line => line.match(/\b(install|update)\b/)?.[0])).toEqual([
        "install",
        "update",
        "install",
      ]);
      expect(stderr).toMatch(/E: Unable to locate package/);
      expect(stderr).toMatch(/apt-get .*install -y .*libfaiss-dev libeigen3-dev/);
      expect(stderr).not.toMatch(/\bat .*\.mjs:\d/);
    },
  );
});
