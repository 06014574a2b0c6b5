import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { invalid, OmniRouterError } from "../../errors.js";
import { errnoCode, ioError } from "../../files.js";
import { version as packageVersion } from "../../version.js";
import { makeFolder, syncFolder } from "./folders.js";
import { CHUNK_BYTES, generationFolder, manifestPath, OWN_ENTRIES, readManifest } from "./layout.js";
import type { StoreLock } from "./lock.js";
import { removeLogsBefore } from "./log.js";
import {
  formatManifest,
  isFileName,
  type Json,
  type Manifest,
  newManifest,
  type StoredFile,
} from "./manifest.js";

/** Appends bytes to a file; to be awaited before the bytes may change. */
export type Write = (bytes: Uint8Array) => Promise<void>;

export interface GenerationContent {
  /** Lower-case names without folders; the content as bytes, or a function that writes it piece by piece. */
  readonly files: ReadonlyMap<string, Uint8Array | ((write: Write) => Promise<void>)>;
  /** The fingerprint of the embedder that made the vectors in the files. */
  readonly embedder?: string;
  /** Settings, as JSON. */
  readonly meta?: { readonly [key: string]: Json };
}

/** Writes the next generation. Whoever calls this holds the lock. */
export async function writeGeneration(
  directory: string,
  content: GenerationContent,
  keep: number,
  lock: StoreLock,
): Promise<Manifest> {
  for (const name of content.files.keys())
    if (!isFileName(name))
      throw invalid(
        `files[${JSON.stringify(name)}]`,
        "must be named in a-z, 0-9, '_', '-' and '.', without folders",
      );
  const generation = ((await readManifest(directory))?.generation ?? 0) + 1;
  const folder = generationFolder(directory, generation);
  const temporary = `${manifestPath(directory)}.tmp`;
  let manifest: Manifest;
  try {
    await lock.assertHeld();
    // A writer that crashed before its swap left the number it had reached: this one.
    await rm(folder, { recursive: true, force: true });
    await makeFolder(dirname(folder));
    await mkdir(folder);
    const files: StoredFile[] = [];
    for (const [name, source] of content.files)
      files.push({ name, ...(await writeFile(join(folder, name), source)) });
    await syncFolder(folder);
    await syncFolder(dirname(folder));

    const embedder = content.embedder === undefined ? {} : { embedder: content.embedder };
    const createdAt = new Date().toISOString();
    manifest = newManifest({
      generation,
      createdAt,
      packageVersion,
      ...embedder,
      files,
      meta: { ...content.meta },
    });
    const text = Buffer.from(formatManifest(manifest));
    await rm(temporary, { force: true });
    await writeFile(temporary, text);
    await lock.assertHeld();
  } catch (error) {
    // Makes room again on a full disk. If even this fails, the next writer does it.
    await removeUnfinished(folder, temporary, lock).catch(() => {});
    // What is no system error comes from the caller's own writing function, such as an abort.
    throw errnoCode(error)?.startsWith("E") ? ioError("save the router in", directory, error) : error;
  }
  try {
    // From here on nothing is cleaned up: a rename that reports an error may still have happened.
    await rename(temporary, manifestPath(directory));
    await syncFolder(directory);
  } catch (error) {
    throw ioError("save the router in", directory, error);
  }
  // The save is done. Old generations and logs that cannot be removed now are removed by the next save.
  await removeBefore(directory, generation - keep + 1, lock).catch(() => {});
  await removeLogsBefore(directory, generation).catch(() => {});
  return manifest;
}

/** Writes a new file, flushed to the disk, and measures it on the way. */
async function writeFile(
  path: string,
  source: Uint8Array | ((write: Write) => Promise<void>),
): Promise<Omit<StoredFile, "name">> {
  const hash = createHash("sha256");
  let bytes = 0;
  let handle: FileHandle | undefined;
  try {
    const file = await open(path, "wx");
    handle = file;
    const write: Write = async data => {
      for (let at = 0; at < data.length; ) {
        const { bytesWritten } = await file.write(data, at, Math.min(CHUNK_BYTES, data.length - at));
        hash.update(data.subarray(at, at + bytesWritten));
        at += bytesWritten;
        bytes += bytesWritten;
      }
    };
    if (typeof source === "function") await source(write);
    else await write(source);
    await file.sync();
  } catch (error) {
    throw errnoCode(error)?.startsWith("E") ? ioError("write", path, error) : error;
  } finally {
    await handle?.close();
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** @throws OmniRouterError `ERR_OMNI_IO` for a folder with things in it that are not ours */
export async function refuseForeign(directory: string): Promise<void> {
  if (await readManifest(directory)) return;
  const entries = await readdir(directory).catch(error => {
    if (errnoCode(error) === "ENOENT") return [];
    throw ioError("read", directory, error);
  });
  const foreign = entries.filter(entry => !OWN_ENTRIES.has(entry));
  if (foreign.length > 0)
    throw new OmniRouterError(
      "ERR_OMNI_IO",
      `cannot save the router in ${directory}: the folder is no saved router and not empty (it holds ${foreign[0]}); name a new or empty one`,
    );
}

async function removeUnfinished(folder: string, temporary: string, lock: StoreLock): Promise<void> {
  // Without the lock they may be another writer's.
  await lock.assertHeld();
  await rm(folder, { recursive: true, force: true });
  await rm(temporary, { force: true });
}

async function removeBefore(directory: string, oldest: number, lock: StoreLock): Promise<void> {
  const folder = join(directory, "generations");
  const old = (await readdir(folder)).filter(entry => /^\d{6,}$/.test(entry) && Number(entry) < oldest);
  if (old.length > 0) await lock.assertHeld();
  for (const entry of old) await rm(join(folder, entry), { recursive: true, force: true });
}
