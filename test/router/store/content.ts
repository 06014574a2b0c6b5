import { expect } from "vitest";
import type { RouterStore } from "../../../lib/router/store/store.js";
import type { GenerationContent } from "../../../lib/router/store/write.js";

/** Three files and a setting that all say the same number, so that a mixture of two saves cannot pass for one. */
export function contentOf(number: number, size = 5000): GenerationContent {
  const piece = Buffer.alloc(size, `${number};`);
  return {
    files: new Map<string, Uint8Array | ((write: (bytes: Uint8Array) => Promise<void>) => Promise<void>)>([
      ["history.bin", piece],
      [
        "index.faiss",
        async write => {
          for (let part = 0; part < 3; part++) await write(piece);
        },
      ],
      ["empty.bin", new Uint8Array(0)],
    ]),
    embedder: `text-${number}`,
    meta: { number },
  };
}

/** Loads the store and checks that what it holds is one save, whole. Resolves to that save's number. */
export async function numberIn(store: RouterStore): Promise<number> {
  return await store.read(async ({ manifest, bytes }) => {
    const number = manifest.meta.number as number;
    const history = Buffer.from(await bytes("history.bin"));
    const index = Buffer.from(await bytes("index.faiss"));
    expect(history.equals(Buffer.alloc(history.length, `${number};`))).toBe(true);
    expect(index.equals(Buffer.concat([history, history, history]))).toBe(true);
    expect((await bytes("empty.bin")).length).toBe(0);
    expect(manifest.embedder).toBe(`text-${number}`);
    return number;
  });
}
