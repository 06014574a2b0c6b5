/** One line of a file without its line feed; `undefined` stands for a line longer than the limit, which is not kept. */
export interface Line {
  /** Counted from one. */
  readonly number: number;
  readonly bytes: Buffer | undefined;
}

/**
 * Splits a stream of bytes at its line feeds, a batch of lines per chunk. A line feed is one byte of UTF-8 and of no
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
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      take(chunk.subarray(start, end));
      batch.push(finish());
      start = end + 1;
    }
    if (start < chunk.length) take(chunk.subarray(start));
    if (batch.length > 0) yield batch;
  }
  if (length > 0) yield [finish()];
}
