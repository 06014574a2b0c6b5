import { type Random, seededRandom } from "../../random.js";

/** Graded queries: `embeddings` `[rows x dimension]`, `quality` `[rows x models]`, NaN = unknown. */
export interface GradedQueries {
  readonly embeddings: Float32Array;
  readonly dimension: number;
  readonly quality: Float32Array;
  readonly models: number;
}

export interface HeadOptions {
  /** Length of a model's vector. */
  readonly rank: number;
  readonly epochs: number;
  readonly seed: number;
}

const BATCH = 64;
const LEARNING_RATE = 0.01;
const WEIGHT_DECAY = 1e-2;

/**
 * EmbedLLM's head (arXiv 2410.02223): the query's embedding is projected to the space of the models' learned vectors,
 * P(right) = sigmoid(p_j . W e_i + b_j), fitted by cross-entropy with Adam (decoupled weight decay). The products by
 * coordinate that its classifier weighs are absorbed in p_j.
 */
export class LowRankHead {
  readonly #dimension: number;
  readonly #models: number;
  readonly #rank: number;
  /** `[rank x dimension]` */
  readonly #projection: Parameter;
  /** `[models x rank]` */
  readonly #vectors: Parameter;
  readonly #bias: Parameter;

  private constructor({ dimension, models }: GradedQueries, rank: number, random: Random) {
    const normal = (count: number, scale: number) =>
      Float64Array.from({ length: count }, () => scale * random.normal());
    this.#dimension = dimension;
    this.#models = models;
    this.#rank = rank;
    this.#projection = new Parameter(normal(rank * dimension, 1 / Math.sqrt(dimension)));
    this.#vectors = new Parameter(normal(models * rank, 1 / Math.sqrt(rank)));
    this.#bias = new Parameter(new Float64Array(models));
  }

  /** @param rows the queries to learn from */
  static fit(queries: GradedQueries, rows: Int32Array, { rank, epochs, seed }: HeadOptions): LowRankHead {
    const random = seededRandom(seed);
    const head = new LowRankHead(queries, rank, random);
    const order = rows.slice();
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (let last = order.length - 1; last > 0; last--) {
        const other = Math.floor(random.uniform() * (last + 1));
        [order[last], order[other]] = [order[other]!, order[last]!];
      }
      // Falls to nothing by the end, so that the last batches do not decide.
      const rate = LEARNING_RATE * (1 - epoch / epochs);
      for (let start = 0; start < order.length; start += BATCH)
        head.#learn(queries, order.subarray(start, start + BATCH), rate);
    }
    return head;
  }

  /** P(right) of every query and model, `[rows x models]`. */
  predict(embeddings: Float32Array): Float32Array {
    const rows = embeddings.length / this.#dimension;
    const quality = new Float32Array(rows * this.#models);
    const projected = new Float64Array(this.#rank);
    for (let row = 0; row < rows; row++) {
      this.#project(embeddings, row, projected);
      for (let j = 0; j < this.#models; j++)
        quality[row * this.#models + j] = sigmoid(this.#logit(projected, j));
    }
    return quality;
  }

  #learn({ embeddings, quality }: GradedQueries, rows: Int32Array, rate: number): void {
    const [dimension, models, rank] = [this.#dimension, this.#models, this.#rank];
    const projected = new Float64Array(rank);
    const towards = new Float64Array(rank);
    const scale = Math.sqrt(dimension);
    for (const row of rows) {
      this.#project(embeddings, row, projected);
      towards.fill(0);
      for (let j = 0; j < models; j++) {
        const known = quality[row * models + j]!;
        if (Number.isNaN(known)) continue;
        const error = (sigmoid(this.#logit(projected, j)) - known) / rows.length;
        this.#bias.gradient[j]! += error;
        for (let f = 0; f < rank; f++) {
          this.#vectors.gradient[j * rank + f]! += error * projected[f]!;
          towards[f]! += error * this.#vectors.values[j * rank + f]!;
        }
      }
      for (let f = 0; f < rank; f++) {
        const step = scale * towards[f]!;
        for (let d = 0; d < dimension; d++)
          this.#projection.gradient[f * dimension + d]! += step * embeddings[row * dimension + d]!;
      }
    }
    this.#projection.step(rate, WEIGHT_DECAY);
    this.#vectors.step(rate, WEIGHT_DECAY);
    this.#bias.step(rate, 0);
  }

  /** Unit vectors have small coordinates: scaled to a mean square of one. */
  #project(embeddings: Float32Array, row: number, out: Float64Array): void {
    const dimension = this.#dimension;
    const scale = Math.sqrt(dimension);
    for (let f = 0; f < this.#rank; f++) {
      let sum = 0;
      for (let d = 0; d < dimension; d++)
        sum += this.#projection.values[f * dimension + d]! * embeddings[row * dimension + d]!;
      out[f] = scale * sum;
    }
  }

  #logit(projected: Float64Array, j: number): number {
    let sum = this.#bias.values[j]!;
    for (let f = 0; f < this.#rank; f++) sum += this.#vectors.values[j * this.#rank + f]! * projected[f]!;
    return sum;
  }
}

/** Values with their gradient and the moments of Adam (Kingma and Ba 2015). */
class Parameter {
  readonly gradient: Float64Array;
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  #steps = 0;

  constructor(readonly values: Float64Array) {
    this.gradient = new Float64Array(values.length);
    this.#first = new Float64Array(values.length);
    this.#second = new Float64Array(values.length);
  }

  /** One step against the gradient, which is then cleared. */
  step(rate: number, decay: number): void {
    const [beta1, beta2] = [0.9, 0.999];
    this.#steps++;
    const size = (rate * Math.sqrt(1 - beta2 ** this.#steps)) / (1 - beta1 ** this.#steps);
    for (let i = 0; i < this.values.length; i++) {
      const slope = this.gradient[i]!;
      this.#first[i] = beta1 * this.#first[i]! + (1 - beta1) * slope;
      this.#second[i] = beta2 * this.#second[i]! + (1 - beta2) * slope * slope;
      this.values[i]! -=
        (size * this.#first[i]!) / (Math.sqrt(this.#second[i]!) + 1e-8) + rate * decay * this.values[i]!;
    }
    this.gradient.fill(0);
  }
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
