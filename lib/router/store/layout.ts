/**
 * A saved router is a folder:
 *
 *   manifest.json            what the current generation is, with the size and SHA-256 of each of its files
 *   generations/000007/…     the files of one save; never changed once the manifest names them
 *   lock, writer.json        only while somebody writes: the lock, and who holds it
 *   log/000007.log           what was added since the save of that generation (log.ts); absent before anything was
 *
 * File names that the router uses or that are reserved for it: `pool.json`, `history.bin`, `embedder.bin`,
 * `index.faiss`, `predictor.bin`, `out-of-fold.bin`.
 *
 * A save writes a new generation, flushes it to the disk and then swaps the manifest by one rename. Whenever it is
 * interrupted, the folder holds the old router or the new one, whole. Readers take no lock: a reader whose generation
 * a writer has removed meanwhile starts again with the current one.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errnoCode, ioError } from "../../files.js";
import { type Manifest, parseManifest } from "./manifest.js";

/** What a folder of ours may hold. Other things in a folder without a manifest mean that it is not ours to write to. */
export const OWN_ENTRIES: ReadonlySet<string> = new Set([
  "manifest.json",
  "manifest.json.tmp",
  "generations",
  "lock",
  "writer.json",
  "log",
]);

/** Large enough to be fast, small enough that hashing never holds up the event loop for long. */
export const CHUNK_BYTES = 8 << 20;

export function manifestPath(directory: string): string {
  return join(directory, "manifest.json");
}

export function generationFolder(directory: string, generation: number): string {
  return join(directory, "generations", String(generation).padStart(6, "0"));
}

/** The manifest, or undefined where the folder has none. */
export async function readManifest(directory: string): Promise<Manifest | undefined> {
  const path = manifestPath(directory);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errnoCode(error) === "ENOENT") return undefined;
    throw ioError("read", path, error);
  }
  return parseManifest(text, path);
}
