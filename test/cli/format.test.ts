import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatCount,
  formatDuration,
  formatMoney,
  formatPercent,
  formatQuality,
} from "../../lib/cli/format.js";
import { formatTable, hasColor } from "../../lib/cli/tables.js";

describe("numbers for people", () => {
  it.each([
    [0, "$0.00"],
    [0.0004602, "$0.000460"],
    [0.0123, "$0.0123"],
    [0.5, "$0.500"],
    [0.99949, "$0.999"],
    [0.99951, "$1.00"],
    [1234.5, "$1,234.50"],
    [-0.25, "-$0.250"],
    [Number.NaN, "-"],
  ])("money %d as %s", (usd, text) => expect(formatMoney(usd)).toBe(text));

  it("money to three significant digits or to the cent, whatever the amount", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), usd => {
        const read = Number(formatMoney(usd).replace(/[$,]/g, ""));
        expect(Math.abs(read - usd)).toBeLessThanOrEqual(Math.max(0.005001 * usd, 0));
      }),
    );
  });

  it.each([
    [0.04, "0.0 ms"],
    [9.96, "10 ms"],
    [999.6, "1.0 s"],
    [59_949, "59.9 s"],
    [59_960, "1 min 00 s"],
    [185_000, "3 min 05 s"],
  ])("%d ms as %s", (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));

  it("counts, percentages and qualities", () => {
    expect(formatCount(1234567)).toBe("1,234,567");
    expect(formatPercent(0.9534)).toBe("95.3 %");
    expect(formatPercent(Number.NaN)).toBe("-");
    expect(formatQuality(0.87654)).toBe("0.8765");
  });
});

describe("tables", () => {
  const columns = [
    { head: "model", cell: (row: { name: string }) => row.name, align: "left" as const },
    { head: "queries", cell: (row: { queries: number }) => formatCount(row.queries) },
  ];
  const rows = [
    { name: "gpt-4o", queries: 12 },
    { name: "phi", queries: 3456 },
  ];

  it("align names left and numbers right, without trailing blanks", () => {
    expect(formatTable(rows, columns, false)).toBe("model   queries\ngpt-4o       12\nphi       3,456\n");
  });

  it("are the same text on a terminal, with a bold heading", () => {
    const colored = formatTable(rows, columns, true);
    expect(colored).toContain("\x1b[1m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences are what is removed
    expect(colored.replace(/\x1b\[\d+m/g, "").replace(/ +$/gm, "")).toBe(formatTable(rows, columns, false));
  });

  it("are coloured on a terminal only, and not where NO_COLOR asks", () => {
    expect(hasColor({ isTTY: true }, { env: {} })).toBe(true);
    expect(hasColor({}, { env: {} })).toBe(false);
    expect(hasColor({ isTTY: true }, { env: { NO_COLOR: "1" } })).toBe(false);
    expect(hasColor({ isTTY: true }, { env: { TERM: "dumb" } })).toBe(false);
  });
});
