import type { Evidence } from "../../lib/floors/evidence.js";
import type { FloorHistory } from "../../lib/floors/residuals.js";
import type { BatchLikeness } from "../../lib/floors/shift.js";
import { seededRandom } from "../../lib/random.js";

/** Dearer models are better, and on hard queries by more. */
const ABILITIES = [-1, 0, 1, 2];
const PRICES = [1, 3, 9, 27];
export const models = ["small", "medium", "large", "huge"];
const M = models.length;

export interface Drawn {
  readonly rows: number;
  /** `[rows x models]`, as predicted. */
  readonly quality: Float32Array;
  readonly cost: Float32Array;
  /** `[rows x models]`: outcomes of 0 or 1. */
  readonly outcomes: Float32Array;
}

/** Draws queries with outcomes. Predictions are the true probabilities, moved up by `excess`. */
export function draw(rows: number, seed: number, excess = 0): Drawn {
  const random = seededRandom(seed);
  const matrix = () => new Float32Array(rows * M);
  const [quality, cost, outcomes] = [matrix(), matrix(), matrix()];
  for (let i = 0; i < rows; i++) {
    const ease = 1 + 1.5 * random.normal();
    const length = Math.exp(0.5 * random.normal());
    for (let j = 0; j < M; j++) {
      const p = 1 / (1 + Math.exp(-ease - ABILITIES[j]!));
      quality[i * M + j] = Math.min(1, p + excess);
      cost[i * M + j] = PRICES[j]! * length * 1e-4;
      outcomes[i * M + j] = random.uniform() < p ? 1 : 0;
    }
  }
  return { rows, quality, cost, outcomes };
}

/** Of which every grade was there to be observed, in one cluster, unless given. */
export function historyOf(drawn: Drawn, evidence: Partial<Evidence> = {}): FloorHistory {
  const { rows, quality, cost, outcomes } = drawn;
  return {
    outOfFold: { rows, models, quality, cost, nearest: likenessOf(drawn).nearest },
    quality: outcomes,
    evidence: {
      rows,
      models,
      known: new Uint8Array(rows).fill(1),
      propensity: outcomes.map(grade => (Number.isNaN(grade) ? Number.NaN : 1)),
      clusters: { dimension: 1, centres: Float32Array.of(1), of: new Uint8Array(rows) },
      ...evidence,
    },
  };
}

/** Queries like the history's: as near to it as its own are to each other. */
export function likenessOf({ rows }: Pick<Drawn, "rows">): BatchLikeness {
  return {
    cluster: new Uint8Array(rows),
    nearest: Float32Array.from({ length: rows }, (_, i) => 0.5 + (0.4 * (i + 0.5)) / rows),
  };
}

/** Of a history that is in the batch's proportions. */
export function evenWeights(rows: number): Float64Array {
  return new Float64Array(rows).fill(1);
}

/** Mean outcome of what was chosen. */
export function realised({ outcomes }: Drawn, choice: Uint8Array): number {
  let sum = 0;
  choice.forEach((j, i) => {
    sum += outcomes[i * M + j]!;
  });
  return sum / choice.length;
}
