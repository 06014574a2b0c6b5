import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { withProgress } from "../../lib/cli/progress.js";
import { FakeTerminal } from "./terminal.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A job of 100 pieces. */
async function job(report: (done: number, total?: number) => void, milliseconds: number, total?: number) {
  for (let done = 0; done < 100; ++done) {
    report(done, total);
    await vi.advanceTimersByTimeAsync(milliseconds / 100);
  }
  return "result";
}

const showCursor = "\x1b[?25h";

it("draws a bar on a terminal once a job takes more than a second, and clears it", async () => {
  const terminal = new FakeTerminal({ isTTY: true });
  expect(await withProgress("embedding", terminal.session(), report => job(report, 4000, 100))).toBe(
    "result",
  );
  const drawn = terminal.errors;
  expect(drawn).toMatch(/embedding {2}█+░+ {2}\d\d of 100/);
  expect(drawn).toContain(showCursor);
  expect(terminal.out).toBe("");
});

it("shows the count where the total is unknown", async () => {
  const terminal = new FakeTerminal({ isTTY: true });
  await withProgress("reading", terminal.session(), report => job(report, 4000));
  expect(terminal.errors).toMatch(/reading {2}\d\d(?! of)/);
});

it("draws nothing for a quick job or where stderr is no terminal", async () => {
  const quick = new FakeTerminal({ isTTY: true });
  await withProgress("embedding", quick.session(), report => job(report, 500, 100));
  expect(quick.errors).toBe("");
  const piped = new FakeTerminal();
  await withProgress("embedding", piped.session(), report => job(report, 4000, 100));
  expect(piped.errors).toBe("");
});

it("gives the cursor back when the job fails", async () => {
  const terminal = new FakeTerminal({ isTTY: true });
  const failing = withProgress("embedding", terminal.session(), async report => {
    await job(report, 2000, 100);
    throw new Error("gone");
  });
  await expect(failing).rejects.toThrow("gone");
  expect(terminal.errors).toContain(showCursor);
});
