import { describe, expect, it } from "vitest";
import { calibrate, calibrated } from "../../lib/prediction/calibration.js";
import { seededRandom } from "../../lib/random.js";

const logistic = (x: number) => 1 / (1 + Math.exp(-x));

/** Predictions of two models whose grades have the logits `1 + 0.5 x` and `x`, x being the logit of the prediction. */
function miscalibrated(rows: number, seed: number, isObserved: (x: number, outcome: number) => number) {
  const random = seededRandom(seed);
  const [predicted, quality, propensity] = [0, 0, 0].map(() => new Float32Array(2 * rows)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (let at = 0; at < 2 * rows; at++) {
    const x = 1.5 * random.normal();
    const outcome = Number(random.uniform() < logistic(at % 2 === 0 ? 1 + 0.5 * x : x));
    predicted[at] = logistic(x);
    propensity[at] = isObserved(x, outcome);
    quality[at] = random.uniform() < propensity[at]! ? outcome : Number.NaN;
  }
  return { predicted, quality, propensity };
}

describe("a calibration", () => {
  it.each([
    ["all of them were observed", () => 1],
    ["the likely ones were observed less often", (x: number) => (x > 0 ? 0.15 : 0.9)],
    ["failures were observed less often", (_: number, outcome: number) => (outcome === 0 ? 0.2 : 0.8)],
  ])("finds what predictions are off by, where %s", (_, isObserved) => {
    const { predicted, ...outcomes } = miscalibrated(20_000, 1, isObserved);
    const found = calibrate(predicted, outcomes, 2);
    expect(Math.abs(found.intercepts[0]! - 1)).toBeLessThan(0.1);
    expect(Math.abs(found.slopes[0]! - 0.5)).toBeLessThan(0.06);
    expect(Math.abs(found.intercepts[1]!)).toBeLessThan(0.1);
    expect(Math.abs(found.slopes[1]! - 1)).toBeLessThan(0.06);
    // On average over all queries, whichever were graded.
    const better = calibrated(predicted, found);
    const everything = miscalibrated(20_000, 1, () => 1).quality;
    const error = (of: Float32Array) =>
      of.reduce((sum, p, at) => (at % 2 === 0 ? sum + everything[at]! - p : sum), 0) / 20_000;
    expect(Math.abs(error(predicted))).toBeGreaterThan(0.1);
    expect(Math.abs(error(better))).toBeLessThan(0.015);
  });

  it("would be off without the weights, where failures were observed less often", () => {
    const { predicted, quality } = miscalibrated(20_000, 1, (_, outcome) => (outcome === 0 ? 0.2 : 0.8));
    const found = calibrate(predicted, { quality, propensity: new Float32Array(40_000).fill(1) }, 2);
    expect(found.intercepts[1]!).toBeGreaterThan(1);
  });

  it("leaves predictions nearly as they are where few grades speak against them, and as they are without any", () => {
    const { predicted, quality, propensity } = miscalibrated(4, 2, () => 1);
    const few = calibrate(predicted, { quality, propensity }, 2);
    expect(Math.abs(few.intercepts[0]!)).toBeLessThan(1.2);
    expect(Math.abs(few.slopes[0]! - 1)).toBeLessThan(0.6);
    const unknown = propensity.map(() => Number.NaN);
    for (const nothing of [
      { quality: quality.map(() => Number.NaN), propensity },
      { quality, propensity: unknown },
    ]) {
      const none = calibrate(predicted, nothing, 2);
      expect([...none.intercepts, ...none.slopes]).toEqual([0, 0, 1, 1]);
      calibrated(predicted, none).forEach((p, at) => {
        expect(p).toBeCloseTo(predicted[at]!, 6);
      });
    }
  });

  it("stays finite and in order for predictions that are certain, and grades that all agree", () => {
    const predicted = Float32Array.of(0, 0.2, 0.5, 0.8, 1);
    for (const grade of [0, 1]) {
      const quality = new Float32Array(5).fill(grade);
      const propensity = Float32Array.of(1, 1e-6, 0.5, 1, 1);
      const found = calibrate(predicted, { quality, propensity }, 1);
      const after = calibrated(predicted, found);
      expect(after.every(p => p >= 0 && p <= 1)).toBe(true);
      expect([...after].sort((a, b) => a - b)).toEqual([...after]);
    }
  });
});
