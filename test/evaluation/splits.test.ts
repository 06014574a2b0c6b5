import { describe, expect, it } from "vitest";
import { foldsOf, splitQueries } from "../../lib/evaluation/splits.js";

const queries = Array.from(
  { length: 200 },
  (_, i) => `question number ${Math.floor(i / 2)}${i % 2 ? "?" : ""}`,
);

describe("splitQueries", () => {
  it("parts every query to one side, and like queries to the same", () => {
    const { history, heldOut } = splitQueries(queries, 0.7, 1);
    expect([...history, ...heldOut].sort((a, b) => a - b)).toEqual(queries.map((_, row) => row));
    expect(history.length).toBe(140);
    const learned = new Set(Array.from(history, row => Math.floor(row / 2)));
    for (const row of heldOut) expect(learned.has(Math.floor(row / 2))).toBe(false);
  });

  it("is the same for the same seed, and another for another", () => {
    expect(splitQueries(queries, 0.7, 3)).toEqual(splitQueries(queries, 0.7, 3));
    expect(splitQueries(queries, 0.7, 3)).not.toEqual(splitQueries(queries, 0.7, 4));
  });

  it("takes texts of other scripts for what they are, and texts without letters for themselves", () => {
    const texts = ["Was ist Recht?", "was ist recht", "何が正しい？", "何が正しい", "?!", "!?", "+", "-"];
    const { history, heldOut } = splitQueries(texts, 0.5, 2);
    const side = (row: number) => history.includes(row);
    expect(history.length + heldOut.length).toBe(8);
    expect(side(0)).toBe(side(1));
    expect(side(2)).toBe(side(3));
    const sides = [1, 2, 3, 4, 5, 6].map(seed => splitQueries(texts, 0.5, seed).history);
    expect(sides.some(rows => rows.includes(4) !== rows.includes(5))).toBe(true);
  });
});

describe("foldsOf", () => {
  it("keeps like queries in one fold, and folds of like size", () => {
    const fold = foldsOf(queries, 5, 1);
    for (let row = 0; row < 200; row += 2) expect(fold[row]).toBe(fold[row + 1]);
    for (let each = 0; each < 5; each++) expect(fold.filter(own => own === each).length).toBe(40);
  });
});
