import { createHash } from "node:crypto";
import * as z from "zod";
import { OmniRouterError } from "../../errors.js";

/** Raised when a release writes what older ones would misread. */
const FORMAT_VERSION = 1;

const FORMAT = "omnirouter";

/** Plain names only: no separators, no "..", nothing that one file system folds into another name. */
const fileName = z
  .string()
  .max(100)
  .regex(/^[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*$/);

const json: z.ZodType<Json> = z.json();

/** JSON, as `meta` may hold it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const schema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(FORMAT_VERSION),
  /** Counts the saves, from one. */
  generation: z.int().min(1),
  createdAt: z.string(),
  /** The release of this package that wrote it. */
  packageVersion: z.string(),
  /** The fingerprint of the embedder whose vectors the files hold, where one is needed to use them. */
  embedder: z.string().optional(),
  files: z.array(
    z
      .object({ name: fileName, bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) })
      .readonly(),
  ),
  /** The router's own settings. */
  meta: z.record(z.string(), json),
});

/** What a saved router consists of. Written last, and whole or not at all: what it lists is there. */
export type Manifest = Readonly<z.infer<typeof schema>>;
export type StoredFile = Manifest["files"][number];

export function isFileName(name: string): boolean {
  return fileName.safeParse(name).success;
}

export function newManifest(content: Omit<Manifest, "format" | "version">): Manifest {
  return { format: FORMAT, version: FORMAT_VERSION, ...content };
}

/** The manifest with its own checksum, as a person can read it. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify({ ...manifest, sha256: checksum(manifest) }, null, 2)}\n`;
}

/**
 * @throws OmniRouterError `ERR_OMNI_CORRUPT` where the text is no manifest, or not as it was written;
 *   `ERR_OMNI_VERSION` where this release does not know its format
 */
export function parseManifest(text: string, path: string): Manifest {
  const corrupt = (sentence: string, cause?: unknown) =>
    new OmniRouterError("ERR_OMNI_CORRUPT", `${path} ${sentence}`, cause === undefined ? {} : { cause });
  let value: Record<string, unknown> | null;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw corrupt("is not the manifest of a saved router: it is not JSON", cause);
  }
  if (value?.format !== FORMAT) throw corrupt("is not the manifest of a saved router");
  // Before the checksum: another version may compute it in another way.
  if (Number.isInteger(value.version) && value.version !== FORMAT_VERSION)
    throw new OmniRouterError(
      "ERR_OMNI_VERSION",
      `${path} has format version ${value.version}, this release reads version ${FORMAT_VERSION}: ` +
        `use the release that wrote it (${String(value.packageVersion)}) or fit the router anew`,
    );
  if (isDeeper(value, MAX_DEPTH)) throw corrupt("is not a valid manifest: it is nested too deep");
  const { sha256, ...content } = value;
  if (sha256 !== checksum(content)) throw corrupt("is damaged: its checksum does not match");
  const result = schema.safeParse(content);
  if (!result.success) throw corrupt("is not a valid manifest", result.error);
  return result.data;
}

/** Ours have some five levels. What reads and checks them recurses, and the stack is not without end. */
const MAX_DEPTH = 64;

function isDeeper(root: unknown, most: number): boolean {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== "object" || value === null) continue;
    if (depth === most) return true;
    for (const part of Object.values(value)) open.push({ value: part, depth: depth + 1 });
  }
  return false;
}

/** SHA-256 of a manifest's content, 64 hexadecimal digits: tells it from every other. */
export function checksum(content: object): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}
