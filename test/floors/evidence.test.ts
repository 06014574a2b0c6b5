import { describe, expect, it } from "vitest";
import {
  clusterOf,
  clustersOf,
  type Evidence,
  evidenceFor,
  isEvenlyObserved,
  isSelectedByText,
  observationOf,
  selectionIndicators,
} from "../../lib/floors/evidence.js";
import { decodeEvidence, encodeEvidence } from "../../lib/floors/evidence-file.js";
import { History } from "../../lib/history/history.js";
import type { HistoryRecord, Selection } from "../../lib/history/record.js";
import { ModelPool } from "../../lib/pool/pool.js";
import { seededRandom } from "../../lib/random.js";

const pool = ModelPool.from([
  { name: "a", inputPer1M: 1, outputPer1M: 2 },
  { name: "b", inputPer1M: 1, outputPer1M: 2 },
]);
type Grades = Readonly<Record<string, number | readonly [quality: number, propensity: number]>>;

/** One row for each selection and the grades in it: `[quality, propensity]` where a probability was recorded. */
async function historyOf(...rows: readonly (readonly [Selection | undefined, Grades])[]): Promise<History> {
  const records = rows.map(
    ([selection, grades], row): HistoryRecord => ({
      id: String(row),
      query: `q${row}`,
      ...(selection === undefined ? {} : { selection }),
      outcomes: Object.fromEntries(
        Object.entries(grades).map(([model, grade]) => {
          const [quality, propensity] = typeof grade === "number" ? [grade] : grade;
          return [model, { quality, outputTokens: 1, ...(propensity === undefined ? {} : { propensity }) }];
        }),
      ),
    }),
  );
  return await History.read(records, pool);
}
const rowOf = ({ propensity }: Pick<Evidence, "propensity">, row: number) => [
  ...propensity.subarray(row * 2, row * 2 + 2),
];
const NONE = [Number.NaN, Number.NaN];

describe("how grades came to be observed", () => {
  it("is known of rows with every grade, and of those that are declared to be complete", async () => {
    const history = await historyOf(
      [undefined, { a: 1, b: 0 }],
      ["complete", { a: 1 }],
      [undefined, { a: 1 }],
      ["unknown", { a: 1, b: 1 }],
      ["complete", {}],
    );
    const observed = observationOf(history);
    expect([...observed.known]).toEqual([1, 1, 0, 0, 0]);
    expect(rowOf(observed, 0)).toEqual([1, 1]);
    expect(rowOf(observed, 1)).toEqual([1, Number.NaN]);
    for (const row of [2, 3, 4]) expect(rowOf(observed, row)).toEqual(NONE);
    expect(isEvenlyObserved(observed)).toBe(true);
  });

  it("is each model's share where chance decided", async () => {
    const history = await historyOf(
      ["random", { a: 1 }],
      ["random", { a: 0 }],
      ["random", { b: 1 }],
      ["random", {}],
      [undefined, { a: 1, b: 1 }],
      ["unknown", { b: 1 }],
    );
    const observed = observationOf(history);
    expect([...observed.known]).toEqual([1, 1, 1, 1, 1, 0]);
    for (let row = 0; row < 4; row++) expect(rowOf(observed, row)).toEqual([0.5, 0.25]);
    expect(rowOf(observed, 4)).toEqual([1, 1]);
    expect(isEvenlyObserved(observed)).toBe(false);
    expect(isEvenlyObserved(observationOf(await historyOf(["random", { a: 1 }], ["random", { b: 1 }])))).toBe(
      true,
    );
  });

  it("is what was recorded, which goes before what is declared, where it was recorded of each grade", async () => {
    const history = await historyOf(
      [undefined, { a: [1, 0.25] }],
      ["unknown", { a: [1, 0.25], b: [0, 0.5] }],
      ["random", { a: [1, 0.75] }],
      [undefined, { a: [1, 0.25], b: 0 }],
      ["unknown", { a: [1, 0.25], b: 0 }],
    );
    const observed = observationOf(history);
    expect([...observed.known]).toEqual([1, 1, 1, 1, 0]);
    expect(rowOf(observed, 0)).toEqual([0.25, Number.NaN]);
    expect(rowOf(observed, 1)).toEqual([0.25, 0.5]);
    expect(rowOf(observed, 2)).toEqual([0.75, Number.NaN]);
    // Every model has a grade in it: it is complete, whatever is said of one.
    expect(rowOf(observed, 3)).toEqual([1, 1]);
    expect(rowOf(observed, 4)).toEqual(NONE);
    expect(isEvenlyObserved(observed)).toBe(false);
  });

  it("is estimated where the text decided, of those rows alone", async () => {
    const history = await historyOf(
      ["text", { a: 1 }],
      [undefined, { a: 1, b: 1 }],
      ["text", { b: 1 }],
      [undefined, { a: 1 }],
    );
    expect(isSelectedByText(history)).toBe(true);
    expect(isSelectedByText(await historyOf(["random", { a: 1 }]))).toBe(false);
    expect([...selectionIndicators(history)]).toEqual([1, 0, ...NONE, 0, 1, ...NONE]);
    const estimated = Float32Array.of(0.75, 0.25, 0.5, 0.5, 0.125, 0.875, 0.5, 0.5);
    const observed = observationOf(history, estimated);
    expect([...observed.known]).toEqual([1, 1, 1, 0]);
    expect(rowOf(observed, 0)).toEqual([0.75, 0.25]);
    expect(rowOf(observed, 1)).toEqual([1, 1]);
    expect(rowOf(observed, 2)).toEqual([0.125, 0.875]);
    expect(rowOf(observed, 3)).toEqual(NONE);
    expect([...observationOf(history).known]).toEqual([0, 1, 0, 0]);
  });
});

