import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { formatGap, formatTime, markdownTable, writeSection } from "../../bench/report.js";
import { median, percentile } from "../../bench/statistics.js";
import { matrixBytes, streamingRead } from "../../bench/streaming-read.js";

describe("the benches' tables", () => {
  it("align, and stay Markdown", () => {
    expect(markdownTable(["case", "p50"], [["a", "1.00 ms"]])).toBe(
      "| case |     p50 |\n| ---- | ------: |\n| a    | 1.00 ms |",
    );
  });

  it("keep three digits in the unit that suits", () => {
    expect([0.0012345, 12.3456, 12345.6, Number.NaN].map(formatTime)).toEqual([
      "1.23 us",
      "12.3 ms",
      "12.3 s",
      "-",
    ]);
    expect([0, 1.234e-7, Number.NaN].map(formatGap)).toEqual(["0", "1.2e-7", "-"]);
  });

  it("replace their own section of a file and nothing else", () => {
    const folder = mkdtempSync(join(tmpdir(), "omnirouter-test-"));
    const file = join(folder, "README.md");
    try {
      writeFileSync(file, "a\n<!-- begin peers -->\nold\n<!-- end peers -->\nb\n");
      writeSection(file, "peers", "\nnew\n");
      expect(readFileSync(file, "utf8")).toBe("a\n<!-- begin peers -->\nnew\n<!-- end peers -->\nb\n");
      expect(() => writeSection(file, "assign", "new")).toThrow("no section");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("percentiles", () => {
  it("are by nearest rank", () => {
    const samples = [5, 1, 4, 2, 3];
    expect([median(samples), percentile(samples, 0.99), percentile(samples, 0)]).toEqual([3, 5, 1]);
    expect(samples).toEqual([5, 1, 4, 2, 3]);
    expect(median([])).toBeNaN();
  });
});

/** Built with the native tests, by npm test. */
const program = fileURLToPath(new URL("../../build/bench/native/stream_read", import.meta.url));

describe("the streaming read", () => {
  it.skipIf(!existsSync(program))("takes longer for more bytes", () => {
    const [few, many] = [100, 400_000].map(rows => streamingRead(program, matrixBytes(rows, 16)));
    expect(few).toBeGreaterThan(0);
    expect(many! / few!).toBeGreaterThan(10); // four thousand times the bytes
  });

  it("is of both matrices", () => {
    expect(matrixBytes(1_000_000, 16)).toBe(128_000_000);
  });
});
