import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { ioError } from "../../files.js";

/** Makes a folder and those above it, each on the disk before the next is relied upon. */
export async function makeFolder(path: string): Promise<void> {
  try {
    const first = await mkdir(path, { recursive: true });
    if (first === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
  } catch (error) {
    throw ioError("make the folder", path, error);
  }
}

/** A folder is on the disk only when it is flushed itself. Windows cannot, and need not: NTFS journals its folders. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
