// The addon by itself, without the checks of the TypeScript over it: whatever it is called with, it answers or throws an
// error with a code. What would be written or read outside of an argument's memory, AddressSanitizer tells.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OPTION_KEYS, writeOptions } from "../../lib/assignment/assign.js";
import { compileProblem } from "../../lib/assignment/compile.js";
import { Frame, frameLength, POINT } from "../../lib/assignment/frame.js";
import { binding } from "../../lib/binding.js";
import type { NativeVectorIndex } from "../../lib/retrieval/binding.js";
import type { NativeTask } from "../../lib/task.js";
import { damaged, fuzz } from "./fuzzing.js";

const addon = binding();
const wave = (length: number) => Float32Array.from({ length }, (_, i) => 0.5 + 0.5 * Math.sin(3 * i));

/** The outcome of a task, or of a call at once; undefined for an error with a code of ours, but for a defect's. */
async function outcome(call: () => unknown): Promise<unknown> {
  try {
    const result = call();
    const isTask = typeof result === "object" && result !== null && "promise" in result;
    return isTask ? await (result as NativeTask<unknown>).promise : result;
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    expect(code, message).toMatch(/^ERR_OMNI_/);
    if (!/of another release/.test(message)) expect(code, message).not.toBe("ERR_OMNI_INTERNAL");
    return undefined;
  }
}

const float = fc.oneof(fc.float(), fc.constantFrom(0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, 3e38));
const whole = fc.oneof(fc.integer({ min: -2, max: 9 }), fc.constantFrom(255, 1024, 2 ** 31 - 1, -(2 ** 31)));
const detached = () => {
  const array = new Float32Array(4);
  structuredClone(array, { transfer: [array.buffer] });
  return array;
};

/** Anything that JavaScript can pass, but no handle. */
const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    "",
    "hnsw",
    {},
    [],
    -1,
    0,
    2.5,
    1e9,
    2 ** 53,
    Number.NaN,
    1n,
  ),
  fc.array(float, { maxLength: 9 }).map(values => Float32Array.from(values)),
  fc.array(fc.double(), { maxLength: 9 }).map(values => Float64Array.from(values)),
  fc.array(whole, { maxLength: 9 }).map(values => Int32Array.from(values)),
  fc.uint8Array({ maxLength: 64 }),
  fc
    .array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 4 })
    .map(values => BigUint64Array.from(values)),
  fc.array(fc.nat(0xffff), { maxLength: 4 }).map(values => Uint16Array.from(values)),
  fc.array(fc.string({ unit: "binary" }), { maxLength: 4 }),
  fc.constant(null).map(detached),
  fc.constant(null).map(() => new Float32Array(new SharedArrayBuffer(16))),
);

/** Arguments that are right, of which some are not, or are missing. */
function nearly(right: () => readonly unknown[], others: readonly unknown[]): fc.Arbitrary<unknown[]> {
  const count = right().length;
  const wrong = fc.record({
    at: fc.nat(count - 1),
    value: fc.oneof({ weight: 4, arbitrary: anything }, { weight: 1, arbitrary: fc.constantFrom(...others) }),
  });
  const length = fc.option(fc.nat(count), { freq: 8, nil: count });
  return fc.tuple(fc.array(wrong, { maxLength: 2 }), length).map(([wrongs, length]) => {
    const values = [...right()];
    for (const { at, value } of wrongs) values[at] = value;
    return values.slice(0, length);
  });
}

const problem = {
  models: ["a", "b", "c"],
  quantities: { cost: wave(12), quality: wave(12).reverse() },
  objective: { minimize: "cost" },
  limits: [
    { mean: "quality", atLeast: 0.5 },
    { sum: "requests", atMost: 2, model: "a" },
    { sum: "cost", atMost: 3, group: 1 },
  ],
  allowed: BigUint64Array.of(7n, 3n, 6n, 5n),
  groups: Uint16Array.of(0, 1, 1, 0),
};

/** The problem's frame, as the TypeScript fills it in. */
function frameOf(): Float64Array {
  return Frame.use(frame => {
    const compiled = compileProblem(problem, frame);
    writeOptions({ nodeLimit: 100 }, compiled, frame.numbers, OPTION_KEYS);
    return frame.numbers.slice(0, frameLength(frame.numbers));
  });
}

