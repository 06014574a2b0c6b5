import { types } from "node:util";
import { OmniRouterError } from "./errors.js";

/** What the operating system's commonest refusals mean to a person. Anything else keeps the system's own words. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EISDIR: "it is a folder, not a file",
  ENOTDIR: "a part of the path is a file, not a folder",
  EMFILE: "too many open files",
};

export function errnoCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** `ioError("read", path, error)` reads "cannot read PATH: no such file or folder". Our own errors pass unchanged. */
export function ioError(doing: string, path: string, cause: unknown): OmniRouterError {
  if (cause instanceof OmniRouterError) return cause;
  const known = reasons[errnoCode(cause) ?? ""];
  const reason = known ?? (types.isNativeError(cause) ? cause.message : String(cause));
  return new OmniRouterError("ERR_OMNI_IO", `cannot ${doing} ${path}: ${reason}`, { cause });
}
