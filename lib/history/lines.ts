/** One line of a file without its line feed; `undefined` stands for a line longer than the limit, which is not kept. */
export interface Line {
  /** Counted from one. */
  readonly number: number;
  readonly bytes: Buffer | undefined;
}

/**
 * Splits a stream of bytes at its line feeds, a batch of lines per chunk, without the blank ones: a gzip of 260 KB may
 * hold as many of these as it has bits. A line feed is one byte of UTF-8 and of no
 * other character's, so the bytes need not be decoded first. Memory is bounded by `limit`, in bytes per line.
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Line[]> {
  let number = 1;
  let parts: Buffer[] = [];
  let length = 0;
  const take = (part: Buffer) => {
    length += part.length;
    if (length > limit) parts = [];
    else parts.push(part);
  };
  const finish = (): Line => {
    const bytes = length > limit ? undefined : parts.length === 1 ? parts[0]! : Buffer.concat(parts, length);
    parts = [];
    length = 0;
    return { number: number++, bytes };
  };
  for await (const chunk of chunks) {
    const batch: Line[] = [];
    let start = 0;
    for (;;) {
      if (length === 0) {
        const text = afterBlankLines(chunk, start);
        number += text.lines;
        start = text.at;
      }
      const end = chunk.indexOf(10, start);
      if (end === -1) break;
      take(chunk.subarray(start, end));
      batch.push(finish());
      start = end + 1;
    }
    if (start < chunk.length) take(chunk.subarray(start));
    if (batch.length > 0) yield batch;
  }
  if (length > 0) yield [finish()];
}

/** Where the first line begins, from the beginning of a line at `start`, that is not blank or is not whole; and the lines before it. */
function afterBlankLines(chunk: Buffer, start: number): { at: number; lines: number } {
  let lines = 0;
  let at = start;
  for (let next = start; next < chunk.length; next++) {
    const byte = chunk[next]!;
    if (byte === 10) {
      at = next + 1;
      lines++;
    } else if (byte !== 32 && byte !== 9 && byte !== 13) break;
  }
  return { at, lines };
}
