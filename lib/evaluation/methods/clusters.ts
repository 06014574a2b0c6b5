import { nearestCentres, sphericalKMeans, type UnitVectors } from "../../retrieval/spherical-k-means.js";
import type { EvaluationSplit } from "../evaluation-split.js";
import { gatherRows, scatterRows } from "../gather.js";
import { modelMeans } from "../outcomes.js";
import type { Method, Rules, Side } from "./method.js";
import { POINTS } from "./price-rules.js";
import { fitScored } from "./scored.js";
import { bestCandidate } from "./tuning.js";

const CLUSTERS = [8, 16, 32, 64, 128];

/** A query is judged by so many of its nearest clusters (the paper's setting). */
const NEAREST = 4;

/** Standing of every model with every query, each from 0, the worst of the pool, to 1; and what it is taken to be worth. */
interface Standing {
  readonly performance: Float32Array;
  readonly efficiency: Float32Array;
  readonly quality: Float32Array;
}

/**
 * Avengers-Pro: performance and cost of every model in a cluster, scaled to 0..1 over the models (equations 1 and 2), summed over
 * the query's nearest clusters; performance counts alpha, economy 1 - alpha, and alpha is what is swept.
 */
export const clusters: Method = {
  id: "clusters",
  label: "Clusters (Avengers-Pro)",
  about:
    "k-means clusters of the history; the model of best weighted performance and economy in the clusters nearest to the query (Avengers-Pro, arXiv 2508.12631).",
  async fit(split) {
    const candidates = CLUSTERS.map(count => ({ count, standing: outOfFold(split, count) }));
    const { count, standing } = bestCandidate(split, candidates, ({ standing }) => weightedRules(standing));
    const sides: Record<Side, Standing> = {
      history: standing,
      heldOut: standingOf(split, count, undefined, unit(split, "heldOut")),
    };
    return fitScored(split, {
      predicted: sides.heldOut,
      chosen: `${count} clusters`,
      rules: side => weightedRules(sides[side]),
    });
  },
};

function weightedRules({ performance, efficiency }: Standing): Rules {
  return {
    count: POINTS,
    score: point => {
      const alpha = point / (POINTS - 1);
      return cell => -(alpha * performance[cell]! + (1 - alpha) * efficiency[cell]!);
    },
  };
}

/** Each fold of the history by the clusters of the others. */
function outOfFold(split: EvaluationSplit, count: number): Standing {
  const { fold } = split;
  const width = split.pool.size;
  const all = unit(split, "history");
  const matrix = () => new Float32Array(fold.length * width);
  const standing = { performance: matrix(), efficiency: matrix(), quality: matrix() };
  for (let left = 0; left <= Math.max(...fold); left++) {
    split.signal?.throwIfAborted();
    const rows = [...fold.keys()].filter(row => fold[row] === left);
    const part = standingOf(split, count, left, gathered(all, rows));
    for (const key of ["performance", "efficiency", "quality"] as const)
      scatterRows(part[key], width, rows, standing[key]);
  }
  return standing;
}

/** @param left the fold that is left out of the clusters */
function standingOf(
  split: EvaluationSplit,
  count: number,
  left: number | undefined,
  queries: UnitVectors,
): Standing {
  const { dimension, fold, seed } = split;
  const { quality, cost, width } = split.outcomes.history;
  const overall = modelMeans(split.outcomes.history);
  const rows = [...fold.keys()].filter(row => fold[row] !== left);
  const learned = gathered(unit(split, "history"), rows);
  const centres = sphericalKMeans(learned, count, seed);
  const own = nearestCentres(centres, learned, 1);
  const clusterCount = centres.length / dimension;
  const means = (values: Float32Array, otherwise: Float64Array) =>
    clusterMeans(values, otherwise, rows, own, clusterCount);
  const [performance, price] = [means(quality, overall.quality), means(cost, overall.cost)];
  const scaled = {
    performance: scaledByCluster(performance, width, false),
    efficiency: scaledByCluster(price, width, true),
    quality: performance,
  };
  const nearest = nearestCentres(centres, queries, NEAREST);
  const each = Math.min(NEAREST, clusterCount);
  const spread = (values: Float64Array) => {
    const out = new Float32Array((nearest.length / each) * width);
    nearest.forEach((cluster, place) => {
      const row = Math.floor(place / each);
      for (let j = 0; j < width; j++) out[row * width + j]! += values[cluster * width + j]! / each;
    });
    return out;
  };
  return {
    performance: spread(scaled.performance),
    efficiency: spread(scaled.efficiency),
    quality: spread(scaled.quality),
  };
}

/** Means of every cluster and model; a model without an outcome there has its mean over all. */
function clusterMeans(
  values: Float32Array,
  overall: Float64Array,
  rows: readonly number[],
  cluster: Int32Array,
  count: number,
): Float64Array {
  const width = overall.length;
  const sums = new Float64Array(count * width);
  const counts = new Float64Array(count * width);
  rows.forEach((row, i) => {
    for (let j = 0; j < width; j++) {
      const value = values[row * width + j]!;
      if (Number.isNaN(value)) continue;
      sums[cluster[i]! * width + j]! += value;
      counts[cluster[i]! * width + j]!++;
    }
  });
  return sums.map((sum, at) => (counts[at]! > 0 ? sum / counts[at]! : overall[at % width]!));
}

/** Each cluster's values from 0 to 1 over its models; `inverted`: the least is 1. */
function scaledByCluster(values: Float64Array, width: number, inverted: boolean): Float64Array {
  const scaled = new Float64Array(values.length);
  for (let start = 0; start < values.length; start += width) {
    const row = values.subarray(start, start + width);
    const [low, high] = [Math.min(...row), Math.max(...row)];
    row.forEach((value, j) => {
      const share = high > low ? (value - low) / (high - low) : 0;
      scaled[start + j] = inverted ? 1 - share : share;
    });
  }
  return scaled;
}

function unit({ embeddings, dimension }: EvaluationSplit, side: Side): UnitVectors {
  return { vectors: embeddings[side], dimension };
}

function gathered({ vectors, dimension }: UnitVectors, rows: readonly number[]): UnitVectors {
  return { vectors: gatherRows(vectors, dimension, rows), dimension };
}
