import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { TransformersEmbedder, type TransformersModule } from "../../lib/index.js";

/**
 * A stand-in for @huggingface/transformers, which is not installed here: it has the shape of the package's
 * feature-extraction pipeline (version 3), and no model. What is tested is this package's side of the contract.
 */
function standIn(
  answer: (texts: string[]) => { data: ArrayLike<number>; dims: readonly number[] },
  calls: unknown[] = [],
): () => Promise<TransformersModule> {
  return async () => ({
    pipeline: async (task, model, options) => {
      calls.push([task, model, options]);
      return async (texts, settings) => {
        calls.push([texts, settings]);
        return answer(texts);
      };
    },
  });
}

const lengths = (texts: string[]) => ({
  data: Float32Array.from(texts.flatMap(text => [text.length, 1])),
  dims: [texts.length, 2],
});

describe("TransformersEmbedder (on a stand-in for the package)", () => {
  it("pools by the mean, normalises, goes in batches, and leaves blank texts at zero", async () => {
    const calls: unknown[] = [];
    const embedder = await TransformersEmbedder.load({
      model: "some/model",
      pipelineOptions: { dtype: "q8" },
      batchSize: 2,
      importTransformers: standIn(lengths, calls),
    });
    expect([embedder.dimension, embedder.fingerprint]).toEqual([2, "transformers:some/model@q8:2"]);
    const vectors = await embedder.embed(["abc", "", "abcdefg", "x"]);
    const s = Math.SQRT1_2;
    const expected = [3 / Math.sqrt(10), 1 / Math.sqrt(10), 0, 0, 7 / Math.sqrt(50), 1 / Math.sqrt(50), s, s];
    for (const [i, x] of expected.entries()) expect(vectors[i]).toBeCloseTo(x, 6);
    const settings = { pooling: "mean", normalize: true };
    expect(calls).toEqual([
      ["feature-extraction", "some/model", { dtype: "q8" }],
      [["dimension"], settings],
      [["abc", "abcdefg"], settings],
      [["x"], settings],
    ]);
  });

  it("says how to install the package where it is missing", async () => {
    // Node's own error, from a process without the test runner, which resolves imports in its own way.
    const script =
      'import("@huggingface/transformers").catch(e => console.log(JSON.stringify([e.code, e.message])))';
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    const [code, message] = JSON.parse(output) as [string, string];
    const importTransformers = () => Promise.reject(Object.assign(new Error(message), { code }));
    await expect(TransformersEmbedder.load({ model: "m", importTransformers })).rejects.toMatchObject({
      code: "ERR_OMNI_MISSING_DEPENDENCY",
      message: expect.stringMatching(/npm install @huggingface\/transformers/),
    });
    await expect(TransformersEmbedder.load({ model: "m" })).rejects.toMatchObject({
      code: "ERR_OMNI_MISSING_DEPENDENCY",
    });
  });

  it("tells apart a package that is installed and does not load, or is too old", async () => {
    const broken = () =>
      Promise.reject(new Error("onnxruntime_binding.node: cannot open shared object file"));
    await expect(TransformersEmbedder.load({ model: "m", importTransformers: broken })).rejects.toMatchObject(
      {
        code: "ERR_OMNI_MISSING_DEPENDENCY",
        message: expect.stringMatching(/installed but does not load \(onnxruntime_binding.node/),
      },
    );
    // A dependency of the package that is missing is not the package missing.
    const partial = () =>
      Promise.reject(
        Object.assign(new Error("Cannot find package 'onnxruntime-node'"), { code: "ERR_MODULE_NOT_FOUND" }),
      );
    await expect(TransformersEmbedder.load({ model: "m", importTransformers: partial })).rejects.toThrow(
      /does not load/,
    );
    const old = async () => ({}) as TransformersModule;
    await expect(TransformersEmbedder.load({ model: "m", importTransformers: old })).rejects.toThrow(
      /version 3/,
    );
  });

  it("reports a model that does not load, fails, or breaks the contract", async () => {
    const noModel = async () => ({ pipeline: () => Promise.reject(new Error("404")) }) as TransformersModule;
    await expect(
      TransformersEmbedder.load({ model: "m", importTransformers: noModel }),
    ).rejects.toMatchObject({
      code: "ERR_OMNI_EMBEDDER",
      message: expect.stringMatching(/could not load the model m: 404/),
    });
    const answers: [(texts: string[]) => ReturnType<typeof lengths>, RegExp][] = [
      [texts => ({ data: new Float32Array(2), dims: [texts.length + 1, 2] }), /tensor of \[2 x 2\]/],
      [
        texts => ({ data: new Float32Array(3), dims: [texts.length, 3] }),
        /tensor of \[1 x 3\] where \[1 x 2\]/,
      ],
      [texts => ({ data: new Float32Array(4), dims: [texts.length, 2, 2] }), /tensor of \[1 x 2 x 2\]/],
      [texts => ({ data: new Float32Array(1), dims: [texts.length, 2] }), /1 numbers for/],
      [texts => ({ data: Float32Array.of(1, Number.NaN), dims: [texts.length, 2] }), /not a finite number/],
      [
        () => {
          throw new Error("out of memory");
        },
        /failed: out of memory/,
      ],
    ];
    for (const [answer, message] of answers) {
      let probed = false;
      const importTransformers = standIn(texts => {
        if (probed) return answer(texts);
        probed = true;
        return lengths(texts);
      });
      const embedder = await TransformersEmbedder.load({ model: "m", importTransformers });
      await expect(embedder.embed(["a"])).rejects.toMatchObject({
        code: "ERR_OMNI_EMBEDDER",
        message: expect.stringMatching(message),
      });
    }
  });

  it("stops between batches when aborted", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    let seen = 0;
    const embedder = await TransformersEmbedder.load({
      model: "m",
      batchSize: 1,
      importTransformers: standIn(texts => {
        if (++seen === 3) controller.abort(reason);
        return lengths(texts);
      }),
    });
    await expect(embedder.embed(["a", "b", "c", "d"], { signal: controller.signal })).rejects.toBe(reason);
    expect(seen).toBe(3);
  });

  it("refuses options of the wrong kind", async () => {
    await expect(TransformersEmbedder.load({ model: "" })).rejects.toMatchObject({ argument: "model" });
    await expect(TransformersEmbedder.load({ model: "m", batchSize: 0 })).rejects.toMatchObject({
      argument: "batchSize",
    });
  });
});
