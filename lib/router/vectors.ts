import type { Resolved } from "../history/growing.js";
import type { Embedder } from "../prediction/embedder.js";
import { TextEmbedder } from "../prediction/text-embedder.js";
import type { Change } from "./changes.js";
import { embedTexts } from "./embed.js";
import type { RouterState } from "./state.js";

/** Embeddings of new queries, each text once. */
export class Vectors {
  readonly embedder: Embedder;
  readonly #byText = new Map<string, Float32Array>();

  constructor(embedder: Embedder) {
    this.embedder = embedder;
  }

  async add(resolved: readonly Resolved[], signal: AbortSignal | undefined): Promise<void> {
    const texts = new Set<string>();
    for (const { record, isNew } of resolved)
      if (isNew && !this.#byText.has(record.query)) texts.add(record.query);
    if (texts.size === 0) return;
    const { dimension } = this.embedder;
    const vectors = await embedTexts(this.embedder, [...texts], signal);
    let row = 0;
    for (const text of texts) this.#byText.set(text, vectors.subarray(row++ * dimension, row * dimension));
  }

  /** Those of the new ones, one after the other. */
  of(resolved: readonly Resolved[]): Float32Array {
    const fresh = resolved.filter(({ isNew }) => isNew);
    const { dimension } = this.embedder;
    const vectors = new Float32Array(fresh.length * dimension);
    for (const [row, { record }] of fresh.entries())
      vectors.set(this.#byText.get(record.query)!, row * dimension);
    return vectors;
  }
}

/** Changes with the vectors of another embedder, where the state's is another. */
export async function embeddedBy(
  { parts: { embedder }, growing }: RouterState,
  changes: readonly Change[],
  signal: AbortSignal | undefined,
): Promise<Change[]> {
  if (!TextEmbedder.isBuiltIn(embedder)) return [...changes];
  const vectors = new Vectors(embedder);
  const met = new Set<string>();
  const embedded: Change[] = [];
  for (const change of changes) {
    if ("pool" in change) {
      embedded.push(change);
      continue;
    }
    const { records } = change;
    const resolved = records.map(record => {
      const isNew = growing?.textOf(record.id) === undefined && !met.has(record.id);
      met.add(record.id);
      return { record, isNew };
    });
    await vectors.add(resolved, signal);
    embedded.push({ records, vectors: vectors.of(resolved) });
  }
  return embedded;
}