describe("the addon's functions", () => {
  const texts = ["one", "zwei ü", "", "a longer text of words"];
  const embeddings = wave(8);
  const prices = [Float64Array.of(1, 2), Float64Array.of(3, 4)] as const;
  const matrices = [wave(8), wave(8).map(x => 100 * x)] as const;
  const batch = [texts, embeddings, wave(4), ...matrices] as const;

  it("solve, choose and sweep, whatever the frame says", async () => {
    const { quantities, allowed, groups } = problem;
    const arrays = [Object.values(quantities), allowed, groups] as const;
    const numbers = fc.record({
      at: fc.nat(frameOf().length - 1),
      value: fc.oneof(fc.double(), whole, fc.constantFrom(1e300, 0.5, 2 ** 53)),
    });
    const frame = fc.tuple(fc.array(numbers, { maxLength: 5 }), fc.nat(8)).map(([changes, cut]) => {
      const frame = frameOf();
      for (const { at, value } of changes) frame[at] = value;
      return frame.subarray(0, frame.length - cut * cut);
    });
    await fuzz(fc.tuple(frame, fc.nat(4)), async ([frame, which]) => {
      const [bounds, points] = [Float64Array.of(0.4, 0.6), new Float64Array(2 * (POINT.size + 5))];
      await outcome(() => {
        if (which === 0) return addon.assign(frame, ...arrays, new Uint8Array(4));
        if (which === 1) return addon.chooseByPrices(frame, ...arrays, new Uint8Array(4));
        if (which === 2) return addon.assignAsync(frame, ...arrays, new Uint8Array(4));
        const call = which === 3 ? addon.frontier : addon.frontierAsync;
        return call(frame, ...arrays, new Uint8Array(8), 0, bounds, points);
      });
    });
  });

  it("take their arguments, or say which is wrong", async () => {
    const embedder = (await addon.fitTextEmbedder(texts, 2, 1).promise) as never;
    const neighbours = addon.createNeighbours(...matrices, ...prices, 3, 2, 2) as never;
    const { handle } = await addon.fitHybrid(...prices, ...batch, 2, ...matrices, 1).promise;
    const handles = [embedder, neighbours, handle];
    const saved = [addon.textEmbedderToBytes(embedder), addon.hybridToBytes(handle)] as const;
    const found = [Int32Array.of(0, 1, 2, 3), wave(4), 1, wave(4), Int32Array.of(0, -1, -1, 3)];
    const solved = () => [frameOf(), Object.values(problem.quantities), problem.allowed, problem.groups];
    const points = () => new Float64Array(2 * (POINT.size + 5));
    const right: Record<string, () => readonly unknown[]> = {
      assign: () => [...solved(), new Uint8Array(4)],
      assignAsync: () => [...solved(), new Uint8Array(4)],
      chooseByPrices: () => [...solved(), new Uint8Array(4)],
      frontier: () => [...solved(), new Uint8Array(8), 0, Float64Array.of(0.4, 0.6), points()],
      frontierAsync: () => [...solved(), undefined, 0, Float64Array.of(0.4, 0.6), points()],
      fitTextEmbedder: () => [texts, 2, 1],
      embedTexts: () => [embedder, texts],
      embedTextsAsync: () => [embedder, texts],
      embedTextsHeldOutAsync: () => [embedder, texts],
      textEmbedderInfo: () => [embedder],
      textEmbedderToBytes: () => [embedder],
      textEmbedderFromBytes: () => [saved[0]],
      createNeighbours: () => [...matrices, ...prices, 3, 2, 2],
      learnNeighbours: () => [neighbours, Int32Array.of(1, 4), wave(4), wave(4)],
      neighboursPrior: () => [neighbours],
      estimateNeighbours: () => [neighbours, ...found],
      estimateNeighboursAsync: () => [neighbours, ...found],
      fitHybrid: () => [...prices, ...batch, 2, ...matrices, 1],
      predictHybrid: () => [handle, ...batch],
      predictHybridAsync: () => [handle, ...batch],
      learnHybrid: () => [handle, ...batch, ...matrices],
      hybridCalibrated: () => [handle, Float64Array.of(0, 0), Float64Array.of(1, 1)],
      hybridWithLevels: () => [handle, Float64Array.of(0, 1, 0, 1, 0, 1, 0, 1)],
      hybridWithModels: () => [handle, Int32Array.of(1, -1), ...prices],
      hybridToBytes: () => [handle],
      hybridFromBytes: () => [saved[1], ...prices, 2],
    };
    const functions = Object.keys(addon).filter(
      name => name !== "NativeVectorIndex" && !/hreads$/.test(name),
    );
    expect(Object.keys(right).sort()).toEqual(functions.sort());
    const call = (name: string, values: readonly unknown[]) =>
      outcome(() =>
        (addon as unknown as Record<string, (...values: unknown[]) => unknown>)[name]!(...values),
      );
    for (const name of functions) await expect(call(name, right[name]!()), name).resolves.not.toThrow();

    const calls = functions.map(name => nearly(right[name]!, handles).map(values => [name, values] as const));
    await fuzz(fc.oneof(...calls), async ([name, values]) => {
      await call(name, values);
    });
  });

  it("make an index that stays whole, whatever is added, asked or read", async () => {
    const index = () => new addon.NativeVectorIndex(2, "auto");
    const good = index();
    good.add(wave(16), undefined);
    const methods: Record<string, () => readonly unknown[]> = {
      add: () => [wave(4), Int32Array.of(50, 60)],
      addAsync: () => [wave(4), undefined],
      search: () => [wave(4), 3, 5],
      searchAsync: () => [wave(4), 3, undefined],
      vectors: () => [Int32Array.of(0, 7, 1)],
    };
    const step = fc.oneof(
      ...Object.entries(methods).map(([name, right]) =>
        nearly(right, [null]).map(values => [name, values] as const),
      ),
      damaged(good.toBytes()).map(bytes => ["fromBytes", [bytes]] as const),
    );
    await fuzz(fc.array(step, { minLength: 1, maxLength: 6 }), async steps => {
      const tried = index();
      for (const [name, values] of steps)
        await outcome(() => tried[name as keyof NativeVectorIndex](...(values as [never, never])));
      expect(tried.toBytes().length).toBeGreaterThan(4 * tried.size() * tried.dimension());
    });
  });
});
