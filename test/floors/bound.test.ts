import { describe, expect, it } from "vitest";
import { binarySumDistribution } from "../../lib/floors/binary-sum.js";
import { boundOf } from "../../lib/floors/bound.js";
import type { Residuals } from "../../lib/floors/residuals.js";
import { seededRandom } from "../../lib/random.js";

const certain: Residuals = { bias: 0, standardError: 0, dispersion: 1, outcomes: 1e6 };

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
    const residuals: Residuals = { bias: -0.03, standardError: 0.01, dispersion: 1, outcomes: 1600 };
    const { quality, margin } = boundOf(p, residuals, 0.95);
    expect(margin.bias).toBe(0.03);
    expect(margin.total).toBeCloseTo(margin.bias + margin.sampling + margin.history, 12);
    expect(0.8 - quality).toBeCloseTo(margin.total, 6);
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
