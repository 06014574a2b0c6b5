/**
 * The log of a generation: what was added to the router since that generation was saved, in the order in which it was.
 * `log/000007.log`, numbers little-endian:
 *
 *   8 bytes    "OMNILOG\n"
 *   uint32     version of this format
 *   32 bytes   SHA-256 of the generation's manifest: a log of another generation of the same number is not replayed
 *   uint32     CRC-32 of the 44 bytes before
 *   entries    uint32 length, uint32 CRC-32 of the content, uint32 CRC-32 of these 8 bytes, content
 *
 * An entry is acknowledged when it has been flushed to the disk. A writer that dies before leaves a torn entry at the
 * end, which no reader takes and the next writer cuts off; anything else that does not add up is damage. The two are
 * told apart as etcd's write-ahead log does (server/storage/wal/decoder.go, isTornEntry): a torn entry is cut short, or
 * has a sector that was never written and so is all zeros.
 */
import { type FileHandle, open, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { OmniRouterError } from "../../errors.js";
import { errnoCode, ioError } from "../../files.js";
import { makeFolder, syncFolder } from "./folders.js";
import type { StoreLock } from "./lock.js";

const MAGIC = Buffer.from("OMNILOG\n");
const VERSION = 1;
const START_BYTES = 48;
const HEAD_BYTES = 12;
const SECTOR_BYTES = 512;

/** Which generation a log belongs to. */
export interface LogOwner {
  readonly generation: number;
  /** SHA-256 of its manifest, 64 hexadecimal digits. */
  readonly manifestSha256: string;
}

export interface LogContent {
  readonly entries: readonly Buffer[];
  /** Where the next entry goes; 0 where there is no log yet. */
  readonly end: number;
}

export function logPath(directory: string, generation: number): string {
  return join(directory, "log", `${String(generation).padStart(6, "0")}.log`);
}

/**
 * The whole entries of a log from `from` on (0: from the first).
 *
 * @returns undefined where the log has no file
 * @throws OmniRouterError `ERR_OMNI_CORRUPT`, `ERR_OMNI_VERSION`, `ERR_OMNI_IO`
 */
export async function readLog(directory: string, owner: LogOwner, from = 0): Promise<LogContent | undefined> {
  const path = logPath(directory, owner.generation);
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const { size } = await handle.stat();
    if (size < from) throw corrupt(path, `has ${size} bytes where ${from} were written: entries are lost`);
    const bytes = Buffer.alloc(size - from);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, from + length);
      if (bytesRead === 0) break; // a writer has cut off a torn entry meanwhile
      length += bytesRead;
    }
    return parseLog(bytes.subarray(0, length), from, owner, path);
  } catch (error) {
    if (errnoCode(error) === "ENOENT") return undefined;
    throw ioError("read", path, error);
  } finally {
    await handle?.close();
  }
}

/** `bytes` are those of the file from `from` on. */
function parseLog(bytes: Buffer, from: number, owner: LogOwner, path: string): LogContent {
  let at = 0;
  if (from === 0) {
    if (!startsLog(bytes, owner, path)) return { entries: [], end: 0 };
    at = START_BYTES;
  }
  const entries: Buffer[] = [];
  while (at < bytes.length) {
    const rest = bytes.length - at;
    const headFits = rest >= HEAD_BYTES && crc32(bytes.subarray(at, at + 8)) === bytes.readUInt32LE(at + 8);
    const end = headFits ? at + HEAD_BYTES + bytes.readUInt32LE(at) : bytes.length;
    if (rest < HEAD_BYTES || end > bytes.length) break; // cut short
    const content = bytes.subarray(at + HEAD_BYTES, end);
    if (!headFits || crc32(content) !== bytes.readUInt32LE(at + 4)) {
      const isLast = headFits ? end === bytes.length : !holdsEntry(bytes.subarray(at + 1));
      if (isLast && hasUnwrittenSector(bytes.subarray(at, end), from + at)) break;
      throw corrupt(path, `is damaged at byte ${from + at}: a checksum does not match`);
    }
    entries.push(content);
    at = end;
  }
  return { entries, end: from + at };
}

