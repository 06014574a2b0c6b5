import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputTokenEstimator } from "../../lib/index.js";

const text = (bytes: number) => "x".repeat(bytes);

describe("InputTokenEstimator", () => {
  it("finds the constant and the slope, whatever a minority of odd records says", () => {
    const lengths = Array.from({ length: 200 }, (_, i) => 40 + 7 * i);
    const tokens = Float32Array.from(lengths, (bytes, i) => (i % 5 === 0 ? 9999 : 60 + 0.25 * bytes));
    const estimator = InputTokenEstimator.fit(lengths.map(text), tokens);
    expect(estimator.tokensPerByte).toBeCloseTo(0.25, 3);
    expect(estimator.tokensPerText).toBeCloseTo(60, 0);
    expect(estimator.estimate([text(400)])[0]).toBeCloseTo(160, 0);
  });

  it("measures bytes, so that other scripts count for what they cost", () => {
    const estimator = InputTokenEstimator.fit([], new Float32Array(0));
    expect(estimator.estimate(["abcd", "漢字", ""])).toEqual(Float32Array.of(1, 1.5, 0));
  });

  it("falls back to four bytes per token where nothing is known", () => {
    expect(InputTokenEstimator.fit(["a", "b"], Float32Array.of(Number.NaN, Number.NaN)).toJSON()).toEqual({
      tokensPerText: 0,
      tokensPerByte: 0.25,
    });
  });

  it("takes one length as a ratio, and empty texts as a constant", () => {
    expect(InputTokenEstimator.fit([text(10), text(10)], Float32Array.of(4, 6)).toJSON()).toEqual({
      tokensPerText: 0,
      tokensPerByte: 0.5,
    });
    expect(InputTokenEstimator.fit(["", ""], Float32Array.of(4, 6)).toJSON()).toEqual({
      tokensPerText: 5,
      tokensPerByte: 0,
    });
  });

  it("never estimates anything but a finite number >= 0, and survives JSON", () => {
    const record = fc.tuple(fc.nat(3000), fc.oneof(fc.float({ noNaN: false }), fc.nat(5000)));
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), fc.nat(100_000), (records, length) => {
        const estimator = InputTokenEstimator.fit(
          records.map(([bytes]) => text(bytes)),
          Float32Array.from(records, ([, tokens]) => tokens),
        );
        const [tokens] = estimator.estimate([text(length)]);
        expect(tokens! >= 0 && !Number.isNaN(tokens)).toBe(true);
        const restored = InputTokenEstimator.fromJSON(JSON.parse(JSON.stringify(estimator)));
        expect(JSON.stringify(restored)).toBe(JSON.stringify(estimator));
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it("refuses what it did not write, and lengths that differ", () => {
    for (const value of [
      null,
      1,
      {},
      { tokensPerText: -1, tokensPerByte: 0 },
      { tokensPerText: "1", tokensPerByte: 0 },
    ])
      expect(() => InputTokenEstimator.fromJSON(value)).toThrow(
        expect.objectContaining({ code: "ERR_OMNI_CORRUPT" }),
      );
    expect(() => InputTokenEstimator.fit(["a"], new Float32Array(2))).toThrow(
      expect.objectContaining({ argument: "inputTokens" }),
    );
  });
});
