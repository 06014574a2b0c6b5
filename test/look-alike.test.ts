import { describe, expect, it } from "vitest";
import { byNumbers, differenceInWords, lookAlike } from "../lib/look-alike.js";

describe("names that look alike", () => {
  it("are found whatever it is that cannot be seen", () => {
    for (const name of ["Gpt-4", "gpt-4 ", "gpt\u00a0-4", "gpt-4\ufeff", "gpt\u2060-4", "ｇpt-4"])
      expect(lookAlike(name, ["other", "gpt-4"])).toBe("gpt-4");
    expect(lookAlike("gpt-4", ["gpt-4", "gpt-4o"])).toBeUndefined();
  });

  it("are told by the numbers of their characters, and by what differs", () => {
    expect(byNumbers("é\u{1f600}\u0007")).toBe('"\\u00e9\\ud83d\\ude00\\u0007"');
    expect(differenceInWords("e\u0301", "é")).toMatch(
      /^"e\\u0301" looks like "\\u00e9" .* how Unicode writes them$/,
    );
    expect(differenceInWords("A", "a")).toMatch(/upper and lower case$/);
    expect(differenceInWords("a ", "a")).toMatch(/blanks at the ends$/);
    expect(differenceInWords("a\u200bb", "ab")).toMatch(/not seen or seen alike$/);
  });
});
