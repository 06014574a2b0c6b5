import { describe, expect, it } from "vitest";
import { Prices } from "../../lib/assignment/prices.js";
import {
  FEWEST_OUTCOMES,
  type FloorHistory,
  policyOnHistory,
  residualsAt,
  residualsOf,
} from "../../lib/floors/residuals.js";
import { draw, historyOf, models } from "./population.js";

const all = (rows: number, j: number) => new Uint8Array(rows).fill(j);
const at = (price: number) => new Prices({ cost: 1 }, [{ quantity: "quality", sense: "atLeast", price }]);

describe("how predictions turned out", () => {
  it("is the mean residual of the models chosen, with its standard error", () => {
    const drawn = draw(4000, 1, 0.05);
    const { bias, standardError, dispersion, outcomes } = residualsOf(all(4000, 1), historyOf(drawn))!;
    let [sum, squares] = [0, 0];
    for (let i = 0; i < 4000; i++) sum += drawn.outcomes[i * 4 + 1]! - drawn.quality[i * 4 + 1]!;
    for (let i = 0; i < 4000; i++)
      squares += (drawn.outcomes[i * 4 + 1]! - drawn.quality[i * 4 + 1]! - sum / 4000) ** 2;
    expect(bias).toBeCloseTo(sum / 4000, 12);
    expect(standardError).toBeCloseTo(Math.sqrt(squares) / 4000, 4);
    expect(Math.abs(bias + 0.05)).toBeLessThan(3 * standardError + 0.01); // predictions are cut at 1
    expect(dispersion).toBeGreaterThan(0.9);
    expect(dispersion).toBeLessThan(1.3);
    expect(outcomes).toBeCloseTo(4000, -1);
  });

  it("is found all the same where outcomes are missing, of one model more than of another", () => {
    const drawn = draw(6000, 2, 0.05);
    // Two models in turn; the second is rarely graded, and its predictions are far too low.
    const choice = Uint8Array.from({ length: 6000 }, (_, i) => 1 + (i % 2));
    for (let i = 0; i < 6000; i++) drawn.quality[i * 4 + 2]! *= 0.5;
    const full = residualsOf(choice, historyOf(drawn))!;
    const outcomes = drawn.outcomes.map((a, k) => (k % 4 === 2 && k % 10 !== 6 ? Number.NaN : a));
    const partial = residualsOf(choice, historyOf({ ...drawn, outcomes }))!;
    expect(outcomes.some(Number.isNaN)).toBe(true);
    expect(partial.outcomes).toBeLessThan(full.outcomes / 2);
    expect(partial.standardError).toBeGreaterThan(full.standardError * 1.4);
    expect(Math.abs(partial.bias - full.bias)).toBeLessThan(3 * partial.standardError);
    // The mean over the graded answers alone, of which few are the second model's, would be far off.
    let [sum, known] = [0, 0];
    choice.forEach((j, i) => {
      const a = outcomes[i * 4 + j]!;
      if (Number.isNaN(a)) return;
      sum += a - drawn.quality[i * 4 + j]!;
      known++;
    });
    expect(Math.abs(sum / known - full.bias)).toBeGreaterThan(10 * partial.standardError);
  });

  it("is less certain by far where nothing is known of a model that is chosen", () => {
    const drawn = draw(2000, 3);
    const choice = Uint8Array.from({ length: 2000 }, (_, i) => i % 4);
    const outcomes = drawn.outcomes.map((a, k) => (k % 4 === 3 ? Number.NaN : a));
    const without = residualsOf(choice, historyOf({ ...drawn, outcomes }))!;
    expect(without.outcomes).toBeLessThan(20);
    expect(without.standardError).toBeGreaterThan(5 * residualsOf(choice, historyOf(drawn))!.standardError);
  });

  it("is not said of fewer than ten outcomes", () => {
    const drawn = draw(500, 4);
    const known = (count: number): FloorHistory =>
      historyOf({ ...drawn, outcomes: drawn.outcomes.map((a, k) => (k < count * 4 ? a : Number.NaN)) });
    expect(residualsOf(all(500, 0), known(FEWEST_OUTCOMES - 1))).toBeUndefined();
    expect(residualsOf(all(500, 0), known(FEWEST_OUTCOMES))).toBeDefined();
    expect(residualsAt(at(1), known(0), {})).toBeUndefined();
  });

  it("leaves room for failure where there was none", () => {
    const drawn = draw(300, 5);
    const perfect = { ...drawn, quality: drawn.quality.fill(1), outcomes: drawn.outcomes.fill(1) };
    const { bias, standardError, dispersion } = residualsOf(all(300, 0), historyOf(perfect))!;
    expect(bias).toBe(0);
    expect(standardError).toBeCloseTo(1 / 300, 4);
    expect(dispersion).toBeGreaterThan(0.1);
  });

  it("averages the bias over neighbouring prices", () => {
    const history = historyOf(draw(1000, 6, 0.05));
    const [low, high] = [0.5, 2].map(
      factor => residualsOf(policyOnHistory(at(1e-3 * factor), history, {}), history)!,
    );
    const { bias } = residualsAt(at(1e-3), history, {})!;
    expect(bias).not.toBe(residualsOf(policyOnHistory(at(1e-3), history, {}), history)!.bias);
    expect(Math.abs(bias - (low!.bias + high!.bias) / 2)).toBeLessThan(0.01);
  });
});

describe("the policy of some prices", () => {
  const history = historyOf(draw(200, 7));

  it("gives the history the tenants and the masks of the batch in turn", () => {
    const dear = new Prices({ cost: 1 }, [
      { quantity: "quality", sense: "atLeast", group: "gold", price: 1e6 },
    ]);
    const groupNames = ["gold", "free"];
    const one = (group: number) =>
      policyOnHistory(dear, history, { groups: Uint16Array.of(group), groupNames });
    expect(new Set(one(1))).toEqual(new Set([0]));
    expect(one(0)).not.toContain(0);
    const half = policyOnHistory(dear, history, { groups: Uint16Array.of(1, 0), groupNames });
    expect(half.subarray(0, 100)).toEqual(one(1).subarray(0, 100));
    expect(half.subarray(100)).toEqual(one(0).subarray(100));
    const masked = policyOnHistory(at(0), history, { allowed: BigUint64Array.of(0b0100n) });
    expect(new Set(masked)).toEqual(new Set([models.indexOf("large")]));
  });
});
