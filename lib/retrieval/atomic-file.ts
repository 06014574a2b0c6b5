import { randomUUID } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { OmniRouterError } from "../errors.js";

/**
 * Writes a file so that at every moment, a crash or a full disk included, `path` is either what it was before or the
 * whole new file: written under a temporary name in the same folder, flushed to the disk, then renamed.
 */
export async function writeAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomUUID()}.tmp`;
  const file = await system(path, "write", () => open(temporary, "wx"));
  try {
    try {
      await write(file);
      await system(path, "write", () => file.sync());
    } finally {
      await system(path, "write", () => file.close());
    }
    await system(path, "write", () => rename(temporary, path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes the rename itself durable. Some systems cannot open or flush a folder, and order renames by themselves. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch {}
}

/** A file-system call whose failure is an OmniRouterError about `path`. */
export async function system<T>(path: string, verb: "read" | "write", call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new OmniRouterError("ERR_OMNI_IO", `cannot ${verb} ${path}: ${(cause as Error).message}`, {
      argument: "path",
      cause,
    });
  }
}
