export { type ErrorCode, OmniRouterError } from "./errors.js";
export type { Embedder } from "./prediction/embedder.js";
export { InputTokenEstimator } from "./prediction/input-tokens.js";
export {
  type NeighbourHistory,
  type NeighbourMatches,
  type NeighbourOptions,
  type NeighbourPredictions,
  NeighbourPredictor,
  type NeighbourSource,
  type PredictOptions,
  type PricedPool,
} from "./prediction/neighbour-predictor.js";
export { OpenAIEmbedder, type OpenAIEmbedderOptions } from "./prediction/openai-embedder.js";
export type { Predictions, Predictor, QueryBatch } from "./prediction/predictor.js";
export { TextEmbedder, type TextEmbedderOptions } from "./prediction/text-embedder.js";
export {
  TransformersEmbedder,
  type TransformersEmbedderOptions,
  type TransformersModule,
} from "./prediction/transformers-embedder.js";
