export { type ErrorCode, OmniRouterError } from "./errors.js";
export { FaissNodeIndex, type FaissNodeIndexOptions } from "./retrieval/faiss-node.js";
export type { Index, IndexCallOptions, SearchResult } from "./retrieval/index.js";
export { VectorIndex, type VectorIndexOptions } from "./retrieval/vector-index.js";
