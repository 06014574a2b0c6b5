import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("endless.mjs", import.meta.url));
let folder: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "omnirouter interrupts "));
  out = join(folder, "plan.jsonl");
  writeFileSync(out, "old");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Starts the endless command and resolves when it is in the middle of its file. */
async function start(...options: string[]): Promise<ChildProcess & { told: () => string }> {
  const child = spawn(process.execPath, [script, "endless", "--out", out, ...options], {
    stdio: ["pipe", "ignore", "pipe"],
  });
  let told = "";
  child.stderr.setEncoding("utf8").on("data", text => {
    told += text;
  });
  await once(child.stderr, "data");
  return Object.assign(child, { told: () => told });
}

describe.skipIf(process.platform === "win32")("the command", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "stopped by %s leaves the old file and nothing else, without a word, with exit code %d",
    async (signal, code) => {
      const child = await start();
      child.kill(signal);
      expect(await once(child, "close")).toEqual([code, null]);
      expect(child.told()).toBe("writing\n");
      expect(readFileSync(out, "utf8")).toBe("old");
      expect(readdirSync(folder)).toEqual(["plan.jsonl"]);
    },
  );

  it("that is slow to stop is stopped by a second Ctrl-C, as cleanly", async () => {
    const child = await start("--stubborn");
    const presses = setInterval(() => child.kill("SIGINT"), 50); // two at once may arrive as one
    child.once("close", () => clearInterval(presses));
    expect(await once(child, "close")).toEqual([130, null]);
    expect(child.told()).toBe("writing\n");
    expect(readFileSync(out, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["plan.jsonl"]);
  });

  it("killed at once leaves the old file", async () => {
    const child = await start();
    child.kill("SIGKILL");
    await once(child, "close");
    expect(readFileSync(out, "utf8")).toBe("old");
  });

  it("ends quietly when its reader has read enough", () => {
    const pipe = 'set -o pipefail; "$0" "$1" endless | head -n 2';
    const { status, stdout, stderr } = spawnSync("bash", ["-c", pipe, process.execPath, script], {
      encoding: "utf8",
    });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^(writing\n)?$/);
    expect(stdout).toMatch(/^line 0 x+\nline 1 x+\n$/);
  });
});
