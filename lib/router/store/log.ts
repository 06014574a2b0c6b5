/**
 * The log of a generation: what was added to the router since that generation was saved, in the order in which it was.
 * `log/000007.log`, numbers little-endian:
 *
 *   8 bytes    "OMNILOG\n"
 *   uint32     version of this format
 *   32 bytes   SHA-256 of the generation's manifest: a log of another generation of the same number is not replayed
 *   uint32     CRC-32 of the 44 bytes before
 *   uint64     where the last entry ends that was acknowledged
 *   uint32     CRC-32 of these 8 bytes
 *   4 bytes    zeros
 *   entries    uint32 length, uint32 CRC-32 of the content, uint32 CRC-32 of these 8 bytes, content
 *
 * An entry is acknowledged when it has been flushed to the disk, and after it the place where it ends. So a log that is
 * shorter than that was cut: what it lost had been acknowledged, and it is refused. A writer that dies before leaves a torn
 * entry behind that place, which no reader takes and the next writer cuts off; anything else that does not add up is
 * damage. These two are told apart as etcd's write-ahead log does (server/storage/wal/decoder.go, isTornEntry): a torn
 * entry is cut short, or has a sector that was never written and so is all zeros. The beginning is never torn: the file
 * appears under its name only once that is on the disk.
 *
 * Logs of version 1 end with the CRC-32 after 48 bytes, and do not say what was acknowledged. They are read and continued as
 * they are, until the next save.
 */
import { type FileHandle, open, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { writeAtomically } from "../../atomic-file.js";
import { OmniRouterError } from "../../errors.js";
import { errnoCode, ioError } from "../../files.js";
import { makeFolder } from "./folders.js";
import type { StoreLock } from "./lock.js";

const MAGIC = Buffer.from("OMNILOG\n");
const VERSION = 2;
const OWNER_BYTES = 48;
const ACKNOWLEDGED_BYTES = 12;
const START_BYTES: Readonly<Record<number, number>> = { 1: OWNER_BYTES, [VERSION]: 64 };
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

/** What a log begins with. */
interface LogStart {
  readonly bytes: number;
  readonly manifestSha256: string;
  /** Where the last acknowledged entry ends; undefined in a log that does not say. */
  readonly acknowledged: number | undefined;
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
    // Before the size: what is acknowledged then is in a file of that size, whatever a writer does meanwhile.
    const start = await readStart(handle, path);
    const { size } = await handle.stat();
    if (size < from) throw corrupt(path, `has ${size} bytes where ${from} were written: entries are lost`);
    if (start.manifestSha256 !== owner.manifestSha256) {
      if (from > 0) throw corrupt(path, "is that of another generation");
      return { entries: [], end: 0 };
    }
    const { acknowledged = 0 } = start;
    if (size < acknowledged)
      throw corrupt(
        path,
        `is cut short: it has ${size} of ${acknowledged} bytes that were acknowledged, and what was learned last is lost; bring back a copy, or remove the file to go on without all that was learned since the last save`,
      );
    const at = Math.max(from, start.bytes);
    const bytes = await readFrom(handle, at, size - at);
    return parseEntries(bytes, at, acknowledged, path);
  } catch (error) {
    if (errnoCode(error) === "ENOENT") return undefined;
    throw ioError("read", path, error);
  } finally {
    await handle?.close();
  }
}

