// node scripts/check-prebuilds.mjs [FOLDER]: fails unless the folder, prebuilds/ by default, has an addon for every platform
// that a release is for, each of the platform's own kind, and nothing else. For the release job.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const EM_X86_64 = 0x3e;
const EM_AARCH64 = 0xb7;
/** @param {number} machine of the ELF header, at byte 18 */
const elf = machine => (/** @type {Buffer} */ file) =>
  file.readUInt32BE(0) === 0x7f454c46 && file.readUInt16LE(18) === machine;
/** @param {number} processor of the Mach-O header */
const machO = processor => (/** @type {Buffer} */ file) =>
  file.readUInt32LE(0) === 0xfeedfacf && file.readUInt32LE(4) === processor;
/** @param {Buffer} file a PE file says where its header is at byte 60 */
const windowsX64 = file =>
  file.readUInt16BE(0) === 0x4d5a && file.readUInt16LE(file.readUInt32LE(60) + 4) === 0x8664;

/** @type {Readonly<Record<string, (file: Buffer) => boolean>>} */
export const targets = {
  "linux-x64": elf(EM_X86_64),
  "linux-arm64": elf(EM_AARCH64),
  "linuxmusl-x64": elf(EM_X86_64),
  "linuxmusl-arm64": elf(EM_AARCH64),
  "darwin-arm64": machO(0x0100000c),
  "darwin-x64": machO(0x01000007),
  "win32-x64": windowsX64,
};

/**
 * @param {string} folder
 * @returns {readonly string[]} what is wrong
 */
export function problems(folder) {
  /** @type {string[]} */
  const found = [];
  for (const [target, isOfItsKind] of Object.entries(targets)) {
    try {
      if (!isOfItsKind(readFileSync(join(folder, target, "omnirouter.node"))))
        found.push(`${target}: not a binary of that platform`);
    } catch (error) {
      found.push(`${target}: ${/** @type {Error} */ (error).message}`);
    }
  }
  for (const name of readdirSync(folder))
    if (!(name in targets)) found.push(`${name}: not a platform of ours`);
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? fileURLToPath(new URL("../prebuilds", import.meta.url));
  const wrong = problems(folder);
  for (const line of wrong) console.error(line);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
