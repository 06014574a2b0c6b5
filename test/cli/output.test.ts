import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withOutput } from "../../lib/cli/output.js";
import { FakeTerminal } from "./terminal.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "omnirouter output "));
});
afterEach(() => rmSync(folder, { recursive: true }));

const session = new FakeTerminal().session();
const plan = () => join(folder, "plan.jsonl");
const write = (path: string, text: string) => withOutput(path, session, write => write(text));

describe("a file", () => {
  it("appears whole, however much is written", async () => {
    const line = `${"x".repeat(999)}\n`;
    await withOutput(plan(), session, async write => {
      for (let i = 0; i < 500; ++i) await write(line);
      expect(existsSync(plan())).toBe(false);
    });
    expect(readFileSync(plan(), "utf8")).toBe(line.repeat(500));
    expect(readdirSync(folder)).toEqual(["plan.jsonl"]);
  });

  it("is as it was after a failure or an abort at any moment, with nothing left beside it", async () => {
    writeFileSync(plan(), "old");
    const failing = withOutput(plan(), session, async write => {
      await write("x".repeat(200_000));
      throw new Error("no embeddings");
    });
    await expect(failing).rejects.toThrow("no embeddings");
    const controller = new AbortController();
    const aborted = withOutput(plan(), new FakeTerminal().session(controller.signal), async write => {
      await write("x".repeat(200_000));
      controller.abort(new Error("Ctrl-C"));
    });
    await expect(aborted).rejects.toThrow("Ctrl-C");
    expect(readFileSync(plan(), "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["plan.jsonl"]);
  });

  it("keeps the permissions of the one it replaces, and the link that leads to it", async () => {
    writeFileSync(plan(), "old");
    chmodSync(plan(), 0o640);
    symlinkSync(plan(), join(folder, "link"));
    await write(join(folder, "link"), "new");
    expect(readFileSync(plan(), "utf8")).toBe("new");
    expect(statSync(plan()).mode & 0o777).toBe(0o640);
    expect(lstatSync(join(folder, "link")).isSymbolicLink()).toBe(true);
  });

  it("that cannot be written is an error that says why", async () => {
    const error = (sentence: string) => ({ code: "ERR_OMNI_IO", message: expect.stringContaining(sentence) });
    await expect(write(join(folder, "no", "plan"), "")).rejects.toMatchObject(
      error("no such file or folder"),
    );
    await expect(write(folder, "")).rejects.toMatchObject(error("it is a folder, not a file"));
    writeFileSync(plan(), "old");
    await expect(write(join(plan(), "x"), "")).rejects.toMatchObject(error("a part of the path is a file"));
  });
});

describe.skipIf(process.platform === "win32")("a device", () => {
  it("is written in place and stays a device", async () => {
    await write("/dev/null", "x");
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  it.runIf(existsSync("/dev/full"))("that is full is an error", async () => {
    await expect(write("/dev/full", "x")).rejects.toMatchObject({
      code: "ERR_OMNI_IO",
      message: "cannot write /dev/full: the disk is full",
    });
  });
});

it("goes to stdout for '-' or no name", async () => {
  for (const path of ["-", undefined]) {
    const terminal = new FakeTerminal();
    await withOutput(path, terminal.session(), write => write("a line\n"));
    expect(terminal.out).toBe("a line\n");
  }
});
