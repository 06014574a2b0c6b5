export { type ErrorCode, OmniRouterError } from "./errors.js";
export { ModelPool } from "./pool/pool.js";
export type { Model } from "./pool/schema.js";
