import type { NativeTask } from "../task.js";

/** Opaque native objects (native/bindings/handle.h). */
export interface TextEmbedderHandle {
  readonly textEmbedder: unique symbol;
}
export interface NeighboursHandle {
  readonly neighbours: unique symbol;
}

export interface HybridHandle {
  readonly hybrid: unique symbol;
}

export interface NativeEstimates {
  quality: Float32Array;
  outputTokens: Float32Array;
  cost: Float32Array;
  support: Float32Array;
}

/** What both halves of a predictor say of a batch, as `HybridPredictions` have it: matrices `[rows x models]`, row-major. */
export interface NativeHybridEstimates {
  /** Expected, 0 to 1. */
  quality: Float32Array;
  /** Mean length of the answer, tokens. */
  outputTokens: Float32Array;
  /** USD. */
  cost: Float32Array;
  /** Median length of the answer, tokens. */
  medianTokens: Float32Array;
  /** Standard deviation of one answer's cost, USD. */
  costDeviation: Float32Array;
  /** Standard deviation of the expected quality, as far as it is due to how few outcomes the model has. */
  qualityDeviation: Float32Array;
}

/** Queries, and what their neighbours say of them. */
type HybridBatch = [
  texts: readonly string[],
  embeddings: Float32Array,
  inputTokens: Float32Array,
  neighbourQuality: Float32Array,
  neighbourTokens: Float32Array,
];

type EstimateArguments = [
  handle: NeighboursHandle,
  ids: Int32Array,
  similarities: Float32Array,
  k: number,
  inputTokens: Float32Array,
  exclude?: Int32Array,
];

export interface PredictionBinding {
  fitTextEmbedder(texts: readonly string[], dimension: number, seed: number): NativeTask<TextEmbedderHandle>;
  embedTexts(handle: TextEmbedderHandle, texts: readonly string[]): Float32Array;
  embedTextsAsync(handle: TextEmbedderHandle, texts: readonly string[]): NativeTask<Float32Array>;
  embedTextsHeldOutAsync(handle: TextEmbedderHandle, texts: readonly string[]): NativeTask<Float32Array>;
  textEmbedderInfo(handle: TextEmbedderHandle): { dimension: number; fingerprint: bigint };
  textEmbedderToBytes(handle: TextEmbedderHandle): Uint8Array;
  textEmbedderFromBytes(bytes: Uint8Array): TextEmbedderHandle;

  createNeighbours(
    quality: Float32Array,
    outputTokens: Float32Array,
    inputPer1M: Float64Array,
    outputPer1M: Float64Array,
    k: number,
    power: number,
    shrinkage: number,
  ): NeighboursHandle;
  /** Another predictor with these rows replaced or appended; the one given stays as it is. */
  learnNeighbours(
    handle: NeighboursHandle,
    rows: Int32Array,
    quality: Float32Array,
    outputTokens: Float32Array,
  ): NeighboursHandle;
  /** `[models]` each. */
  neighboursPrior(handle: NeighboursHandle): { quality: Float64Array; error: Float64Array };
  estimateNeighbours(...args: EstimateArguments): NativeEstimates;
  estimateNeighboursAsync(...args: EstimateArguments): NativeTask<NativeEstimates>;

  fitHybrid(
    inputPer1M: Float64Array,
    outputPer1M: Float64Array,
    ...rest: [
      ...batch: HybridBatch,
      dimension: number,
      quality: Float32Array,
      outputTokens: Float32Array,
      seed: number,
    ]
  ): NativeTask<{ handle: HybridHandle; outOfFold: NativeHybridEstimates }>;
  predictHybrid(handle: HybridHandle, ...batch: HybridBatch): NativeHybridEstimates;
  predictHybridAsync(handle: HybridHandle, ...batch: HybridBatch): NativeTask<NativeHybridEstimates>;
  /** `[models x 4]`: all that learning moves. */
  learnHybrid(
    handle: HybridHandle,
    ...rest: [...batch: HybridBatch, quality: Float32Array, outputTokens: Float32Array]
  ): NativeTask<Float64Array>;
  hybridWithLevels(handle: HybridHandle, levels: Float64Array): HybridHandle;
  hybridCalibrated(handle: HybridHandle, intercepts: Float64Array, slopes: Float64Array): HybridHandle;
  /** `from`: for each model its number in the one given, or -1 for a new one. */
  hybridWithModels(
    handle: HybridHandle,
    from: Int32Array,
    inputPer1M: Float64Array,
    outputPer1M: Float64Array,
  ): HybridHandle;
  hybridToBytes(handle: HybridHandle): Uint8Array;
  hybridFromBytes(
    bytes: Uint8Array,
    inputPer1M: Float64Array,
    outputPer1M: Float64Array,
    dimension: number,
  ): HybridHandle;
}
