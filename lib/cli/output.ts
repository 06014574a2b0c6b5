import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Writable } from "node:stream";
import { writeAtomically } from "../atomic-file.js";
import { OmniRouterError } from "../errors.js";
import { errnoCode, ioError } from "../files.js";
import { printable } from "../printable.js";
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
  await writeAtomically(target.path, async file => {
    if (target.mode !== undefined) await file.chmod(target.mode).catch(rejectWith(path));
    await buffered(text => toFile(file, text, path, session), body);
    session.signal.throwIfAborted();
  });
}

/**
 * Finds out before a long job what {@link withOutput} would otherwise refuse after it.
 *
 * @throws {@link OmniRouterError} ERR_OMNI_IO for a folder, or a file in a folder that is not there
 */
export async function checkOutput(path: string | undefined): Promise<void> {
  if (path !== undefined && path !== "-") await describeTarget(path);
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
    if (found.isDirectory())
      throw new OmniRouterError("ERR_OMNI_IO", `cannot write ${path}: it is a folder, not a file`);
    return { path: await realpath(path), special: !found.isFile(), mode: found.mode & 0o777 };
  } catch (error) {
    if (errnoCode(error) !== "ENOENT") throw ioError("write", path, error);
    await stat(dirname(path)).catch(rejectWith(path));
    return { path, special: false };
  }
}

async function toSpecialFile(
  path: string,
  session: Session,
  body: (write: Write) => Promise<void>,
): Promise<void> {
  const file = await open(path, "w").catch(rejectWith(path));
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
  await file.writeFile(text).catch(rejectWith(path));
}

/** Says one line to the person at the terminal: names in it come from files, which may be anybody's. */
export function say({ stderr }: Pick<Session, "stderr">, line: string): void {
  stderr.write(`${printable(line)}\n`);
}

/** Writes to stdout at once, and waits until the text has left for the reader. */
export async function toStream(
  { stdout, signal }: { stdout: Writable; signal: AbortSignal },
  text: string,
): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) =>
    stdout.write(text, error => (error ? reject(outputFailure(error)) : resolve())),
  );
}

function rejectWith(path: string): (error: unknown) => never {
  return error => {
    throw ioError("write", path, error);
  };
}