/** Whether the file begins as a log of this generation; if not, it is as good as none. */
function startsLog(bytes: Buffer, { manifestSha256 }: LogOwner, path: string): boolean {
  if (bytes.length < START_BYTES) return false; // torn: nothing was acknowledged before it was whole
  const start = bytes.subarray(0, START_BYTES);
  if (crc32(start.subarray(0, START_BYTES - 4)) !== start.readUInt32LE(START_BYTES - 4)) {
    if (hasUnwrittenSector(start, 0)) return false;
    throw corrupt(path, "is damaged at its beginning, or is no log");
  }
  if (!start.subarray(0, MAGIC.length).equals(MAGIC)) throw corrupt(path, "is no log");
  const version = start.readUInt32LE(MAGIC.length);
  if (version !== VERSION)
    throw new OmniRouterError(
      "ERR_OMNI_VERSION",
      `${path} has format ${version}, this release reads format ${VERSION}: use the release that wrote it, or a later one`,
    );
  return start.toString("hex", MAGIC.length + 4, START_BYTES - 4) === manifestSha256;
}

/** Whether a whole entry begins anywhere: after one whose length is lost, it shows that that one was acknowledged. */
function holdsEntry(bytes: Buffer): boolean {
  for (let at = 0; at + HEAD_BYTES <= bytes.length; at++) {
    const end = at + HEAD_BYTES + bytes.readUInt32LE(at);
    if (end > bytes.length || crc32(bytes.subarray(at, at + 8)) !== bytes.readUInt32LE(at + 8)) continue;
    if (crc32(bytes.subarray(at + HEAD_BYTES, end)) === bytes.readUInt32LE(at + 4)) return true;
  }
  return false;
}

/** Whether any sector is all zeros, as far as it belongs to `bytes`, which begin at `offset` in the file. */
function hasUnwrittenSector(bytes: Buffer, offset: number): boolean {
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + SECTOR_BYTES - ((offset + at) % SECTOR_BYTES));
    if (bytes.subarray(at, end).every(byte => byte === 0)) return true;
    at = end;
  }
  return false;
}

/**
 * Appends an entry where {@link readLog} said that the log ends, and resolves once it is on the disk. Whoever calls this
 * holds the lock, and has read to the end under it.
 *
 * @returns where the log ends now
 * @throws OmniRouterError `ERR_OMNI_IO`, `ERR_OMNI_LOCKED` where the lock was lost; the log is then as it was before, if
 *   the disk allows that at all
 */
export async function appendToLog(
  directory: string,
  owner: LogOwner,
  end: number,
  content: Uint8Array,
  lock: StoreLock,
): Promise<number> {
  const path = logPath(directory, owner.generation);
  const bytes = end === 0 ? Buffer.concat([start(owner), entry(content)]) : entry(content);
  let handle: FileHandle | undefined;
  try {
    await lock.assertHeld();
    if (end === 0) await makeFolder(join(directory, "log"));
    // Only ever at the end: a writer that was held up for so long that another took its lock over overwrites nothing.
    handle = await open(path, "a");
    // What a writer that died has left behind the last whole entry.
    if ((await handle.stat()).size > end) await handle.truncate(end);
    try {
      for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
      await handle.sync();
      if (end === 0) await syncFolder(join(directory, "log"));
      // Such a writer may also have written to the log of a generation that is no longer the current one.
      await lock.assertHeld();
    } catch (error) {
      // Not acknowledged, so it should not turn up later.
      await takeBack(handle, end, lock).catch(() => {});
      throw error;
    }
    return end + bytes.length;
  } catch (error) {
    throw ioError("write", path, error);
  } finally {
    await handle?.close();
  }
}

async function takeBack(handle: FileHandle, end: number, lock: StoreLock): Promise<void> {
  await lock.assertHeld();
  await handle.truncate(end);
}

function start({ manifestSha256 }: LogOwner): Buffer {
  const bytes = Buffer.alloc(START_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(VERSION, MAGIC.length);
  bytes.write(manifestSha256, MAGIC.length + 4, "hex");
  bytes.writeUInt32LE(crc32(bytes.subarray(0, START_BYTES - 4)), START_BYTES - 4);
  return bytes;
}

function entry(content: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(content.length, 0);
  head.writeUInt32LE(crc32(content), 4);
  head.writeUInt32LE(crc32(head.subarray(0, 8)), 8);
  return Buffer.concat([head, content]);
}

/** Removes the logs of generations before this one: what they held is part of it. */
export async function removeLogsBefore(directory: string, generation: number): Promise<void> {
  const folder = join(directory, "log");
  const logs = await readdir(folder).catch(() => []);
  for (const log of logs)
    if (/^\d{6,}\.log$/.test(log) && Number.parseInt(log, 10) < generation)
      await rm(join(folder, log), { force: true });
  if (logs.length > 0) await rmdir(folder).catch(() => {}); // unless a log is left in it
}

function corrupt(path: string, sentence: string): OmniRouterError {
  return new OmniRouterError("ERR_OMNI_CORRUPT", `${path} ${sentence}`);
}