/** As many bytes as there are, up to `length`: a writer may cut off a torn entry meanwhile. */
async function readFrom(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.max(0, length));
  let read = 0;
  while (read < bytes.length) {
    const { bytesRead } = await handle.read(bytes, read, bytes.length - read, from + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

/** A reader may find the acknowledged end half written, but not as often as this. */
const START_ATTEMPTS = 5;

async function readStart(handle: FileHandle, path: string): Promise<LogStart> {
  for (let attempt = 1; ; attempt++) {
    const bytes = await readFrom(handle, 0, START_BYTES[VERSION]!);
    const start = parseStart(bytes, path);
    if (start !== undefined) return start;
    if (attempt === START_ATTEMPTS) throw corrupt(path, "is damaged at its beginning");
    await sleep(attempt);
  }
}

/** Undefined where what is acknowledged cannot be read. */
function parseStart(bytes: Buffer, path: string): LogStart | undefined {
  if (bytes.length < OWNER_BYTES)
    throw corrupt(path, `is cut short: it has ${bytes.length} bytes, and whatever was learned in it is lost`);
  const ownerBytes = bytes.subarray(0, OWNER_BYTES);
  if (crc32(ownerBytes.subarray(0, OWNER_BYTES - 4)) !== ownerBytes.readUInt32LE(OWNER_BYTES - 4))
    throw corrupt(path, "is damaged at its beginning, or is no log");
  if (!ownerBytes.subarray(0, MAGIC.length).equals(MAGIC)) throw corrupt(path, "is no log");
  const version = ownerBytes.readUInt32LE(MAGIC.length);
  const startBytes = START_BYTES[version];
  if (startBytes === undefined)
    throw new OmniRouterError(
      "ERR_OMNI_VERSION",
      `${path} has format ${version}, this release reads format ${VERSION}: use the release that wrote it, or a later one`,
    );
  const manifestSha256 = ownerBytes.toString("hex", MAGIC.length + 4, OWNER_BYTES - 4);
  if (version === 1) return { bytes: startBytes, manifestSha256, acknowledged: undefined };
  if (bytes.length < startBytes)
    throw corrupt(path, `is cut short: it has ${bytes.length} bytes, and whatever was learned in it is lost`);
  const end = bytes.subarray(OWNER_BYTES);
  if (crc32(end.subarray(0, 8)) !== end.readUInt32LE(8)) return undefined;
  const acknowledged = Number(end.readBigUInt64LE(0));
  if (end.readUInt32LE(ACKNOWLEDGED_BYTES) !== 0 || acknowledged < startBytes)
    throw corrupt(path, "is damaged at its beginning");
  return { bytes: startBytes, manifestSha256, acknowledged };
}

/**
 * @param bytes those of the file from `from` on
 * @param acknowledged before this place of the file nothing is torn
 */
function parseEntries(bytes: Buffer, from: number, acknowledged: number, path: string): LogContent {
  let at = 0;
  const entries: Buffer[] = [];
  while (at < bytes.length) {
    const rest = bytes.length - at;
    const headFits = rest >= HEAD_BYTES && crc32(bytes.subarray(at, at + 8)) === bytes.readUInt32LE(at + 8);
    const end = headFits ? at + HEAD_BYTES + bytes.readUInt32LE(at) : bytes.length;
    const damage = () => corrupt(path, `is damaged at byte ${from + at}: a checksum does not match`);
    const mayBeTorn = from + at >= acknowledged;
    if (rest < HEAD_BYTES || end > bytes.length) {
      if (mayBeTorn) break; // cut short
      throw damage();
    }
    const content = bytes.subarray(at + HEAD_BYTES, end);
    if (!headFits || crc32(content) !== bytes.readUInt32LE(at + 4)) {
      const isLast = headFits ? end === bytes.length : !holdsEntry(bytes.subarray(at + 1));
      if (mayBeTorn && isLast && hasUnwrittenSector(bytes.subarray(at, end), from + at)) break;
      throw damage();
    }
    entries.push(content);
    at = end;
  }
  return { entries, end: from + at };
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
  const bytes = entry(content);
  let handle: FileHandle | undefined;
  try {
    await lock.assertHeld();
    if (end === 0) {
      await makeFolder(join(directory, "log"));
      const start = startOf(owner);
      await writeAtomically(path, async file => {
        await file.writeFile(start);
      });
    }
    // Only ever at the end: a writer that was held up for so long that another took its lock over overwrites nothing.
    handle = await open(path, "a+");
    const start = await readStart(handle, path);
    const from = end === 0 ? start.bytes : end;
    // What a writer that died has left behind the last whole entry.
    if ((await handle.stat()).size > from) await handle.truncate(from);
    try {
      for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
      await handle.sync();
      // Such a writer may also have written to the log of a generation that is no longer the current one.
      await lock.assertHeld();
    } catch (error) {
      // Not acknowledged, so it should not turn up later.
      await takeBack(handle, from, lock).catch(() => {});
      throw error;
    }
    const next = from + bytes.length;
    if (start.acknowledged !== undefined)
      await acknowledge(path, next).catch(async (error: unknown) => {
        // Unless the disk takes this, the entry stays: a log that is shorter than what it acknowledges would be refused.
        const undo = acknowledge(path, from).then(() => takeBack(handle!, from, lock));
        await undo.catch(() => {});
        throw error;
      });
    return next;
  } catch (error) {
    throw ioError("write", path, error);
  } finally {
    await handle?.close();
  }
}

/** Writes down, durably, that all entries before this place are acknowledged. */
async function acknowledge(path: string, end: number): Promise<void> {
  const bytes = acknowledgement(end);
  const handle = await open(path, "r+");
  try {
    for (let at = 0; at < bytes.length; )
      at += (await handle.write(bytes, at, bytes.length - at, OWNER_BYTES + at)).bytesWritten;
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function acknowledgement(end: number): Buffer {
  const bytes = Buffer.alloc(ACKNOWLEDGED_BYTES);
  bytes.writeBigUInt64LE(BigInt(end));
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8);
  return bytes;
}

async function takeBack(handle: FileHandle, end: number, lock: StoreLock): Promise<void> {
  await lock.assertHeld();
  await handle.truncate(end);
}

function startOf({ manifestSha256 }: LogOwner): Buffer {
  const bytes = Buffer.alloc(START_BYTES[VERSION]!);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(VERSION, MAGIC.length);
  bytes.write(manifestSha256, MAGIC.length + 4, "hex");
  bytes.writeUInt32LE(crc32(bytes.subarray(0, OWNER_BYTES - 4)), OWNER_BYTES - 4);
  acknowledgement(bytes.length).copy(bytes, OWNER_BYTES);
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
  // Also what a writer that died has not come to rename.
  for (const log of logs)
    if (/^\.?\d{6,}\.log(\..+\.tmp)?$/.test(log) && Number.parseInt(log.replace(".", ""), 10) < generation)
      await rm(join(folder, log), { force: true });
  if (logs.length > 0) await rmdir(folder).catch(() => {}); // unless a log is left in it
}

function corrupt(path: string, sentence: string): OmniRouterError {
  return new OmniRouterError("ERR_OMNI_CORRUPT", `${path} ${sentence}`);
}
