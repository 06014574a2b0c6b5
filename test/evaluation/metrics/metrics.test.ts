import { describe, expect, it } from "vitest";
import {
  brier,
  expectedCalibrationError,
  pooled,
  reliability,
} from "../../../lib/evaluation/metrics/calibration.js";
import { averageImprovement, costRatio, peak, upperHull } from "../../../lib/evaluation/metrics/curve.js";
import { auc } from "../../../lib/evaluation/metrics/discrimination.js";
import { floorRun, hindsightPoint, Z95 } from "../../../lib/evaluation/metrics/floors.js";
import { type Outcomes, realise } from "../../../lib/evaluation/outcomes.js";

const { NaN: unknown } = Number;

describe("auc", () => {
  it("counts pairs in order, ties by half, and leaves the unknown out", () => {
    // Good: .9, .5; bad: .5, .1. Of four pairs three are in order and one is tied.
    expect(auc([0.9, 0.5, 0.5, 0.1, 0.7], [1, 1, 0, 0, unknown])).toBe(3.5 / 4);
    expect(auc([1, 2, 3], [0, 0, 1])).toBe(1);
    expect(auc([1, 2, 3], [1, 0, 0])).toBe(0);
    expect(auc([0.5, 0.5, 0.5, 0.5], [1, 0, 1, 0])).toBe(0.5);
    expect(auc([0.1, 0.2], [1, 1])).toBeNaN();
  });
});

describe("calibration", () => {
  it("has the Brier score and the expected calibration error of a case worked by hand", () => {
    const [predicted, realised] = [
      [0.1, 0.2, 0.8, 0.9],
      [0, 1, 1, 1],
    ];
    expect(brier(predicted!, realised!)).toBeCloseTo((0.01 + 0.64 + 0.04 + 0.01) / 4, 12);
    // Two bins: .15 against .5, and .85 against 1, each with half the weight.
    const bins = reliability(predicted!, realised!, 2);
    expect(bins.map(({ count }) => count)).toEqual([2, 2]);
    expect(expectedCalibrationError(bins)).toBeCloseTo((0.35 + 0.15) / 2, 12);
  });

  it("puts 0 and 1 in the outermost bins, leaves the unknown out and pools by counts", () => {
    const bins = reliability([0, 1, 0.5], [0, 1, unknown], 4);
    expect(bins.map(({ count }) => count)).toEqual([1, 0, 0, 1]);
    const both = pooled([bins, reliability([0.9, 0.9, 0.9], [0, 0, 1], 4)]);
    expect(both[3]).toMatchObject({ count: 4 });
    expect(both[3]!.predicted).toBeCloseTo((1 + 3 * 0.9) / 4, 12);
    expect(both[3]!.realised).toBeCloseTo(2 / 4, 12);
  });
});

describe("curves", () => {
  const curve = [
    { cost: 1, quality: 0.4 },
    { cost: 2, quality: 0.8 },
    { cost: 3, quality: 0.7 },
    { cost: 4, quality: 0.9 },
  ];

  it("match a quality at the least cost that reaches it, never dearer than the reference", () => {
    expect(costRatio(curve, 0.8, 4)).toEqual({ ratio: 0.5, matched: true });
    expect(costRatio(curve, 0.7, 4)).toEqual({ ratio: 0.5, matched: true });
    expect(costRatio(curve, 0.85, 4)).toEqual({ ratio: 1, matched: true });
    expect(costRatio(curve, 0.95, 4)).toEqual({ ratio: 1, matched: false });
    expect(costRatio(curve, 0.9, 2)).toEqual({ ratio: 1, matched: true });
    expect(peak(curve)).toBe(0.9);
  });

  it("have the area under their hull as AIQ", () => {
    expect(upperHull(curve)).toEqual([curve[0], curve[1], curve[3]]);
    // Trapezia: (.4 + .8) / 2 over 1, then (.8 + .9) / 2 over 2; divided by 3.
    expect(averageImprovement(curve, { cost: 1, quality: 0.2 }, [1, 4])).toBeCloseTo((0.6 + 1.7) / 3, 12);
    // Flat beyond its last point, and from the floor up to its first.
    expect(averageImprovement([{ cost: 2, quality: 0.8 }], { cost: 0, quality: 0.4 }, [0, 4])).toBeCloseTo(
      (2 * 0.6 + 2 * 0.8) / 4,
      12,
    );
    // A dear point of lower quality adds nothing.
    expect(averageImprovement([{ cost: 3, quality: 0.1 }], { cost: 0, quality: 0.4 }, [0, 4])).toBeCloseTo(
      0.4,
      12,
    );
  });
});

describe("floors", () => {
  // Two models: column 0 is free and right half the time, column 1 costs 1 and is always right.
  const outcomes: Outcomes = {
    rows: 4,
    width: 2,
    quality: Float32Array.of(1, 1, 0, 1, 1, 1, 0, 1),
    cost: Float32Array.of(0, 1, 0, 1, 0, 1, 0, 1),
  };
  const choices = [
    [0, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 1, 0, 1],
    [1, 1, 1, 1],
  ].map(row => Uint8Array.from(row));
  const curve = { choices, points: choices.map(choice => realise(outcomes, choice)) };

  it("realise a choice by the outcomes that are known", () => {
    expect(curve.points[1]).toEqual({
      quality: 0.75,
      cost: 0.25,
      variance: 0.75 * 0.25,
      known: 4,
      effective: 4,
    });
    const partly = { ...outcomes, quality: outcomes.quality.with(0, unknown) };
    expect(realise(partly, choices[0]!)).toMatchObject({ quality: 1 / 3, known: 3 });
    expect(realise(outcomes, Uint8Array.of(1, 0), Int32Array.of(3, 2))).toMatchObject({
      quality: 1,
      cost: 0.5,
    });
  });

  it("find the price of hindsight, bare and with the margin of a batch", () => {
    expect(hindsightPoint(curve.points, 0.7, 4, 0)).toBe(1);
    // .75 - 1.645 sqrt(.1875 / n) >= .7 only from n = 203 on; certain quality needs no margin.
    expect(hindsightPoint(curve.points, 0.7, 202, Z95)).toBe(2);
    expect(hindsightPoint(curve.points, 0.7, 203, Z95)).toBe(1);
    expect(hindsightPoint(curve.points.slice(0, 2), 0.8, 4, 0)).toBe(-1);
  });

  it("count what was met, refused and missed, and compare costs", () => {
    const batch = (rows: number[], choice: number[], refused = false) => {
      const picked = Uint8Array.from(choice);
      const at = Int32Array.from(rows);
      return {
        rows: at,
        decision: { choice: picked, refused },
        realised: realise(outcomes, picked, at),
      };
    };
    const run = floorRun(outcomes, curve, 0.75, 2, [
      batch([0, 1], [1, 1]),
      batch([2, 3], [0, 0]),
      batch([0, 1], [0, 0], true),
    ]);
    expect(run).toMatchObject({
      batches: 3,
      refused: 1,
      met: 1,
      worst: -0.25,
      shortfall: 0.25,
      beyond: false,
    });
    expect(run.slack).toBeCloseTo(0, 12);
    // Spent 2 where the choice of hindsight (point 1) spends 1 on these rows; with the margin (point 2), 2.
    expect(run.overHindsight).toBeCloseTo(2, 12);
    expect(run.overMargin).toBeCloseTo(1, 12);
  });
});
