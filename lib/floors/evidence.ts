import type { History } from "../history/history.js";
import { nearestCentres, sphericalKMeans, type UnitVectors } from "../retrieval/spherical-k-means.js";

/**
 * What else of a history a promise rests on, beside its grades and the predictions of them: how the grades came to be
 * observed, and which clusters its queries form. Row i is the history's row i, column j the pool's model j.
 */
export interface Evidence {
  readonly rows: number;
  readonly models: readonly string[];
  /** `[rows]`: 1 where it is known how the graded models were selected, else 0. */
  readonly known: Uint8Array;
  /**
   * `[rows x models]`: the probability that the model's grade is observed, given the text or what else was known before.
   * NaN in rows that are not {@link known}, and where nothing is known of a model that has no grade: it could not be graded
   * at the time, or its probability was not recorded.
   */
  readonly propensity: Float32Array;
  readonly clusters: Clusters;
}

/** Clusters of the history's queries by the cosine of their embeddings. */
export interface Clusters {
  readonly dimension: number;
  /** `[count x dimension]`, unit vectors. */
  readonly centres: Float32Array;
  /** `[rows]`: the cluster of each row of the history. */
  readonly of: Uint8Array;
}

/** Clusters at most, so that each has rows enough to compare with. */
const MOST_CLUSTERS = 24;
const FEWEST_ROWS_PER_CLUSTER = 40;
/** Centres are found among so many rows, as more of them would hardly move them. */
const ROWS_FOR_CENTRES = 4096;

/** Clusters of the rows of a history, which are in no particular order or else are thinned evenly. */
export function clustersOf({ vectors, dimension }: UnitVectors, seed: number): Clusters {
  const rows = vectors.length / dimension;
  const count = Math.min(MOST_CLUSTERS, Math.max(1, Math.floor(rows / FEWEST_ROWS_PER_CLUSTER)));
  const step = Math.max(1, rows / ROWS_FOR_CENTRES);
  const sample = new Float32Array(Math.floor(rows / step) * dimension);
  for (let i = 0; i * dimension < sample.length; i++) {
    const row = Math.floor(i * step);
    sample.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  }
  const centres = sphericalKMeans({ vectors: sample, dimension }, count, seed);
  return { dimension, centres, of: clusterOf(centres, { vectors, dimension }) };
}

/** The cluster of each vector. */
export function clusterOf(centres: Float32Array, vectors: UnitVectors): Uint8Array {
  return Uint8Array.from(nearestCentres(centres, vectors, 1), cluster => Math.max(cluster, 0));
}

/** The part of a history that says how its grades were selected. */
export type SelectedHistory = Pick<History, "size" | "models" | "selections" | "quality" | "propensity">;

/** How many rows are known to have been selected how. */
export interface SelectionCounts {
  /** Every model that could be graded at the time was. */
  readonly complete: number;
  /** Chance decided, with the same probabilities for every query. */
  readonly random: number;
  /** The text alone decided: the probabilities are estimated. */
  readonly text: number;
  /** Every grade has a recorded probability (`Outcome.propensity`). */
  readonly recorded: number;
  /** No promise rests on these. */
  readonly unknown: number;
}

export function selectionCounts(history: SelectedHistory): SelectionCounts {
  const counts = { complete: 0, random: 0, text: 0, recorded: 0, unknown: 0 };
  for (let row = 0; row < history.size; row++) counts[selectionOf(history, row)]++;
  return counts;
}

/** Of one row. Probabilities of all its grades go before what is declared; of a row without grades nothing is complete. */
function selectionOf(
  { models, selections, quality, propensity }: SelectedHistory,
  row: number,
): keyof SelectionCounts {
  const width = models.length;
  let [graded, recorded] = [0, 0];
  for (let at = row * width; at < (row + 1) * width; at++) {
    if (Number.isNaN(quality[at])) continue;
    graded++;
    if (!Number.isNaN(propensity[at])) recorded++;
  }
  if (graded > 0 && recorded === graded) return "recorded";
  const selection = selections[row] ?? (graded === width ? "complete" : "unknown");
  return selection === "complete" && graded === 0 ? "unknown" : selection;
}

/** Whether any row is declared to have been selected by its text, so that its probabilities have to be estimated. */
export function isSelectedByText({ selections }: SelectedHistory): boolean {
  return selections.includes("text");
}

/**
 * How the grades of a history came to be observed. Of a row selected at random, a model's probability is its share of such
 * rows; of a row selected by its text it is estimated from the text.
 *
 * @param estimated `[size x models]`: probability of each grade to be observed given the text, estimated without the row
 *   itself; needed where {@link isSelectedByText}
 */
export function observationOf(
  history: SelectedHistory,
  estimated?: Float32Array,
): Pick<Evidence, "known" | "propensity"> {
  const { size, models, quality } = history;
  const width = models.length;
  const known = new Uint8Array(size);
  const propensity = new Float32Array(size * width).fill(Number.NaN);
  const shares = sharesAtRandom(history);
  for (let row = 0; row < size; row++) {
    const selection = selectionOf(history, row);
    if (selection === "unknown" || (selection === "text" && estimated === undefined)) continue;
    known[row] = 1;
    for (let j = 0; j < width; j++) {
      const at = row * width + j;
      if (selection === "random") propensity[at] = shares[j]!;
      else if (selection === "text") propensity[at] = estimated![at]!;
      else if (!Number.isNaN(quality[at]))
        propensity[at] = selection === "complete" ? 1 : history.propensity[at]!;
    }
  }
  return { known, propensity };
}

/**
 * Whether each model's grades are a fair sample of its outcomes: whether they all were observed with one probability, as far
 * as is known.
 */
export function isEvenlyObserved({ known, propensity }: Pick<Evidence, "known" | "propensity">): boolean {
  const width = propensity.length / Math.max(known.length, 1);
  const first = new Float64Array(width).fill(Number.NaN);
  return propensity.every((probability, at) => {
    if (Number.isNaN(probability)) return true;
    if (Number.isNaN(first[at % width]!)) first[at % width] = probability;
    return first[at % width] === probability;
  });
}

/** The share of the rows selected at random in which each model is graded. */
function sharesAtRandom({ models, selections, quality }: SelectedHistory): Float64Array {
  const width = models.length;
  const graded = new Float64Array(width);
  let rows = 0;
  selections.forEach((selection, row) => {
    if (selection !== "random") return;
    rows++;
    for (let j = 0; j < width; j++) if (!Number.isNaN(quality[row * width + j])) graded[j]!++;
  });
  return graded.map(count => count / rows);
}

/** 1 where a model is graded in a row that was selected by its text, 0 where it is not, NaN in other rows. */
export function selectionIndicators({ models, selections, quality }: SelectedHistory): Float32Array {
  const width = models.length;
  return quality.map((grade, at) =>
    selections[Math.floor(at / width)] === "text" ? Number(!Number.isNaN(grade)) : Number.NaN,
  );
}

/** The same for other models: those that are new could not be graded at the time. */
export function evidenceFor(evidence: Evidence, models: readonly string[]): Evidence {
  const { rows } = evidence;
  const from = models.map(model => evidence.models.indexOf(model));
  const propensity = new Float32Array(rows * models.length).fill(Number.NaN);
  for (let row = 0; row < rows; row++)
    for (const [to, column] of from.entries())
      if (column >= 0)
        propensity[row * models.length + to] = evidence.propensity[row * evidence.models.length + column]!;
  return { ...evidence, models, propensity };
}
