import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ioError } from "./files.js";

/** Temporary files of this process: a second Ctrl-C, or a process.exit() anywhere, leaves none behind. */
const unfinished = new Set<string>();
process.once("exit", () => {
  for (const path of unfinished) rmSync(path, { force: true });
});

/**
 * Writes a file so that at every moment, a crash or a full disk included, `path` is either what it was before or the
 * whole new file: written under a temporary name in the same folder, flushed to the disk, then renamed. When `write`
 * fails, nothing is left behind, nor when the process exits meanwhile.
 *
 * @throws OmniRouterError `ERR_OMNI_IO` naming `path`; whatever `write` throws of its own passes unchanged
 */
export async function writeAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  // In the same folder, because a rename is atomic within one file system only.
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  unfinished.add(temporary);
  try {
    const file = await open(temporary, "wx").catch(rejectWith(path));
    try {
      await write(file);
      await file.sync().catch(rejectWith(path));
    } finally {
      await file.close().catch(rejectWith(path));
    }
    await rename(temporary, path).catch(rejectWith(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  } finally {
    unfinished.delete(temporary);
  }
  await syncFolder(dirname(path));
}

function rejectWith(path: string): (error: unknown) => never {
  return error => {
    throw ioError("write", path, error);
  };
}

/** Makes the rename itself durable. Some systems cannot open or flush a folder, and order renames by themselves. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch {}
}
