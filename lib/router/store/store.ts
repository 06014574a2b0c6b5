import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type ErrorCode, invalid, OmniRouterError } from "../../errors.js";
import { errnoCode, ioError } from "../../files.js";
import { pathOf } from "../../locations.js";
import { makeFolder } from "./folders.js";
import { CHUNK_BYTES, generationFolder, readManifest } from "./layout.js";
import { lockStore } from "./lock.js";
import { appendToLog, type LogContent, type LogOwner, readLog } from "./log.js";
import { checksum, type Manifest, type StoredFile } from "./manifest.js";
import { type GenerationContent, refuseForeign, writeGeneration } from "./write.js";

/** A reader that loses the race against a writer this often is not unlucky: something else is wrong. */
const READ_ATTEMPTS = 8;

export interface StoreOptions {
  /** How many generations stay on disk after a save, the new one included; 2 unless told. */
  readonly keep?: number;
  /** How long a save waits for another writer, milliseconds; 15 000 unless told, enough to outlast a crashed one. */
  readonly lockTimeoutMs?: number;
}

/** One generation of a saved router, for reading. */
export interface Generation {
  readonly manifest: Manifest;
  /** The whole content of one of its files, its size and checksum verified. */
  bytes(name: string): Promise<Uint8Array>;
  /** What was appended to it so far, from `from` on (0: from the first). */
  log(from?: number): Promise<LogContent>;
}

/** A saved router's folder in the hands of its only writer. */
export interface StoreWriter {
  /** The current manifest, or undefined where nothing has been saved yet. */
  manifest(): Promise<Manifest | undefined>;
  /** What was appended to the current generation, from `from` on. */
  log(manifest: Manifest, from: number): Promise<LogContent>;
  /**
   * Appends to the current generation at the end that {@link log} gave; resolves with the new end once it is on the disk.
   *
   * @throws OmniRouterError `ERR_OMNI_IO`, `ERR_OMNI_LOCKED` where the lock was lost
   */
  append(manifest: Manifest, end: number, entry: Uint8Array): Promise<number>;
  /** Saves the next generation, which takes the place of the current one and of all that was appended to it. */
  write(content: GenerationContent): Promise<Manifest>;
}

/** A saved router's folder; layout.ts says what is in it. */
export class RouterStore {
  /** Absolute path of the folder. */
  readonly directory: string;
  readonly #keep: number;
  readonly #lockTimeoutMs: number;

  private constructor(directory: string, keep: number, lockTimeoutMs: number) {
    this.directory = directory;
    this.#keep = keep;
    this.#lockTimeoutMs = lockTimeoutMs;
  }

  /** Names a folder; touches nothing yet. */
  static open(directory: string | URL, options: StoreOptions = {}): RouterStore {
    const { keep = 2, lockTimeoutMs = 15_000 } = options;
    if (!Number.isInteger(keep) || keep < 1)
      throw invalid("keep", `must be a whole number >= 1, got ${keep}`);
    if (!(lockTimeoutMs >= 0)) throw invalid("lockTimeoutMs", `must be a number >= 0, got ${lockTimeoutMs}`);
    const path = pathOf(directory, "directory");
    return new RouterStore(resolve(path), keep, lockTimeoutMs);
  }

  /**
   * The current manifest.
   *
   * @throws OmniRouterError `ERR_OMNI_IO` where there is no saved router, `ERR_OMNI_CORRUPT`, `ERR_OMNI_VERSION`
   */
  async manifest(): Promise<Manifest> {
    const manifest = await readManifest(this.directory);
    if (manifest) return manifest;
    throw new OmniRouterError(
      "ERR_OMNI_IO",
      `there is no saved router in ${this.directory}: it has no manifest.json`,
    );
  }

  /**
   * Loads the current generation. `load` is called again with a newer generation if a writer removed the first one
   * under its hands, so it must keep nothing of a call that failed.
   *
   * @throws OmniRouterError as {@link manifest} does; `ERR_OMNI_CORRUPT` naming a file that is missing, cut short or altered
   */
  async read<T>(load: (generation: Generation) => Promise<T>): Promise<T> {
    let manifest = await this.manifest();
    for (let attempt = 1; ; attempt++) {
      const current = manifest;
      try {
        return await load({
          manifest: current,
          bytes: name => this.#bytes(current, name),
          log: from => this.#log(current, from),
        });
      } catch (error) {
        manifest = await this.manifest();
        if (attempt === READ_ATTEMPTS || manifest.generation === current.generation) throw error;
      }
    }
  }

