import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import { OmniRouterError, TextEmbedder } from "../../lib/index.js";
import { simulateWorkload } from "../../lib/simulation/workload.js";
import { corpus, dot } from "./texts.js";

const threads = binding().threads();
afterEach(() => binding().setThreads(threads));

function row(vectors: Float32Array, i: number, dimension: number): Float32Array {
  return vectors.subarray(i * dimension, (i + 1) * dimension);
}

describe("TextEmbedder", () => {
  it("gives unit rows in which texts on one subject are nearer than texts on two", async () => {
    const embedder = await TextEmbedder.fit(corpus(120), { dimension: 16 });
    expect(embedder.dimension).toBe(16);
    const vectors = embedder.embedSync([
      "prove the polynomial theorem",
      "matrix derivative theorem",
      "cell membrane protein",
    ]);
    const [a, b, c] = [0, 1, 2].map(i => row(vectors, i, 16)) as [Float32Array, Float32Array, Float32Array];
    expect(dot(a, a)).toBeCloseTo(1, 5);
    expect(dot(a, b)).toBeGreaterThan(dot(a, c) + 0.3);
  });

  it("embeds the same sync and async, one by one and in a batch, for any number of threads", async () => {
    const texts = corpus(100);
    const embedder = await TextEmbedder.fit(texts);
    const sync = embedder.embedSync(texts);
    binding().setThreads(1);
    expect(await embedder.embed(texts)).toEqual(sync);
    binding().setThreads(4);
    expect(await embedder.embed(texts)).toEqual(sync);
    for (const i of [0, 17, 99])
      expect(embedder.embedSync([texts[i]!])).toEqual(row(sync, i, embedder.dimension).slice());
  });

  it("is decided by texts, seed and dimension", async () => {
    const texts = corpus(90);
    const fingerprint = async (...args: Parameters<typeof TextEmbedder.fit>) =>
      (await TextEmbedder.fit(...args)).fingerprint;
    const first = await fingerprint(texts, { dimension: 8 });
    expect(first).toMatch(/^text:[0-9a-f]{16}:8$/);
    binding().setThreads(1);
    expect(await fingerprint(texts, { dimension: 8 })).toBe(first);
    expect(await fingerprint(texts, { dimension: 8, seed: 1 })).not.toBe(first);
    expect(await fingerprint(texts, { dimension: 7 })).not.toBe(first);
    expect(await fingerprint(corpus(90, 2), { dimension: 8 })).not.toBe(first);
  });

  it("embeds its own texts as if it had been fitted without them", async () => {
    // Words that few texts share: what a fit takes from a text of its own is most where there are many features.
    const { history } = simulateWorkload({ records: 240, queries: 0, seed: 5 });
    const known = history.map(({ query }) => query);
    const options = { dimension: 64 };
    const embedder = await TextEmbedder.fit(known, options);
    const heldOut = await embedder.embedHeldOut(known);
    const own = embedder.embedSync(known);
    /** Mean cosine of a text to the ten most similar of the others. */
    const nearest = (vector: Float32Array, others: Float32Array, of: number) => {
      const dimension = vector.length;
      const cosines = Array.from({ length: others.length / dimension }, (_, n) =>
        n === of ? -1 : dot(vector, row(others, n, dimension)),
      );
      return (
        cosines
          .sort((x, y) => y - x)
          .slice(0, 10)
          .reduce((sum, x) => sum + x, 0) / 10
      );
    };
    let [asOwn, asHeldOut, without] = [0, 0, 0];
    const asked = Array.from({ length: 24 }, (_, i) => i * 10);
    for (const i of asked) {
      asOwn += nearest(row(own, i, embedder.dimension), own, i) / asked.length;
      asHeldOut += nearest(row(heldOut, i, embedder.dimension), own, i) / asked.length;
      const rest = known.toSpliced(i, 1);
      const other = await TextEmbedder.fit(rest, options);
      without += nearest(other.embedSync([known[i]!]), other.embedSync(rest), -1) / asked.length;
    }
    // To first order: half of the way at such few texts to a dimension.
    expect(without).toBeGreaterThan(asOwn + 0.04);
    expect(asHeldOut).toBeGreaterThan(asOwn + 0.45 * (without - asOwn));
    expect(asHeldOut).toBeLessThan(without);
    for (const i of asked) {
      const vector = row(heldOut, i, embedder.dimension);
      expect(dot(vector, vector)).toBeCloseTo(1, 4);
    }
    // The same for any number of threads, and only right after the fit.
    binding().setThreads(1);
    expect(await embedder.embedHeldOut(known)).toEqual(heldOut);
    await expect(TextEmbedder.fromBytes(embedder.toBytes()).embedHeldOut(known)).rejects.toThrow(/fitted/);
  });

  it("takes empty, huge, non-Latin and malformed texts", async () => {
    const huge = `enzyme protein cell ${"lorem ipsum ".repeat(100_000)}`;
    const texts = [
      ...corpus(60),
      "",
      huge,
      "素数を数えて落ち着く",
      "素数は無限にある",
      "ทดสอบภาษาไทย",
      "Ж".repeat(500),
      "\ud800 lone \udc00",
    ];
    const embedder = await TextEmbedder.fit(texts, { dimension: 32 });
    const vectors = embedder.embedSync([...texts, "素数の定理", "Enzymes: the cell", "", "  \t"]);
    expect(vectors.every(Number.isFinite)).toBe(true);
    const at = (i: number) => row(vectors, i, embedder.dimension);
    expect(dot(at(60), at(60))).toBe(0);
    expect(dot(at(texts.length), at(62))).toBeGreaterThan(dot(at(texts.length), at(0)) + 0.1);
    expect(dot(at(texts.length + 2), at(texts.length + 2))).toBe(0);
    expect(dot(at(texts.length + 3), at(texts.length + 3))).toBe(0);
  });

  it("shrinks its dimension to what the texts span", async () => {
    expect((await TextEmbedder.fit(["one text"])).dimension).toBe(1);
    expect((await TextEmbedder.fit(Array(100).fill("the same"))).dimension).toBe(1);
    expect((await TextEmbedder.fit(["", ""])).dimension).toBe(1);
  });

  it("any strings at all give rows of unit length or zero", async () => {
    const embedder = await TextEmbedder.fit(corpus(60), { dimension: 8 });
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", maxLength: 200 }), { maxLength: 8 }), texts => {
        const vectors = embedder.embedSync(texts);
        expect(vectors.length).toBe(texts.length * 8);
        for (let i = 0; i < texts.length; i++) {
          const norm = dot(row(vectors, i, 8), row(vectors, i, 8));
          expect(norm === 0 || Math.abs(norm - 1) < 1e-5).toBe(true);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("saves and restores itself", async () => {
    const texts = corpus(60);
    const embedder = await TextEmbedder.fit(texts, { dimension: 12 });
    const restored = TextEmbedder.fromBytes(embedder.toBytes());
    expect(restored.fingerprint).toBe(embedder.fingerprint);
    expect(restored.embedSync(texts)).toEqual(embedder.embedSync(texts));
  });

  it("refuses damaged and foreign bytes", async () => {
    const good = (await TextEmbedder.fit(corpus(30), { dimension: 4 })).toBytes();
    const code = (bytes: Uint8Array) => {
      try {
        TextEmbedder.fromBytes(bytes);
        return "accepted";
      } catch (error) {
        return (error as OmniRouterError).code;
      }
    };
    expect(code(good)).toBe("accepted");
    // A view into a larger buffer, at an odd offset.
    const shifted = new Uint8Array(good.length + 3);
    shifted.set(good, 3);
    expect(code(shifted.subarray(3))).toBe("accepted");
    expect(code(new Uint8Array(0))).toBe("ERR_OMNI_CORRUPT");
    expect(code(Buffer.from("not an embedder at all, but long enough to be one"))).toBe("ERR_OMNI_CORRUPT");
    expect(code(good.subarray(0, good.length - 1))).toBe("ERR_OMNI_CORRUPT");
    expect(code(new Uint8Array([...good, 0]))).toBe("ERR_OMNI_CORRUPT");
    const newer = good.slice();
    newer[8] = 99;
    expect(code(newer)).toBe("ERR_OMNI_VERSION");
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = good.slice();
        damaged[at]! ^= flip;
        expect(code(damaged)).toMatch(at >= 8 && at < 12 ? /VERSION|CORRUPT/ : /CORRUPT/);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it("refuses arguments of the wrong kind, naming them", async () => {
    const embedder = await TextEmbedder.fit(corpus(30), { dimension: 4 });
    const wrong = (argument: string) =>
      expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument }) as unknown as Error;
    // biome-ignore lint/suspicious/noExplicitAny: what a caller without types may pass
    const any = (x: unknown) => x as any;
    await expect(TextEmbedder.fit(any("text"))).rejects.toThrow(wrong("texts"));
    await expect(TextEmbedder.fit([])).rejects.toThrow(wrong("texts"));
    await expect(TextEmbedder.fit(any(["a", 1]))).rejects.toThrow(wrong("texts[1]"));
    for (const dimension of [0, -1, 1.5, 5000, Number.NaN, any("8")])
      await expect(TextEmbedder.fit(["a"], { dimension })).rejects.toThrow(wrong("dimension"));
    for (const seed of [-1, 0.5, 2 ** 60, any("1")])
      await expect(TextEmbedder.fit(["a"], { seed })).rejects.toThrow(wrong("seed"));
    expect(() => embedder.embedSync(any(null))).toThrow(wrong("texts"));
    expect(() => embedder.embedSync(any(["a", undefined]))).toThrow(wrong("texts[1]"));
    await expect(embedder.embed(any([{}]))).rejects.toThrow(wrong("texts[0]"));
    for (const bytes of [any("OMNITEXT"), any(null), any(new Float32Array(8)), any(new ArrayBuffer(8))])
      expect(() => TextEmbedder.fromBytes(bytes)).toThrow(wrong("bytes"));
    const detached = new Uint8Array(64);
    structuredClone(detached, { transfer: [detached.buffer] });
    expect(() => TextEmbedder.fromBytes(detached)).toThrow(OmniRouterError);
    expect(embedder.embedSync([])).toEqual(new Float32Array(0));
  });

  it("a native handle of another type is an error, not a crash", () => {
    // biome-ignore lint/suspicious/noExplicitAny: deliberately wrong
    const native = binding() as any;
    const neighbours = native.createNeighbours(
      Float32Array.of(1),
      Float32Array.of(1),
      Float64Array.of(1),
      Float64Array.of(1),
      1,
      1,
      1,
    );
    for (const handle of [neighbours, {}, null, 1, Object.create(null)])
      expect(() => native.embedTexts(handle, ["a"])).toThrow(/not a native handle/);
  });

  it("stops when aborted, with the signal's reason", async () => {
    const reason = new Error("enough");
    await expect(TextEmbedder.fit(["a"], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const fitting = TextEmbedder.fit(corpus(20_000), { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(fitting).rejects.toBe(reason);
    const embedder = await TextEmbedder.fit(corpus(30), { dimension: 4 });
    await expect(embedder.embed(["a"], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
