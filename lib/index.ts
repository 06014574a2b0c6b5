export { type ErrorCode, OmniRouterError } from "./errors.js";
