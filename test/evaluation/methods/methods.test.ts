import { beforeAll, describe, expect, it } from "vitest";
import { capacityOf, overrun } from "../../../lib/evaluation/capacity.js";
import type { EvaluationSplit } from "../../../lib/evaluation/evaluation-split.js";
import { METHODS } from "../../../lib/evaluation/methods/all.js";
import { carrot } from "../../../lib/evaluation/methods/carrot.js";
import { clusters } from "../../../lib/evaluation/methods/clusters.js";
import { LowRankHead } from "../../../lib/evaluation/methods/low-rank-head.js";
import { matrixFactorisation } from "../../../lib/evaluation/methods/matrix-factorisation.js";
import { oracle } from "../../../lib/evaluation/methods/oracle.js";
import { ours } from "../../../lib/evaluation/methods/ours.js";
import { port } from "../../../lib/evaluation/methods/port.js";
import { allRows, cheapestReaching } from "../../../lib/evaluation/methods/scored.js";
import { bestSingle, cheapest, random } from "../../../lib/evaluation/methods/single.js";
import { threshold, thresholdRules } from "../../../lib/evaluation/methods/threshold.js";
import { bestCandidate } from "../../../lib/evaluation/methods/tuning.js";
import { costRatio } from "../../../lib/evaluation/metrics/curve.js";
import { nearestCentres, sphericalKMeans } from "../../../lib/retrieval/spherical-k-means.js";
import { curveOf, plantedSplit } from "../planted.js";

let split: EvaluationSplit;
beforeAll(async () => {
  split = await plantedSplit();
});

describe("every method", () => {
  it.each(METHODS.map(method => [method.id, method] as const))(
    "%s keeps within capacities",
    async (_, method) => {
      const fitted = await method.fit(split);
      for (const share of [1, 0.4]) {
        const curve = await fitted.curve(share);
        expect(curve.length).toBeGreaterThan(0);
        for (const choice of curve) {
          expect(choice.length).toBe(split.heldOut.size);
          expect(overrun(choice, 3, capacityOf(share, choice.length))).toBe(0);
        }
        const rows = allRows(split.heldOut.size).subarray(5, 25);
        const { choice, refused } = await fitted.route(rows, 0.8, share);
        expect(choice.length).toBe(20);
        if (!refused) expect(overrun(choice, 3, capacityOf(share, 20))).toBe(0);
      }
    },
  );

  it.each(METHODS.map(method => [method.id, method] as const))("%s is the same again", async (_, method) => {
    const [first, second] = [await method.fit(split), await method.fit(split)];
    expect(await first.curve(1)).toEqual(await second.curve(1));
  });
});

describe("methods that look at the query", () => {
  it.each(
    [ours, carrot, clusters, matrixFactorisation, port, threshold, oracle].map(
      method => [method.id, method] as const,
    ),
  )("%s tells the topics apart", async (_, method) => {
    const curve = await curveOf(split, method);
    expect(costRatio(curve, 0.99, 2e-4).ratio).toBeCloseTo(0.1, 5);
  });
});

describe("methods that do not", () => {
  it("best single model: the dear one at the end, a cheap one before", async () => {
    const curve = await curveOf(split, bestSingle);
    expect(curve.at(-1)).toMatchObject({ quality: 1 });
    expect(curve.at(-1)!.cost).toBeCloseTo(2e-4, 9);
    expect(curve[0]!.cost).toBeCloseTo(2e-5, 9);
    expect(costRatio(curve, 0.99, 2e-4).ratio).toBeCloseTo(1, 5);
  });

  it("cheapest model, and a random one", async () => {
    const [point] = await curveOf(split, cheapest);
    expect(point!.cost).toBeCloseTo(2e-5, 9);
    const [drawn] = await curveOf(split, random);
    expect(drawn!.quality).toBeGreaterThan(0.45);
    expect(drawn!.quality).toBeLessThan(0.9);
  });
});

