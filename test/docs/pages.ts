import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A fenced block of code: ```language title. */
export interface Block {
  readonly language: string;
  /** The file that the block is, where it is one. */
  readonly title: string;
  readonly code: string;
}

/**
 * Paths of every page that is written by hand, seen from the root: the README, docs/ but for the API reference, and what
 * is written for contributors.
 */
export function pages(): string[] {
  const docs = readdirSync(join(root, "docs")).filter(name => name.endsWith(".md"));
  const others = ["README.md", "CONTRIBUTING.md", join("native", "assignment", "README.md")];
  return [...others, ...docs.map(name => join("docs", name))].sort();
}

export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```(\w*)(?: ([^\n]*))?\n(.*?)^```$/gms)].map(
    ([, language = "", title = "", code = ""]) => ({ language, title, code }),
  );
}

/** What the comments `//=> TEXT` say that a page's program prints, in their order. */
export function promisedLines(code: string): string[] {
  return [...code.matchAll(/\/\/=> (.*)$/gm)].map(([, line]) => line!.trim());
}