  /**
   * Refuses a folder that {@link write} would refuse, before the work of making something to write; touches nothing.
   *
   * @throws OmniRouterError `ERR_OMNI_IO` where the folder holds something else or cannot be read
   */
  async refuseForeign(): Promise<void> {
    await refuseForeign(this.directory);
  }

  /**
   * Saves the next generation; resolves once it is on the disk and every later {@link read} will see it. Files are
   * given as bytes, or as a function that writes them piece by piece.
   *
   * @throws OmniRouterError as {@link exclusively} does; `ERR_OMNI_INVALID_ARGUMENT`. After any error the old generation
   *   still loads.
   */
  async write(content: GenerationContent, signal?: AbortSignal): Promise<Manifest> {
    return await this.exclusively(writer => writer.write(content), signal);
  }

  /**
   * Runs `work` as the folder's only writer, among all processes.
   *
   * @throws OmniRouterError `ERR_OMNI_LOCKED` where another process is writing; `ERR_OMNI_IO` where the folder cannot be
   *   written or holds something else; the signal's reason when aborted while it waits for another writer
   */
  async exclusively<T>(work: (writer: StoreWriter) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { directory } = this;
    await makeFolder(directory);
    await this.refuseForeign();
    const lock = await lockStore(directory, this.#lockTimeoutMs, signal);
    try {
      return await work({
        manifest: () => readManifest(directory),
        log: (manifest, from) => this.#log(manifest, from),
        append: (manifest, end, entry) => appendToLog(directory, ownerOf(manifest), end, entry, lock),
        write: content => writeGeneration(directory, content, this.#keep, lock),
      });
    } finally {
      await lock.release();
    }
  }

  async #log(manifest: Manifest, from = 0): Promise<LogContent> {
    const content = await readLog(this.directory, ownerOf(manifest), from);
    if (content !== undefined) return content;
    const lost = (code: ErrorCode, sentence: string) =>
      new OmniRouterError(code, `the log of the saved router in ${this.directory} ${sentence}`);
    // A save that has folded it into a newer generation removes it: then that generation is the one to read.
    if ((await this.manifest()).generation !== manifest.generation)
      throw lost("ERR_OMNI_IO", "is part of a newer generation since");
    if (from > 0) throw lost("ERR_OMNI_CORRUPT", "is missing");
    return { entries: [], end: 0 };
  }

  async #bytes(manifest: Manifest, name: string): Promise<Uint8Array> {
    const file = manifest.files.find(candidate => candidate.name === name);
    const folder = generationFolder(this.directory, manifest.generation);
    if (!file)
      throw new OmniRouterError(
        "ERR_OMNI_CORRUPT",
        `the saved router in ${this.directory} has no file ${name}`,
      );
    return await readVerified(join(folder, name), file);
  }
}

function ownerOf(manifest: Manifest): LogOwner {
  return { generation: manifest.generation, manifestSha256: checksum(manifest) };
}

async function readVerified(path: string, file: StoredFile): Promise<Uint8Array> {
  const corrupt = (sentence: string) => new OmniRouterError("ERR_OMNI_CORRUPT", `${path} ${sentence}`);
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const { size } = await handle.stat();
    if (size !== file.bytes) throw corrupt(`is damaged: it has ${size} bytes instead of ${file.bytes}`);
    const bytes = Buffer.alloc(size);
    const hash = createHash("sha256");
    for (let at = 0; at < size; ) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(CHUNK_BYTES, size - at), at);
      if (bytesRead === 0) throw corrupt("was cut short while it was read");
      hash.update(bytes.subarray(at, at + bytesRead));
      at += bytesRead;
    }
    if (hash.digest("hex") !== file.sha256) throw corrupt("is damaged: its checksum does not match");
    return bytes;
  } catch (error) {
    if (errnoCode(error) === "ENOENT") throw corrupt("is missing");
    throw ioError("read", path, error);
  } finally {
    await handle?.close();
  }
}