describe("thresholdRules", () => {
  it("takes the cheapest at or above the threshold, else the best predicted", () => {
    const { count, score } = thresholdRules({
      quality: Float32Array.of(0.5, 0.7, 0.9),
      cost: Float32Array.of(1, 2, 3),
    });
    const least = (point: number) => [0, 1, 2].reduce((a, b) => (score(point)(b) < score(point)(a) ? b : a));
    const at = (threshold: number) => least(Math.round(threshold * (count - 1)));
    expect([0, 0.4, 0.6, 0.8, 0.95, 1].map(at)).toEqual([0, 0, 1, 2, 2, 2]);
  });
});

describe("sphericalKMeans", () => {
  it("finds clusters", () => {
    const angles = [0.02, 0.05, 0.08, 1.5, 1.53, 1.56, 3.0, 3.05, 3.1];
    const vectors = Float32Array.from(angles.flatMap(angle => [Math.cos(angle), Math.sin(angle)]));
    const found = [1, 2, 3].map(seed => {
      const centres = sphericalKMeans({ vectors, dimension: 2 }, 3, seed);
      return [...nearestCentres(centres, { vectors, dimension: 2 }, 1)];
    });
    // Lloyd's method may stop at a local optimum; from three starts one is the planted one.
    expect(
      found.some(
        own =>
          own[0] === own[2] &&
          own[3] === own[5] &&
          own[6] === own[8] &&
          new Set([own[0], own[3], own[6]]).size === 3,
      ),
    ).toBe(true);
  });

  it("has no more clusters than vectors", () => {
    expect(sphericalKMeans({ vectors: Float32Array.of(1, 0, 0, 1), dimension: 2 }, 8, 1).length).toBe(4);
  });
});

describe("LowRankHead", () => {
  it("learns a planted rank-one pattern, with outcomes missing", () => {
    const rows = 400;
    const embeddings = new Float32Array(rows * 4);
    const quality = new Float32Array(rows * 3);
    for (let row = 0; row < rows; row++) {
      const angle = (row * 2.399963) % (2 * Math.PI);
      embeddings.set([Math.cos(angle), Math.sin(angle), 0, 0], row * 4);
      const hard = Math.cos(angle) > 0;
      quality.set([hard ? 0 : 1, hard ? 1 : 0, 1], row * 3);
      quality[row * 3 + (row % 3)] = Number.NaN;
    }
    const head = LowRankHead.fit({ embeddings, dimension: 4, quality, models: 3 }, allRows(rows), {
      rank: 1,
      epochs: 200,
      seed: 1,
    });
    const [easy, hard] = [
      head.predict(Float32Array.of(-1, 0, 0, 0)),
      head.predict(Float32Array.of(1, 0, 0, 0)),
    ];
    expect(easy[0]).toBeGreaterThan(0.9);
    expect(hard[0]).toBeLessThan(0.1);
    expect(easy[1]).toBeLessThan(0.1);
    expect(hard[1]).toBeGreaterThan(0.9);
    expect(Math.min(easy[2]!, hard[2]!)).toBeGreaterThan(0.9);
  });
});

describe("tuning", () => {
  it("takes the candidate whose rules are best on the history, and only as many as the others have", () => {
    const { quality, cost } = split.outcomes.history;
    const rules = (sign: number) => ({
      count: 2,
      score: (point: number) => (cell: number) => cost[cell]! - sign * point * quality[cell]!,
    });
    expect(bestCandidate(split, [-1, 0, 1, -1, 0], rules)).toBe(1);
    expect(() => bestCandidate(split, [1], rules)).toThrow(RangeError);
  });

  it("calibrates a floor by the cheapest rule that reached it, else by the best", () => {
    const point = (quality: number, cost: number) => ({ quality, cost, variance: 0, known: 1, effective: 1 });
    const curve = [point(0.5, 1), point(0.8, 3), point(0.85, 2), point(0.9, 5)];
    expect(cheapestReaching(curve, 0.8)).toBe(2);
    expect(cheapestReaching(curve, 0.95)).toBe(3);
    expect(cheapestReaching(curve, 0.1)).toBe(0);
  });
});
