// How the benches say what they found: aligned Markdown tables, which read as well on a terminal, and the section of
// README.md that each of them writes.
import { readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release } from "node:os";
import { binding } from "../lib/binding.js";

/** Three significant digits and a unit that keeps them readable. */
export function formatTime(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return "-";
  if (milliseconds < 1) return `${(milliseconds * 1e3).toPrecision(3)} us`;
  return milliseconds < 1e3
    ? `${milliseconds.toPrecision(3)} ms`
    : `${(milliseconds / 1e3).toPrecision(3)} s`;
}

export function formatGap(gap: number): string {
  if (!Number.isFinite(gap)) return "-";
  return gap === 0 ? "0" : gap.toExponential(1);
}

export function formatCount(count: number): string {
  return count.toLocaleString("en-US").replaceAll(",", " ");
}

/** A Markdown table; numbers (every column but the first `names`) stand right. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  names = 1,
): string {
  const width = head.map((text, c) => Math.max(3, text.length, ...rows.map(row => row[c]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, c) => (c < names ? text.padEnd(width[c]!) : text.padStart(width[c]!))).join(" | ")} |`;
  const rule = width.map((w, c) => (c < names ? "-".repeat(w) : `${"-".repeat(w - 1)}:`));
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** The machine and the day: no figure means anything without them. */
export function provenance(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const isa = process.env.OMNIROUTER_ISA ?? "the best instruction set it has";
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, ${model}, ${binding().threads()} threads, ${isa}, ${platform()} ${release()} ${arch()}, Node ${process.version}.`;
}

/** Replaces what stands between `<!-- begin NAME -->` and `<!-- end NAME -->` in a file. */
export function writeSection(file: string, name: string, text: string): void {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const old = readFileSync(file, "utf8");
  const [from, to] = [old.indexOf(begin), old.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no section between ${begin} and ${end}`);
  writeFileSync(file, `${old.slice(0, from + begin.length)}\n${text.trim()}\n${old.slice(to)}`);
}
