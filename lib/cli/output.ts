import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { OmniRouterError } from "../errors.js";
import { outputFailure, type Session } from "./session.js";

/** Takes the next piece of text; the promise slows the writer down to the reader's pace. */
export type Write = (text: string) => Promise<void>;

/** Small writes are gathered up to this many characters. */
const bufferSize = 1 << 16;

/**
 * Runs `body` with somewhere to write: stdout for "-" or none, else a file that appears under its name only when
 * `body` has succeeded and every byte is on the disk. After a failure or an abort the file is as it was before.
 *
 * @throws {@link OmniRouterError} ERR_OMNI_IO where the file cannot be written
 */
export async function withOutput(
  path: string | undefined,
  session: Session,
  body: (write: Write) => Promise<void>,
): Promise<void> {
  if (path === undefined || path === "-") return buffered(write => toStream(session, write), body);
  const target = await describeTarget(path);
  if (target.special) return toSpecialFile(path, session, body);
  await atomically(path, target, session, body);
}

interface Target {
  /** The file itself, behind any symbolic links. */
  readonly path: string;
  /** A device or a pipe: written in place, for replacing it would remove it. */
  readonly special: boolean;
  /** The permissions of the file that is replaced. */
  readonly mode?: number;
}

async function describeTarget(path: string): Promise<Target> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new OmniRouterError("ERR_OMNI_IO", `cannot write ${path}: it is a folder`);
    return { path: await realpath(path), special: !found.isFile(), mode: found.mode & 0o777 };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { path, special: false };
    throw asWriteError(path, error);
  }
}

async function atomically(
  path: string,
  target: Target,
  session: Session,
  body: (write: Write) => Promise<void>,
): Promise<void> {
  // In the same folder, because a rename is atomic within one file system only.
  const temporary = join(dirname(target.path), `.${basename(target.path)}.${randomUUID()}.tmp`);
  const removeAtExit = () => rmSync(temporary, { force: true }); // a second Ctrl-C ends the process at once
  process.on("exit", removeAtExit);
  try {
    const file = await open(temporary, "wx", target.mode ?? 0o666).catch(error => {
      throw asWriteError(path, error);
    });
    try {
      await buffered(text => toFile(file, text, path, session), body);
      await file.sync().catch(error => {
        throw asWriteError(path, error);
      });
    } finally {
      await file.close();
    }
    session.signal.throwIfAborted();
    await rename(temporary, target.path).catch(error => {
      throw asWriteError(path, error);
    });
    await syncFolder(dirname(target.path));
  } finally {
    process.off("exit", removeAtExit);
    await rm(temporary, { force: true });
  }
}

async function toSpecialFile(
  path: string,
  session: Session,
  body: (write: Write) => Promise<void>,
): Promise<void> {
  const file = await open(path, "w").catch(error => {
    throw asWriteError(path, error);
  });
  try {
    await buffered(text => toFile(file, text, path, session), body);
  } finally {
    await file.close();
  }
}

async function buffered(flush: Write, body: (write: Write) => Promise<void>): Promise<void> {
  let pending = "";
  await body(async text => {
    pending += text;
    if (pending.length < bufferSize) return;
    const full = pending;
    pending = "";
    await flush(full);
  });
  if (pending !== "") await flush(pending);
}

async function toFile(file: FileHandle, text: string, path: string, { signal }: Session): Promise<void> {
  signal.throwIfAborted();
  await file.writeFile(text).catch(error => {
    throw asWriteError(path, error);
  });
}

/** Waits until the text has left for the reader. */
async function toStream(
  { stdout, signal }: { stdout: Writable; signal: AbortSignal },
  text: string,
): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) =>
    stdout.write(text, error => (error ? reject(outputFailure(error)) : resolve())),
  );
}

/** Makes the new name itself survive a power cut, where the system lets a folder be synced. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    await folder.sync().finally(() => folder.close());
  } catch {
    // Windows and some network file systems do not; the file's content is safe already.
  }
}

function asWriteError(path: string, error: unknown): unknown {
  if (error instanceof OmniRouterError || !(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const why = new Map([
    ["ENOENT", "its folder does not exist"],
    ["EACCES", "permission denied"],
    ["EPERM", "permission denied"],
    ["EROFS", "the file system is read-only"],
    ["ENOSPC", "the disk is full"],
    ["ENOTDIR", "a part of its path is not a folder"],
  ]).get(code ?? "");
  return new OmniRouterError("ERR_OMNI_IO", `cannot write ${path}: ${why ?? error.message}`, {
    cause: error,
  });
}
