import { execFileSync } from "node:child_process";

/** The two matrices that a solve looks at, quality and cost. */
export function matrixBytes(rows: number, models: number): number {
  return 2 * rows * models * Float32Array.BYTES_PER_ELEMENT;
}

/**
 * How long all threads take to read so many bytes, warm: the median, in milliseconds (native/stream_read.cc).
 *
 * @param program the built stream_read.
 */
export function streamingRead(program: string, bytes: number): number {
  const line = execFileSync(program, [String(bytes)], { encoding: "utf8" });
  return (JSON.parse(line) as { nanoseconds: number }).nanoseconds / 1e6;
}
