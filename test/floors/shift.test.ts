import { describe, expect, it } from "vitest";
import { shiftOf } from "../../lib/floors/shift.js";
import { seededRandom } from "../../lib/random.js";
import { draw, historyOf } from "./population.js";

const CLUSTERS = 4;
const rows = 800;
const of = Uint8Array.from({ length: rows }, (_, row) => row % CLUSTERS);
const random = seededRandom(1);
/** The queries of each cluster are nearer to each other than those of the one before. */
const near = (cluster: number) => 0.2 * (cluster + 1) + 0.1 * random.uniform();
const known = historyOf(draw(rows, 1), {
  clusters: { dimension: 1, centres: new Float32Array(CLUSTERS).fill(1), of },
});
const history = {
  ...known,
  outOfFold: { ...known.outOfFold, nearest: Float32Array.from(of, near) },
};
const batchOf = (clusters: readonly number[], nearest = near) => ({
  cluster: Uint8Array.from(clusters),
  nearest: Float32Array.from(clusters, nearest),
});

describe("how a batch differs from the history", () => {
  it("is not at all where its queries are of the same kinds in the same proportions", () => {
    const { shift, weights } = shiftOf(batchOf([...of.subarray(0, 400)]), history);
    expect(shift.mix).toBeCloseTo(0, 12);
    expect(shift.novelty).toBe(0);
    for (const weight of weights) expect(weight).toBeCloseTo(1, 12);
  });

  it("is its mix alone where it is all of one known kind, which the history is reweighted to", () => {
    for (let cluster = 0; cluster < CLUSTERS; cluster++) {
      const { shift, weights } = shiftOf(batchOf(new Array(400).fill(cluster)), history);
      expect(shift.mix).toBeCloseTo(0.75, 12);
      // A kind that lies apart from the others is no news, but for chance.
      expect(shift.novelty).toBeLessThan(0.05);
      const share = (c: number) =>
        weights.reduce((sum, weight, row) => sum + (of[row] === c ? weight : 0), 0) / rows;
      expect(share(cluster)).toBeGreaterThan(0.98);
      for (let other = 0; other < CLUSTERS; other++)
        if (other !== cluster) expect(share(other)).toBeLessThan(0.005);
    }
  });

  it("keeps to the history's proportions where the batch is too small to have some of its own", () => {
    const { weights } = shiftOf(batchOf([2]), history);
    expect(weights[2]!).toBeLessThan(2);
    expect(weights[0]!).toBeGreaterThan(0.75);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    expect(sum).toBeCloseTo(rows, 9);
  });

  it("is its novelty where its queries are farther away than the history's own, whatever its mix", () => {
    const far = batchOf([...of.subarray(0, 400)], cluster => near(cluster) - 0.3);
    expect(shiftOf(far, history).shift.novelty).toBeGreaterThan(0.8);
    // A quarter of them.
    const some = batchOf([...of.subarray(0, 400)], cluster => near(cluster) - (cluster === 0 ? 0.3 : 0));
    const { novelty } = shiftOf(some, history).shift;
    expect(novelty).toBeGreaterThan(0.1);
    expect(novelty).toBeLessThan(0.3);
    // Nearer than usual is no news either.
    expect(
      shiftOf(
        batchOf([...of.subarray(0, 400)], cluster => near(cluster) + 0.3),
        history,
      ).shift.novelty,
    ).toBe(0);
  });

  it("is seldom said of a batch that is like the history, however small", () => {
    const repeats = 400;
    for (const n of [10, 100]) {
      let said = 0;
      for (let repeat = 0; repeat < repeats; repeat++) {
        const clusters = Array.from({ length: n }, () => Math.floor(random.uniform() * CLUSTERS));
        if (shiftOf(batchOf(clusters), history).shift.novelty > 0) said++;
      }
      expect(said / repeats).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / repeats));
    }
  });

  it("gives no weight to kinds of which it is not known how their grades were selected", () => {
    const selected = Uint8Array.from(of, cluster => Number(cluster !== 3));
    const partly = { ...history, evidence: { ...history.evidence, known: selected } };
    const { weights } = shiftOf(batchOf([...of.subarray(0, 400)]), partly);
    expect(weights.every((weight, row) => (of[row] === 3 ? weight === 0 : weight > 0))).toBe(true);
  });
});
