import { expect, test } from "vitest";
import { checkAnswers, recall } from "../../bench/prediction.js";

const answer = (shift: number) => Array.from({ length: 100 }, (_, i) => i + shift);

test("answers must be rows of the index, each once", () => {
  expect(() => checkAnswers("peer", [...answer(0), ...answer(10)], 110)).not.toThrow();
  expect(() => checkAnswers("peer", [...answer(0), ...answer(11)], 110)).toThrow("peer answers query 1");
  expect(() => checkAnswers("peer", [...answer(0).slice(1), 5], 110)).toThrow("peer answers query 0");
  expect(() => checkAnswers("peer", answer(0).slice(1), 110)).toThrow("99 neighbours");
  expect(() => checkAnswers("peer", answer(-1), 110)).toThrow("query 0");
});

test("recall is the share of the exact neighbours found, in any order", () => {
  expect(recall(answer(0), answer(0).reverse())).toBe(1);
  expect(recall([...answer(0), ...answer(0)], [...answer(50), ...answer(0)].map(BigInt))).toBe(0.75);
});
