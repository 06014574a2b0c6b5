import { describe, expect, it } from "vitest";
import { Prices } from "../../lib/assignment/prices.js";
import {
  FEWEST_OUTCOMES,
  type FloorHistory,
  policyOnHistory,
  type Refusal,
  type Residuals,
  residualsAt,
  residualsOf as weightedResidualsOf,
} from "../../lib/floors/residuals.js";
import { seededRandom } from "../../lib/random.js";
import { type Drawn, draw, evenWeights, historyOf, models } from "./population.js";

/** Of a batch in the history's proportions. */
function judge(choice: Uint8Array, history: FloorHistory): Residuals | Refusal {
  return weightedResidualsOf(choice, history, evenWeights(choice.length));
}
function residualsOf(choice: Uint8Array, history: FloorHistory): Residuals {
  return known(judge(choice, history));
}
function known(judged: Residuals | Refusal): Residuals {
  expect(judged).not.toHaveProperty("reason");
  return judged as Residuals;
}

const M = models.length;
const all = (rows: number, j: number) => new Uint8Array(rows).fill(j);
const at = (price: number) => new Prices({ cost: 1 }, [{ quantity: "quality", sense: "atLeast", price }]);

/** The outcomes without the grades that were not observed. */
function thinned(drawn: Drawn, isObserved: (row: number, j: number) => boolean): Float32Array {
  return drawn.outcomes.map((grade, k) => (isObserved(Math.floor(k / M), k % M) ? grade : Number.NaN));
}

