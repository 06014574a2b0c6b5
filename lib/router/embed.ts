import { types } from "node:util";
import { OmniRouterError } from "../errors.js";
import type { Embedder } from "../prediction/embedder.js";

/** Embeds some texts and holds the embedder, which may be anybody's, to its contract. */
export async function embedTexts(
  embedder: Embedder,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  signal?.throwIfAborted();
  return checked(embedder, await embedder.embed(texts, signal ? { signal } : {}), texts.length);
}

/** The same at once. @throws OmniRouterError `ERR_OMNI_EMBEDDER` where the embedder cannot */
export function embedTextsSync(embedder: Embedder, texts: readonly string[]): Float32Array {
  if (embedder.embedSync === undefined)
    throw new OmniRouterError(
      "ERR_OMNI_EMBEDDER",
      `the embedder ${embedder.fingerprint} has no synchronous path (embedSync): use the asynchronous methods, route() and predict()`,
    );
  return checked(embedder, embedder.embedSync(texts), texts.length);
}

function checked({ dimension, fingerprint }: Embedder, vectors: Float32Array, rows: number): Float32Array {
  const broken = (sentence: string) =>
    new OmniRouterError("ERR_OMNI_EMBEDDER", `the embedder ${fingerprint} ${sentence}`);
  if (!types.isFloat32Array(vectors)) throw broken("gave something other than a Float32Array");
  if (vectors.length !== rows * dimension)
    throw broken(`gave ${vectors.length} numbers for ${rows} texts x ${dimension} dimensions`);
  let bad = 0;
  // A call per number, as findIndex makes, takes tens of milliseconds for some thousand texts.
  while (bad < vectors.length && Number.isFinite(vectors[bad])) bad++;
  if (bad < vectors.length)
    throw broken(`gave a vector with ${vectors[bad]} in it, for text ${Math.floor(bad / dimension)}`);
  return vectors;
}
