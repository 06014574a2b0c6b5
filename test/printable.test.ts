import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printable, printableJson, printableLines } from "../lib/printable.js";

describe("printable text", () => {
  it("shows what a terminal would obey, and all that is not seen", () => {
    expect(printable("\u001b]0;x\u0007 a\u009b2J\n\u202eb\u200b\ud800")).toBe(
      "\\u001b]0;x\\u0007 a\\u009b2J\\u000a\\u202eb\\u200b\\ud800",
    );
    expect(printable("Größe 漢字 😀")).toBe("Größe 漢字 😀");
    expect(printableLines("a\nb\u001b")).toBe("a\nb\\u001b");
  });

  it("is JSON of the same value", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })), value => {
        const plain = JSON.parse(JSON.stringify(value));
        for (const indent of [undefined, 2]) {
          const text = printableJson(plain, indent);
          expect(JSON.parse(text)).toEqual(plain);
          expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        }
      }),
      { numRuns: 200, seed: 3 },
    );
  });
});
