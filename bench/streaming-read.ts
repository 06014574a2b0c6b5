import { execFileSync } from "node:child_process";

/** How long reading `bytes` takes, warm: medians, in milliseconds (native/stream_read.cc says of what). */
export interface StreamingRead {
  readonly bytes: number;
  readonly threads: number;
  readonly allThreads: number;
  readonly oneThread: number;
}

/** The two matrices that a solve looks at, quality and cost. */
export function matrixBytes(rows: number, models: number): number {
  return 2 * rows * models * Float32Array.BYTES_PER_ELEMENT;
}

/** @param program the built stream_read. */
export function streamingRead(program: string, bytes: number): StreamingRead {
  const line = execFileSync(program, [String(bytes)], { encoding: "utf8" });
  const read = JSON.parse(line) as StreamingRead;
  return { ...read, allThreads: read.allThreads / 1e6, oneThread: read.oneThread / 1e6 };
}