describe("how predictions turned out", () => {
  it("is the mean residual of the models chosen, with its standard error", () => {
    const drawn = draw(4000, 1, 0.05);
    const { bias, standardError, dispersion, outcomes } = residualsOf(all(4000, 1), historyOf(drawn));
    let [sum, squares] = [0, 0];
    for (let i = 0; i < 4000; i++) sum += drawn.outcomes[i * 4 + 1]! - drawn.quality[i * 4 + 1]!;
    for (let i = 0; i < 4000; i++)
      squares += (drawn.outcomes[i * 4 + 1]! - drawn.quality[i * 4 + 1]! - sum / 4000) ** 2;
    expect(bias).toBeCloseTo(sum / 4000, 12);
    expect(standardError).toBeCloseTo(Math.sqrt(squares) / 4000, 4);
    expect(Math.abs(bias + 0.05)).toBeLessThan(3 * standardError + 0.01); // predictions are cut at 1
    expect(dispersion[1]).toBeGreaterThan(0.9);
    expect(dispersion[1]).toBeLessThan(1.3);
    expect(outcomes).toBeGreaterThan(3900);
    expect(outcomes).toBeLessThan(4000);
  });

  it("is found all the same where outcomes are missing, of one model more than of another", () => {
    const drawn = draw(6000, 2, 0.05);
    // Two models in turn; a fifth of the second's answers are graded, and its predictions are far too low.
    const choice = Uint8Array.from({ length: 6000 }, (_, i) => 1 + (i % 2));
    for (let i = 0; i < 6000; i++) drawn.quality[i * 4 + 2]! *= 0.5;
    const full = residualsOf(choice, historyOf(drawn));
    const outcomes = thinned(drawn, (row, j) => j !== 2 || row % 5 === 1);
    const propensity = outcomes.map((_, k) => (k % 4 === 2 ? 0.2 : 1));
    const partial = residualsOf(choice, historyOf({ ...drawn, outcomes }, { propensity }));
    expect(partial.outcomes).toBeLessThan(full.outcomes / 2);
    expect(partial.standardError).toBeGreaterThan(full.standardError * 1.4);
    expect(Math.abs(partial.bias - full.bias)).toBeLessThan(3 * partial.standardError);
    // The mean over the graded answers alone, of which few are the second model's, would be far off.
    let [sum, count] = [0, 0];
    choice.forEach((j, i) => {
      const a = outcomes[i * 4 + j]!;
      if (Number.isNaN(a)) return;
      sum += a - drawn.quality[i * 4 + j]!;
      count++;
    });
    expect(Math.abs(sum / count - full.bias)).toBeGreaterThan(10 * partial.standardError);
  });

  it("is found without bias, and with its error, where easy queries were graded more often", () => {
    const repeats = 400;
    const rows = 800;
    let [error, squares, errors, naive, refused] = [0, 0, 0, 0, 0];
    for (let seed = 0; seed < repeats; seed++) {
      const random = seededRandom(10_000 + seed);
      // Each outcome deviates from what is expected of it by how hard its query is, which the prediction does not know.
      const hard = Float64Array.from({ length: rows }, () => Number(random.uniform() < 0.5));
      const [quality, outcomes, propensity] = [0.7, Number.NaN, 0].map(value =>
        new Float32Array(rows * M).fill(value),
      ) as [Float32Array, Float32Array, Float32Array];
      let [sum, count] = [0, 0];
      for (let i = 0; i < rows; i++) {
        propensity.fill(hard[i] ? 0.25 : 0.75, i * M, (i + 1) * M);
        if (random.uniform() >= propensity[i * M]!) continue;
        const outcome = Number(random.uniform() < (hard[i] ? 0.4 : 0.9));
        outcomes.fill(outcome, i * M, (i + 1) * M);
        sum += outcome - 0.7;
        count++;
      }
      const history = historyOf({ rows, quality, cost: quality, outcomes }, { propensity });
      naive += sum / count + 0.05;
      const judged = judge(all(rows, 1), history);
      if ("reason" in judged) {
        refused++;
        continue;
      }
      const { bias, standardError } = judged;
      error += bias + 0.05; // .65 is expected, .7 predicted
      squares += (bias + 0.05) ** 2;
      errors += standardError ** 2;
    }
    expect(refused).toBeLessThan(4);
    const deviation = Math.sqrt(squares / repeats);
    expect(Math.abs(error / repeats)).toBeLessThan((3 * deviation) / Math.sqrt(repeats));
    // It allows for what a fit takes from the outcomes beside, which this one, without a fit, has not.
    expect(Math.sqrt(errors / repeats) / deviation).toBeGreaterThan(0.95);
    expect(Math.sqrt(errors / repeats) / deviation).toBeLessThan(1.35);
    expect(naive / repeats).toBeGreaterThan(0.1);
  });

  it("is that of queries in the batch's proportions", () => {
    const drawn = draw(2000, 8);
    for (let i = 0; i < 1000; i++) drawn.quality[i * M]! = Math.min(1, drawn.quality[i * M]! + 0.2);
    const history = historyOf(drawn);
    const weighted = (first: number) =>
      known(
        weightedResidualsOf(
          all(2000, 0),
          history,
          Float64Array.from({ length: 2000 }, (_, i) => (i < 1000 ? first : 2 - first)),
        ),
      );
    const [second, even, first] = [0, 1, 2].map(weighted);
    expect(even!.bias).toBeCloseTo((first!.bias + second!.bias) / 2, 6);
    expect(first!.bias).toBeLessThan(second!.bias - 0.1);
    expect(first!.outcomes).toBeLessThan(even!.outcomes * 0.6);
  });

  it("is refused where it is not known how the grades were selected", () => {
    const drawn = draw(500, 9);
    expect(judge(all(500, 0), historyOf(drawn, { known: new Uint8Array(500) }))).toEqual({
      reason: "selection",
    });
    // A few rows of which it is known do, whatever the others say.
    const some = Uint8Array.from({ length: 500 }, (_, i) => Number(i % 5 === 0));
    const { outcomes, bias } = residualsOf(all(500, 0), historyOf(drawn, { known: some }));
    expect(outcomes).toBeLessThan(100);
    const rest = drawn.outcomes.map((grade, k) => (Math.floor(k / M) % 5 === 0 ? grade : 0));
    expect(residualsOf(all(500, 0), historyOf({ ...drawn, outcomes: rest }, { known: some })).bias).toBe(
      bias,
    );
  });

  it("is refused without overlap: where chosen models were hardly ever graded on such queries", () => {
    const drawn = draw(2000, 3);
    // A log that gave half of the queries to one model and the other half to another, without exception.
    const outcomes = thinned(drawn, (row, j) => j === row % 2);
    const propensity = outcomes.map(grade => (Number.isNaN(grade) ? 0.002 : 0.998));
    const history = historyOf({ ...drawn, outcomes }, { propensity });
    expect(judge(all(2000, 0), history)).toEqual({ reason: "overlap" });
    expect(judge(all(2000, 3), history)).toEqual({ reason: "history" });
    const asLogged = Uint8Array.from({ length: 2000 }, (_, i) => i % 2);
    expect(residualsOf(asLogged, history).outcomes).toBeGreaterThan(1900);
    // A model that has no grades at all, beside three that have them.
    const inTurn = Uint8Array.from({ length: 2000 }, (_, i) => i % 4);
    const without = thinned(drawn, (_, j) => j !== 3);
    expect(judge(inTurn, historyOf({ ...drawn, outcomes: without }))).toEqual({ reason: "overlap" });
    // What was said to be likely to be observed, and was not.
    const rare = thinned(drawn, (row, j) => j !== 3 || row % 16 === 3);
    const claimed = historyOf({ ...drawn, outcomes: rare }, { propensity: rare.map(() => 1) });
    expect(judge(inTurn, claimed)).toEqual({ reason: "overlap" });
  });

  it("is less certain where a little of what is chosen lacks overlap", () => {
    const drawn = draw(2000, 3);
    const choice = Uint8Array.from({ length: 2000 }, (_, i) => (i % 33 === 0 ? 3 : 0));
    const outcomes = thinned(drawn, (_, j) => j !== 3);
    const partial = residualsOf(choice, historyOf({ ...drawn, outcomes }));
    expect(partial.standardError).toBeGreaterThan(1.1 * residualsOf(choice, historyOf(drawn)).standardError);
  });

  it("does not count a grade of which it is not known how it was selected", () => {
    const drawn = draw(500, 10);
    const history = historyOf(drawn);
    const { propensity } = history.evidence;
    for (let row = 0; row < 500; row++) propensity[row * M + 2] = Number.NaN;
    expect(judge(all(500, 2), history)).toEqual({ reason: "history" });
    const choice = Uint8Array.from({ length: 500 }, (_, i) => (i % 50 === 0 ? 2 : 1));
    expect(residualsOf(choice, history).outcomes).toBeLessThan(491);
  });

  it("is not said of fewer than ten outcomes", () => {
    const drawn = draw(500, 4);
    const graded = (count: number): FloorHistory =>
      historyOf(
        { ...drawn, outcomes: thinned(drawn, row => row < count) },
        { known: Uint8Array.from({ length: 500 }, (_, row) => Number(row < count)) },
      );
    expect(judge(all(500, 0), graded(FEWEST_OUTCOMES - 1))).toEqual({ reason: "history" });
    expect(residualsOf(all(500, 0), graded(FEWEST_OUTCOMES)).clusters).toBe(1);
    expect(residualsAt(at(1), graded(0), {}, evenWeights(500))).toEqual({ reason: "history" });
  });

  it("leaves room for failure where there was none", () => {
    const drawn = draw(300, 5);
    const perfect = { ...drawn, quality: drawn.quality.fill(1), outcomes: drawn.outcomes.fill(1) };
    const { bias, standardError, dispersion } = residualsOf(all(300, 0), historyOf(perfect));
    expect(bias).toBe(0);
    expect(standardError).toBeGreaterThan(1 / 300);
    expect(standardError).toBeLessThan(1.1 / 300);
    expect(dispersion[0]).toBeGreaterThan(0.1);
  });

  it("has each model's own dispersion, and that of all where a model has few outcomes", () => {
    const drawn = draw(2000, 6);
    const quality = drawn.quality.fill(0.9);
    // The first model's grades never vary; the last has two outcomes, which differ more than any.
    const outcomes = drawn.outcomes.map((_, k) => (k % M === 0 ? 0.9 : Number(seededUniform(k) < 0.9)));
    const choice = Uint8Array.from({ length: 2000 }, (_, i) => (i < 2 ? 3 : i % 2));
    const { dispersion } = residualsOf(choice, historyOf({ ...drawn, quality, outcomes }));
    expect(dispersion[0]).toBeLessThan(0.1);
    expect(dispersion[1]).toBeGreaterThan(0.8);
    expect(dispersion[3]).toBeGreaterThan(0.3);
    expect(dispersion[3]).toBeLessThan(0.9);
  });

  it("says by how much clusters differ, without what is chance", () => {
    const drawn = draw(4000, 7);
    const of = Uint8Array.from({ length: 4000 }, (_, i) => i % 10);
    const clusters = { dimension: 1, centres: new Float32Array(10).fill(1), of };
    const outcomes = drawn.outcomes.map((_, k) => Number(seededUniform(k) < 0.6));
    const alike = residualsOf(all(4000, 0), historyOf({ ...drawn, outcomes }, { clusters }));
    expect(alike.betweenClusters).toBeLessThan(0.03);
    // In half of the clusters the models do better by .3.
    const apart = drawn.outcomes.map((_, k) =>
      Number(seededUniform(k) < 0.45 + 0.3 * Number(Math.floor(k / M) % 10 < 5)),
    );
    const { betweenClusters, clusters: count } = residualsOf(
      all(4000, 0),
      historyOf({ ...drawn, outcomes: apart }, { clusters }),
    );
    expect(count).toBe(10);
    expect(Math.abs(betweenClusters - 0.15)).toBeLessThan(0.03);
  });

  it("averages the bias over neighbouring prices", () => {
    const history = historyOf(draw(1000, 6, 0.05));
    const biasOf = (price: number) => residualsOf(policyOnHistory(at(price), history, {}), history).bias;
    const { bias } = known(residualsAt(at(1e-3), history, {}, evenWeights(1000)));
    expect(bias).not.toBe(biasOf(1e-3));
    expect(Math.abs(bias - (biasOf(0.5e-3) + biasOf(2e-3)) / 2)).toBeLessThan(0.01);
  });
});

/** The same number for the same k, 0 to 1. */
function seededUniform(k: number): number {
  return seededRandom(k).uniform();
}

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
