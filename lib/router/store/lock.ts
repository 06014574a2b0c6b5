import { randomUUID } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OmniRouterError } from "../../errors.js";
import { errnoCode, ioError } from "../../files.js";

/** A writer that has given no sign of life for so long has crashed; its lock may be taken over. */
const STALE_MS = 10_000;

const RETRY_MS = 50;

export interface StoreLock {
  /** Throws if the lock was lost. To be called before every step that could hurt another writer. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Locks a folder against other writers: proper-lockfile's `lock`, a folder whose time stamp is kept fresh, and beside
 * it `writer.json`, which says who holds it. That file also settles the one race that a lock with an expiry has: two
 * writers that both find a stale lock may both believe they took it over, but only one of them wrote the token in
 * writer.json last, and the other stops.
 *
 * @throws OmniRouterError `ERR_OMNI_LOCKED` where another still holds it after `timeoutMs`; the signal's reason when
 *   aborted before
 */
export async function lockStore(
  directory: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<StoreLock> {
  const ownerPath = join(directory, "writer.json");
  let lost: Error | undefined;
  const unlock = await acquire(directory, timeoutMs, signal, error => {
    lost = error;
  });
  const token = randomUUID();
  const owner = { pid: process.pid, host: hostname(), since: new Date().toISOString(), token };
  const lock: StoreLock = {
    async assertHeld() {
      const holder = await readOwner(ownerPath);
      if (lost === undefined && holder?.token === token) return;
      throw locked(
        directory,
        holder,
        "took over the lock while this one was saving; this save was given up",
        lost,
      );
    },
    async release() {
      // A lock that was taken over is another's to release. What cannot be read cannot have been taken over either.
      const holder = await readOwner(ownerPath).catch(() => owner);
      if (holder?.token !== token) return;
      await rm(ownerPath, { force: true }).catch(() => {});
      // What cannot be removed expires by itself.
      if (lost === undefined) await unlock().catch(() => {});
    },
  };
  try {
    await writeFile(ownerPath, `${JSON.stringify(owner)}\n`);
  } catch (error) {
    await unlock().catch(() => {});
    throw ioError("write", ownerPath, error);
  }
  return lock;
}

async function acquire(
  directory: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  onCompromised: (error: Error) => void,
): Promise<() => Promise<void>> {
  // Not at the top: importing it puts handlers on the process's signals, which whoever saves nothing must not get.
  const { default: lockfile } = await import("proper-lockfile");
  const deadline = performance.now() + timeoutMs;
  const lockfilePath = join(directory, "lock");
  for (;;) {
    try {
      return await lockfile.lock(directory, {
        lockfilePath,
        realpath: false,
        stale: STALE_MS,
        onCompromised,
      });
    } catch (error) {
      if (errnoCode(error) !== "ELOCKED") throw ioError("lock", directory, error);
      if (performance.now() >= deadline)
        throw locked(
          directory,
          await readOwner(join(directory, "writer.json")).catch(() => undefined),
          `is writing it: wait until it has finished. If it has crashed, its lock expires ${STALE_MS / 1000} s after its last sign of life`,
          error,
        );
    }
    // An interrupted sleep rejects with an error of its own, not with the reason.
    await sleep(RETRY_MS, undefined, signal ? { signal } : {}).catch(() => {});
    signal?.throwIfAborted();
  }
}

interface Owner {
  readonly pid?: unknown;
  readonly host?: unknown;
  readonly since?: unknown;
  readonly token?: unknown;
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    // Not there, or half-written by a writer that crashed: then nobody is known.
    if (error instanceof SyntaxError || errnoCode(error) === "ENOENT") return undefined;
    throw ioError("read", path, error);
  }
}

function locked(directory: string, owner: Owner | undefined, did: string, cause: unknown): OmniRouterError {
  const who = owner
    ? `another writer (process ${owner.pid} on ${owner.host}, since ${owner.since})`
    : "another writer";
  return new OmniRouterError("ERR_OMNI_LOCKED", `the saved router in ${directory} is locked: ${who} ${did}`, {
    cause,
  });
}
