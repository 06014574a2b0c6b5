import type { NativeTask } from "../task.js";

/** Opaque native objects (native/bindings/handle.h). */
export interface TextEmbedderHandle {
  readonly textEmbedder: unique symbol;
}
export interface NeighboursHandle {
  readonly neighbours: unique symbol;
}

export interface NativeEstimates {
  quality: Float32Array;
  outputTokens: Float32Array;
  cost: Float32Array;
  support: Float32Array;
}

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
}
