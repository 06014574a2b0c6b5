import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textOfPythonList } from "../../../lib/history/formats/python-list.js";

describe("a list of texts as Python writes it", () => {
  it.each([
    ["['a']", "a"],
    ["['a', \"it's\"]", "a\n\nit's"],
    [String.raw`['tab\tquote\'"\\n\x07\u2028\U0001f600']`, "tab\tquote'\"\\n\u0007\u2028\u{1f600}"],
    [" ['a']\n", "a"],
    ["['']", ""],
  ])("%j is its texts", (text, expected) => {
    expect(textOfPythonList(text)).toBe(expected);
  });

  it.each([
    "",
    "[]",
    "[1, 2]",
    "['a'",
    "'a']",
    "['a' 'b']",
    "['a'], ['b']",
    String.raw`['\q']`,
    "['a', 3]",
    "[",
    "['a\\']",
  ])("%j is none, and stays as it is", text => {
    expect(textOfPythonList(text)).toBe(text);
  });

  it("comes back from what repr does with it", () => {
    const repr = (text: string) => {
      const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
      const body = text
        .replaceAll("\\", "\\\\")
        .replaceAll("\n", "\\n")
        .replaceAll("\t", "\\t")
        .replaceAll("\r", "\\r")
        .replaceAll(quote, `\\${quote}`);
      return `${quote}${body}${quote}`;
    };
    const text = fc.string({
      unit: fc.constantFrom("'", '"', "\\", "\n", "\t", "\r", "]", "[", ", ", "a", "😀"),
    });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), texts => {
        expect(textOfPythonList(`[${texts.map(repr).join(", ")}]`)).toBe(texts.join("\n\n"));
      }),
      { numRuns: 500, seed: 13 },
    );
  });
});