const random = seededRandom(5);
const vectors = new Float32Array(400 * 3);
for (let row = 0; row < 400; row++) {
  const corner = row % 4; // three axes, and the diagonal
  const vector = [0, 1, 2].map(d => (corner === 3 || d === corner ? 1 : 0) + 0.05 * random.normal());
  const norm = Math.hypot(...vector);
  vectors.set(
    vector.map(x => x / norm),
    row * 3,
  );
}
const clusters = clustersOf({ vectors, dimension: 3 }, 1);
const evidence: Evidence = {
  rows: 400,
  models: ["a", "b"],
  known: Uint8Array.from({ length: 400 }, (_, row) => row % 2),
  propensity: Float32Array.from({ length: 800 }, (_, at) => (at % 5 === 0 ? Number.NaN : (at % 5) / 5)),
  clusters,
};

describe("evidence", () => {
  it("finds the clusters of a history, and those of queries", () => {
    const { of, centres } = clusters;
    const count = centres.length / 3;
    expect(count).toBe(10);
    const corners = Array.from({ length: count }, () => new Set<number>());
    for (const [row, cluster] of of.entries()) corners[cluster]!.add(row % 4);
    for (const corner of corners) expect(corner.size).toBeLessThanOrEqual(1);
    expect(clusterOf(centres, { vectors: vectors.subarray(0, 30), dimension: 3 })).toEqual(
      of.subarray(0, 10),
    );
    const few = clustersOf({ vectors: vectors.subarray(0, 30), dimension: 3 }, 1);
    expect([few.centres.length, new Set(few.of)]).toEqual([3, new Set([0])]);
    expect(clustersOf({ vectors, dimension: 3 }, 1)).toEqual(clusters);
  });

  it("for other models has nothing of those that are new", () => {
    const other = evidenceFor(evidence, ["new", "b"]);
    expect(other.models).toEqual(["new", "b"]);
    expect(other.known).toEqual(evidence.known);
    for (let row = 0; row < 400; row++)
      expect([...other.propensity.subarray(2 * row, 2 * row + 2)]).toEqual([
        Number.NaN,
        evidence.propensity[2 * row + 1],
      ]);
  });

  it("is the same after it was written and read", () => {
    expect(decodeEvidence(encodeEvidence(evidence), ["a", "b"])).toEqual(evidence);
  });

  it("is refused where it is damaged, of another release, or of another pool", () => {
    const file = Buffer.from(encodeEvidence(evidence));
    const refused = (bytes: Uint8Array, models: readonly string[], code: string) =>
      expect(() => decodeEvidence(bytes, models)).toThrow(expect.objectContaining({ code }));
    refused(file.subarray(0, -1), ["a", "b"], "ERR_OMNI_CORRUPT");
    refused(file, ["a"], "ERR_OMNI_CORRUPT");
    refused(file.subarray(0, 20), ["a", "b"], "ERR_OMNI_CORRUPT");
    const altered = Buffer.from(file);
    altered[100]! ^= 1;
    refused(altered, ["a", "b"], "ERR_OMNI_CORRUPT");
    const later = Buffer.from(file);
    later.writeUInt32LE(2, 8);
    refused(later, ["a", "b"], "ERR_OMNI_VERSION");
    for (const broken of [
      { propensity: evidence.propensity.with(3, 1.5) },
      { known: evidence.known.with(0, 2) },
      { clusters: { ...clusters, of: clusters.of.with(0, 200) } },
      { clusters: { ...clusters, centres: clusters.centres.with(0, Number.NaN) } },
    ])
      refused(encodeEvidence({ ...evidence, ...broken }), ["a", "b"], "ERR_OMNI_CORRUPT");
  });
});
