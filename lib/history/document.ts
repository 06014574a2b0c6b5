import { isUtf8 } from "node:buffer";
import { parseJson } from "./json.js";
import { Problem } from "./problem.js";

/** A document is parsed at once, and takes several times its size while it is; V8 holds no text of twice as much. */
const MAX_DOCUMENT_BYTES = 256 << 20;

/** A file that is one JSON value, once all its chunks have come; `undefined` before each of them. */
export async function* readDocument(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<undefined | { readonly value: unknown } | Problem> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MAX_DOCUMENT_BYTES) {
      yield new Problem(
        `is a JSON document of more than ${MAX_DOCUMENT_BYTES >> 20} MiB, too large to be read at once: write its records one a line`,
      );
      return;
    }
    parts.push(chunk);
    yield undefined;
  }
  const whole = Buffer.concat(parts, bytes);
  if (!isUtf8(whole)) {
    yield new Problem("is not UTF-8 text");
    return;
  }
  try {
    yield { value: parseJson(whole.toString("utf8").replace(/^\uFEFF/, "")) };
  } catch (error) {
    yield new Problem(
      `is not JSON: ${(error as Error).message}; a file that begins like this must be one whole JSON document`,
      "is not JSON",
    );
  }
}
