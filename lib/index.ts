export { type AssignOptions, assign, assignAsync } from "./assignment/assign.js";
export type { Status, StopReason } from "./assignment/binding.js";
export { MAX_MODELS } from "./assignment/frame.js";
export {
  Frontier,
  type FrontierOptions,
  frontier,
  frontierAsync,
  type Sweep,
  type SweepRange,
} from "./assignment/frontier.js";
export type {
  Certificate,
  LimitReport,
  Plan,
  PlannedQuery,
  Reachable,
  Relaxed,
  RunnerUp,
  Work,
} from "./assignment/plan.js";
export { type ChooseOptions, type LimitPrice, Prices } from "./assignment/prices.js";
export type { AssignmentProblem, Limit, Objective, Quantities } from "./assignment/problem.js";
export type { Ties } from "./assignment/ties.js";
export {
  Workspace,
  type WorkspaceAssignOptions,
  type WorkspaceOptions,
  type WorkspaceProblem,
} from "./assignment/workspace.js";
export { type ErrorCode, OmniRouterError } from "./errors.js";
export type { Margin } from "./floors/bound.js";
export type { SelectionCounts } from "./floors/evidence.js";
export type { Correction, QualityPromise } from "./floors/promise.js";
export type { Shift } from "./floors/shift.js";
export type { HistoryFormat } from "./history/formats/format.js";
export {
  History,
  type HistoryReadOptions,
  type HistoryReport,
  type ModelOutcomes,
  type Omissions,
  type UnknownModel,
} from "./history/history.js";
export type { PriceDoubt } from "./history/price-doubts.js";
export { type BadRecord, type ReadOptions, type ReadProgress, readRecords } from "./history/read.js";
export type { HistoryRecord, Outcome, Selection } from "./history/record.js";
export type { Skipped } from "./history/skipped.js";
export type { HistorySource } from "./history/source.js";
export type { UnknownKey } from "./history/unknown-keys.js";
export { ModelPool } from "./pool/pool.js";
export type { Model } from "./pool/schema.js";
export type { NativeHybridEstimates as HybridEstimates } from "./prediction/binding.js";
export type { Embedder } from "./prediction/embedder.js";
export { type HybridPredictions, HybridPredictor } from "./prediction/hybrid-predictor.js";
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
export {
  OpenAIEmbedder,
  type OpenAIEmbedderOptions,
  type TextProblem,
} from "./prediction/openai-embedder.js";
export type { OutOfFoldPredictions } from "./prediction/out-of-fold.js";
export type { Learned, ModelEstimate, Predictions, Predictor, QueryBatch } from "./prediction/predictor.js";
export { TextEmbedder, type TextEmbedderOptions } from "./prediction/text-embedder.js";
export {
  type BatchOutcomes,
  type HybridFitOptions,
  type HybridHistory,
  type TextBatch,
  TrainedHalf,
} from "./prediction/trained-half.js";
export {
  TransformersEmbedder,
  type TransformersEmbedderOptions,
  type TransformersModule,
} from "./prediction/transformers-embedder.js";
export { FaissNodeIndex, type FaissNodeIndexOptions } from "./retrieval/faiss-node.js";
export type { Index, IndexCallOptions, SearchResult } from "./retrieval/index.js";
export { VectorIndex, type VectorIndexOptions, type VectorSnapshot } from "./retrieval/vector-index.js";
export type { PricedRoute } from "./router/by-prices.js";
export type { FitOptions, FitProgress, FitStage, RefitOptions } from "./router/fit.js";
export type { LearnOptions, LearnReport } from "./router/knowledge.js";
export type { RouteLimits, TenantLimits } from "./router/limits.js";
export type { RouteQuery } from "./router/queries.js";
export type { RouteOptions } from "./router/route.js";
export type { RoutedQuery, RoutePlan, RouteTimings, TenantTotals } from "./router/route-plan.js";
export { Router } from "./router/router.js";
export { type SimulatedWorkload, type SimulationOptions, simulateWorkload } from "./simulation/workload.js";
