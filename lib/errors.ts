import { types } from "node:util";
import { brand, isBranded } from "./brand.js";

/**
 * Every error this package throws or rejects with, apart from an AbortSignal's own reason, is an
 * {@link OmniRouterError}: `code` says what kind, for programs; `message` says what is wrong and what to do, for people;
 * `argument` names the culprit where there is one (`"limits[1].bound"`, `"pool.models[3].inputPer1M"`).
 */
export type ErrorCode =
  /** An argument is of the wrong type, shape or range. */
  | "ERR_OMNI_INVALID_ARGUMENT"
  /** A pool of models (file or object) does not fit the schema. */
  | "ERR_OMNI_INVALID_POOL"
  /** A history record or file is malformed. */
  | "ERR_OMNI_INVALID_HISTORY"
  /** A file or folder cannot be read or written: missing, no permission, disk full. */
  | "ERR_OMNI_IO"
  /** A saved file is truncated, altered, or not one of ours. */
  | "ERR_OMNI_CORRUPT"
  /** A saved file has a format version this release does not read. */
  | "ERR_OMNI_VERSION"
  /** Another process is writing the same saved router. */
  | "ERR_OMNI_LOCKED"
  /** Another process has saved the same router since the work began whose result this would be. */
  | "ERR_OMNI_SUPERSEDED"
  /** An optional package is not installed or does not load. */
  | "ERR_OMNI_MISSING_DEPENDENCY"
  /** An embedder (an endpoint, a local model) failed or broke its contract. */
  | "ERR_OMNI_EMBEDDER"
  /** The native addon could not be loaded. */
  | "ERR_OMNI_NO_BINDING"
  /** The system gave no more memory. */
  | "ERR_OMNI_OUT_OF_MEMORY"
  /** A workspace whose solve is still under way, or a router whose refit is. */
  | "ERR_OMNI_BUSY"
  /** Raised inside a cancelled task; callers see the AbortSignal's reason instead. */
  | "ERR_OMNI_CANCELLED"
  /** A defect of this package: please report it. */
  | "ERR_OMNI_INTERNAL";

/**
 * What this package throws and rejects with: tell errors apart by `code`, not by their message.
 *
 * ```ts
 * if (error instanceof OmniRouterError && error.code === "ERR_OMNI_LOCKED") await retryLater();
 * ```
 */
export class OmniRouterError extends Error {
  /** The same for every error of this class. */
  override readonly name = "OmniRouterError";
  /** What kind of error it is; docs/troubleshooting.md says what to do about each. */
  readonly code: ErrorCode;
  /** The argument, option or key at fault, as one would write it in code: `limits[1].bound`. */
  readonly argument?: string;

  constructor(code: ErrorCode, message: string, options: { argument?: string; cause?: unknown } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    if (options.argument !== undefined) this.argument = options.argument;
  }

  static {
    brand(OmniRouterError.prototype, "OmniRouterError");
  }

  /** `instanceof` knows the errors of every copy of this package in the process, in whatever realm it was loaded. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: it is another class where one that extends this one is asked
    return isInstance(value, this);
  }
}

function isInstance(value: unknown, type: unknown): boolean {
  return type === OmniRouterError
    ? isBranded(value, "OmniRouterError")
    : Function.prototype[Symbol.hasInstance].call(type, value);
}

/** `throw invalid("k", "must be a whole number >= 1")` reads "k must be a whole number >= 1". */
export function invalid(argument: string, sentence: string): OmniRouterError {
  return new OmniRouterError("ERR_OMNI_INVALID_ARGUMENT", `${argument} ${sentence}`, { argument });
}

/**
 * The addon throws plain errors with `code` and `argument`, of the realm that Node itself runs in; anything else passes
 * unchanged.
 */
export function fromNative(error: unknown): unknown {
  if (!types.isNativeError(error) || error instanceof OmniRouterError) return error;
  const { code, argument } = error as Error & { code?: unknown; argument?: unknown };
  if (typeof code !== "string" || !code.startsWith("ERR_OMNI_")) return error;
  return new OmniRouterError(code as ErrorCode, error.message, {
    ...(typeof argument === "string" ? { argument } : {}),
    cause: error,
  });
}
