import { describe, expect, it } from "vitest";
import { binarySumDistribution } from "../../lib/floors/binary-sum.js";
import { boundOf as boundWith } from "../../lib/floors/bound.js";
import type { Residuals } from "../../lib/floors/residuals.js";
import { seededRandom } from "../../lib/random.js";

const certain: Residuals = {
  bias: 0,
  standardError: 0,
  dispersion: Float64Array.of(1),
  outcomes: 1e6,
  betweenClusters: 0,
  clusters: 20,
};

/** Of queries that are like the history's, all given to one model. */
function boundOf(
  predicted: ArrayLike<number>,
  residuals: Residuals,
  confidence: number,
  novelty = 0,
): ReturnType<typeof boundWith> {
  return boundWith(predicted, new Uint8Array(predicted.length), residuals, confidence, novelty);
}

describe("the distribution of a sum of outcomes", () => {
  it("is that of all cases counted", () => {
    const p = [0.1, 0.5, 0.9, 0.7, 1, 0];
    const counted = new Float64Array(p.length + 1);
    for (let ones = 0; ones < 2 ** p.length; ones++) {
      let [probability, sum] = [1, 0];
      p.forEach((each, i) => {
        const one = (ones >> i) & 1;
        probability *= one ? each : 1 - each;
        sum += one;
      });
      counted[sum]! += probability;
    }
    binarySumDistribution(p).forEach((probability, sum) => {
      expect(probability).toBeCloseTo(counted[sum]!, 14);
    });
  });

  it("of none is that of 0", () => expect([...binarySumDistribution([])]).toEqual([1]));
});

describe("a lower bound of what will be realised", () => {
  it.each([5, 20, 63, 64, 200, 1000])("is reached about as often as was asked, by %d queries", n => {
    const random = seededRandom(n);
    const p = Float32Array.from({ length: n }, () => 0.5 + 0.5 * random.uniform() ** 0.5);
    const error = 0.01;
    for (const confidence of [0.8, 0.95]) {
      const { quality } = boundOf(p, { ...certain, bias: -0.02, standardError: error }, confidence);
      const repeats = 4000;
      let [kept, next] = [0, 0];
      for (let repeat = 0; repeat < repeats; repeat++) {
        const bias = -0.02 + error * random.normal();
        let sum = 0;
        for (const each of p) sum += random.uniform() < each + bias ? 1 : 0;
        if (sum / n >= quality - 1e-12) kept++;
        if (sum / n >= quality + 1 / n - 1e-12) next++;
      }
      // Within chance of 4,000 repeats, and not needlessly low: one answer more would be too much.
      const chance = 3 * Math.sqrt((confidence * (1 - confidence)) / repeats);
      const skipped = n < 64 ? 0 : 0.02;
      expect(kept / repeats).toBeGreaterThan(confidence - chance - skipped);
      expect(next / repeats).toBeLessThan(confidence + chance + skipped);
    }
  });

  it("comes with parts that add up, each for what it is for", () => {
    const p = new Float32Array(400).fill(0.8);
    const residuals: Residuals = { ...certain, bias: -0.03, standardError: 0.01, outcomes: 1600 };
    const { quality, margin } = boundOf(p, residuals, 0.95);
    expect(margin.total).toBeCloseTo(margin.sampling + margin.history + margin.shift, 12);
    expect(margin.shift).toBe(0);
    expect(0.8 - 0.03 - quality).toBeCloseTo(margin.total, 6);
    expect(margin.sampling).toBeCloseTo(4 * margin.history, 3); // their variances are as 4 to 1
    const larger = boundOf(new Float32Array(40_000).fill(0.8), residuals, 0.95).margin;
    expect(larger.sampling).toBeLessThan(margin.sampling / 5);
    const surer = boundOf(p, { ...residuals, standardError: 0.001 }, 0.95).margin;
    expect(surer.history).toBeLessThan(margin.history / 5);
    expect(boundOf(p, residuals, 0.99).quality).toBeLessThan(quality);
    expect(boundOf(p, residuals, 0.5).quality).toBeCloseTo(0.77, 2);
  });

  it("is the worse the fewer outcomes it rests on", () => {
    const p = new Float32Array(400).fill(0.8);
    const few = boundOf(p, { ...certain, standardError: 0.02, outcomes: 10 }, 0.95);
    const many = boundOf(p, { ...certain, standardError: 0.02, outcomes: 1000 }, 0.95);
    expect(few.quality).toBeLessThan(many.quality);
  });

  it("is lower for queries unlike the history's, by as much as its clusters differ", () => {
    const p = new Float32Array(400).fill(0.8);
    const residuals = { ...certain, standardError: 0.01, betweenClusters: 0.05, clusters: 12 };
    const { margin, quality } = boundOf(p, residuals, 0.95);
    expect(margin.shift).toBe(0);
    const [some, most] = [0.2, 0.4].map(novelty => boundOf(p, residuals, 0.95, novelty));
    // Student's quantile for 12 clusters is 1.80.
    expect(some!.margin.shift).toBeCloseTo(0.2 * 0.05 * 1.8, 3);
    expect(most!.margin.shift).toBeCloseTo(2 * some!.margin.shift, 9);
    expect(some!.quality).toBeCloseTo(quality - some!.margin.shift, 12);
    expect(some!.margin.sampling).toBe(margin.sampling);
    expect(boundOf(p, { ...residuals, betweenClusters: 0 }, 0.95, 0.4).quality).toBe(quality);
  });

  it("is nearer where the models' grades vary less, each by its own", () => {
    for (const n of [40, 400]) {
      const p = new Float32Array(n).fill(0.8);
      const models = Uint8Array.from(p, (_, i) => i % 2);
      const of = (...dispersion: number[]) =>
        boundWith(p, models, { ...certain, dispersion: Float64Array.from(dispersion) }, 0.95, 0).margin.total;
      expect(of(0, 0)).toBeLessThan(0.01);
      expect(of(0.25, 0.25) / of(1, 1)).toBeCloseTo(0.5, 1);
      expect(of(0, 1)).toBeCloseTo(of(1, 0), 12);
      expect(of(0, 1) / of(1, 1)).toBeCloseTo(Math.SQRT1_2, 1);
    }
  });

  it("stays between 0 and 1", () => {
    for (const [p, bias] of [
      [1, 0.5],
      [0, -0.5],
    ] as const)
      for (const n of [1, 10, 100]) {
        const { quality, margin } = boundOf(new Float32Array(n).fill(p), { ...certain, bias }, 0.95);
        expect(quality).toBe(p);
        expect(Object.values(margin).every(Number.isFinite)).toBe(true);
      }
  });

  it("of a single query is 1 or nothing", () => {
    expect(boundOf([0.96], certain, 0.95).quality).toBe(1);
    expect(boundOf([0.94], certain, 0.95).quality).toBe(0);
  });
});
