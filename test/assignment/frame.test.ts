import { describe, expect, it } from "vitest";
import { compileProblem } from "../../lib/assignment/compile.js";
import { Frame, frameLength, LIMIT, limitAt, REQUEST } from "../../lib/assignment/frame.js";
import { binding } from "../../lib/binding.js";
import { type AssignmentProblem, assign, assignAsync, Prices } from "../../lib/index.js";
import { workload } from "./instances.js";

const { models, quantities } = workload(5, 3, 1);
const problem = (): AssignmentProblem => ({
  models: [...models],
  quantities: { ...quantities },
  objective: { minimize: "cost" },
  limits: [
    { mean: "quality", atLeast: 0.5 },
    { sum: "requests", atMost: 3, model: "m2" },
  ],
});

/** A frame as a solve fills it in, with room for the answer. */
function request() {
  return Frame.use(frame => {
    const compiled = compileProblem(problem(), frame);
    const numbers = frame.numbers;
    numbers[REQUEST.gapTolerance] = 1e-6;
    numbers[REQUEST.nodeLimit] = 100;
    numbers[REQUEST.seed] = 1;
    numbers[REQUEST.diagnose] = 0;
    numbers[REQUEST.timeLimit] = Number.POSITIVE_INFINITY;
    numbers[REQUEST.relax] = 0;
    numbers[REQUEST.ties] = -1;
    numbers[REQUEST.warm] = 0;
    return { compiled, numbers: numbers.slice(0, frameLength(numbers)) };
  });
}

type Call = Parameters<ReturnType<typeof binding>["assign"]>;

describe("the addon believes nothing of a frame", () => {
  const call = (change: (numbers: Float64Array) => void, ...others: unknown[]): Call => {
    const { compiled, numbers } = request();
    change(numbers);
    const [matrices = compiled.matrices, choice = new Uint8Array(5), allowed, groups] = others;
    return [numbers, matrices, allowed, groups, choice] as Call;
  };
  const set = (place: number, value: number) => (numbers: Float64Array) => {
    numbers[place] = value;
  };
  const at = limitAt(2, 0);
  const cases: [string, Call][] = [
    ["another layout", call(set(REQUEST.layout, 99))],
    ["more rows than there are", call(set(REQUEST.rows, 6))],
    ["a number of rows that is none", call(set(REQUEST.rows, Number.NaN))],
    ["half a row", call(set(REQUEST.rows, 4.5))],
    ["negative rows", call(set(REQUEST.rows, -1))],
    ["more rows than 32 bits count", call(set(REQUEST.rows, 2 ** 32))],
    ["no models", call(set(REQUEST.models, 0))],
    ["65 models", call(set(REQUEST.models, 65))],
    ["more matrices than there are", call(set(REQUEST.quantities, 3))],
    ["9 matrices", call(set(REQUEST.quantities, 9))],
    ["more limits than fit", call(set(REQUEST.limits, 512))],
    ["513 limits", call(set(REQUEST.limits, 513))],
    ["1025 groups", call(set(REQUEST.groups, 1025))],
    ["a tie-break that is not there", call(set(REQUEST.tieBreak, 2))],
    ["a limited quantity that is not there", call(set(at + LIMIT.quantity, 2))],
    ["a limited group that is not there", call(set(at + LIMIT.group, 1))],
    ["a limited model that is not there", call(set(at + LIMIT.model, 3))],
    ["a bound that is no number", call(set(at + LIMIT.bound, Number.NaN))],
    ["no matrices", call(() => {}, [])],
    ["matrices that are none", call(() => {}, 7)],
    ["matrices of another type", call(() => {}, [new Float64Array(15), new Float64Array(15)])],
    ["a choice of another type", call(() => {}, undefined, new Int8Array(5))],
    ["a short choice", call(() => {}, undefined, new Uint8Array(4))],
    ["a short mask", call(() => {}, undefined, undefined, new BigUint64Array(4))],
    ["short groups", call(() => {}, undefined, undefined, undefined, new Uint16Array(4))],
    ["no frame", [undefined, [], undefined, undefined, new Uint8Array(0)] as unknown as Call],
    ["an empty frame", [new Float64Array(0), [], undefined, undefined, new Uint8Array(0)]],
  ];
  it.each(cases)("with %s", async (_, args) => {
    const refusal = expect.objectContaining({ code: expect.stringMatching(/^ERR_OMNI_/) });
    expect(() => binding().assign(...args)).toThrow(refusal);
    const later = async () => await binding().assignAsync(...args).promise; // what it does not see at once, it sees then
    await expect(later()).rejects.toEqual(refusal);
  });

  it("and refuses one without room for the answer, but for choosing", () => {
    const { compiled, numbers } = request();
    const choice = new Uint8Array(5);
    const { matrices } = compiled;
    const short = numbers.slice(0, -1);
    expect(() => binding().assign(short, matrices, undefined, undefined, choice)).toThrow("too short");
    const bare = numbers.slice(0, limitAt(2, 2));
    expect(() => binding().chooseByPrices(bare, matrices, undefined, undefined, choice)).not.toThrow();
    const shorter = bare.slice(0, -1);
    expect(() => binding().chooseByPrices(shorter, matrices, undefined, undefined, choice)).toThrow(
      "too short",
    );
  });
});

describe("what was seen before is looked at again", () => {
  it("models, which may have been renamed", () => {
    const changed = problem();
    const names = changed.models as string[];
    expect(assign(changed).models).toEqual(["m0", "m1", "m2"]);
    const earlier = assign(changed);
    names[2] = "z";
    expect(() => assign(changed)).toThrow(expect.objectContaining({ argument: "limits[1].model" }));
    names[2] = "m1";
    expect(() => assign(changed)).toThrow("no name twice");
    names.pop();
    expect(() => assign(changed)).toThrow(expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT" }));
    expect(earlier.models).toEqual(["m0", "m1", "m2"]); // a plan speaks of the models it was made for
  });

  it("limits, which may have moved", () => {
    const changed = problem();
    const limit = changed.limits![1] as { atMost: number; modell?: string };
    const plan = assign(changed);
    limit.atMost = 0;
    expect(assign(changed).requests[2]).toBe(0);
    expect(plan.certificate.limits[1]!.limit).toEqual({ sum: "requests", atMost: 3, model: "m2" });
    limit.modell = "m0";
    expect(() => assign(changed)).toThrow(expect.objectContaining({ argument: "limits[1].modell" }));
  });

  it("models and matrices by stored prices", () => {
    const { prices } = assign(problem());
    const changed = problem();
    const before = [...prices.choose(changed)];
    expect([...prices.choose(changed)]).toEqual(before);
    // The same columns in another order, under the same array of names.
    const names = changed.models as string[];
    names.reverse();
    const turned = Object.fromEntries(
      Object.entries(changed.quantities).map(([name, values]) => [
        name,
        values.map((_, cell) => values[cell - (cell % 3) + 2 - (cell % 3)]!),
      ]),
    );
    expect([...prices.choose({ ...changed, quantities: turned })]).toEqual(before.map(j => 2 - j));
    const { cost, quality } = quantities;
    expect([...prices.choose({ models, quantities: { quality, cost } })]).toEqual(before);
    const priced = new Prices({ cost: 1 }, [{ quantity: "quality", sense: "atLeast", price: 1 }]);
    priced.choose(changed);
    expect(() => priced.choose({ models, quantities: { cost } })).toThrow(
      expect.objectContaining({ argument: "quantities.quality" }),
    );
    expect(() => prices.choose({ models, quantities: { cost, quality }, group: 1 } as never)).toThrow(
      expect.objectContaining({ argument: "problem.group" }),
    );
  });

  it("prices of groups, of whatever batch", () => {
    const grouped = new Prices({ cost: 1 }, [
      { quantity: "quality", sense: "atLeast", group: 3, price: 100 },
      { quantity: "quality", sense: "atLeast", group: "pro", price: 100 },
      { quantity: "quality", sense: "atLeast", group: 5000, price: 100 },
    ]);
    const two = {
      models: ["cheap", "good"],
      quantities: { cost: Float32Array.of(1, 2, 1, 2), quality: Float32Array.of(0, 1, 0, 1) },
    };
    expect([...grouped.choose(two)]).toEqual([0, 0]);
    expect([...grouped.choose({ ...two, groups: Uint16Array.of(3, 2) })]).toEqual([1, 0]);
    expect([...grouped.choose({ ...two, groups: Uint16Array.of(0, 4) })]).toEqual([0, 0]);
    const groupNames = ["free", "pro"];
    expect([...grouped.choose({ ...two, groups: Uint16Array.of(0, 1), groupNames })]).toEqual([0, 1]);
    expect(() => grouped.choose({ ...two, groups: Uint16Array.of(0, 2), groupNames })).toThrow("groupNames");
  });

  it("a problem whose getter solves another", () => {
    const outer = problem();
    const solo: AssignmentProblem = {
      models: ["only"],
      quantities: { cost: Float32Array.of(1) },
      objective: { minimize: "cost" },
    };
    const sly = {
      mean: "quality",
      get atLeast() {
        assign(solo);
        return 0.5;
      },
    };
    const plan = assign({ ...outer, limits: [sly, outer.limits![1]!] });
    expect(plan.certificate).toEqual(assign(outer).certificate);
  });
});

describe("out", () => {
  it("is where the choice is written", async () => {
    const expected = [...assign(problem()).choice];
    const out = new Uint8Array(5);
    expect(assign(problem(), { out }).choice).toBe(out);
    expect([...out]).toEqual(expected);
    out.fill(9);
    expect((await assignAsync(problem(), { out })).choice).toBe(out);
    expect([...out]).toEqual(expected);
    const shared = new Uint8Array(new SharedArrayBuffer(8), 2, 5);
    expect([...assign(problem(), { out: shared }).choice]).toEqual(expected);
    expect(assign(problem(), { out: undefined } as never).choice).not.toBe(out);
  });

  const transferred = new Uint8Array(5);
  structuredClone(transferred.buffer, { transfer: [transferred.buffer] });
  it.each<[string, unknown]>([
    ["too short", new Uint8Array(4)],
    ["too long", new Uint8Array(6)],
    ["of another type", new Uint8ClampedArray(5)],
    ["no array", 5],
    ["null", null],
    ["transferred", transferred],
  ])("is refused if it is %s", async (_, out) => {
    const refusal = expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument: "out" });
    expect(() => assign(problem(), { out: out as Uint8Array })).toThrow(refusal);
    await expect(assignAsync(problem(), { out: out as Uint8Array })).rejects.toEqual(refusal);
    expect(() => assign(problem()).prices.choose(problem(), out as Uint8Array)).toThrow(refusal);
  });

  it("that is transferred while the solve is under way is an error and no crash", async () => {
    const out = new Uint8Array(5);
    const pending = assignAsync(problem(), { out });
    structuredClone(out.buffer, { transfer: [out.buffer] });
    await expect(pending).rejects.toMatchObject({ code: "ERR_OMNI_INVALID_ARGUMENT", argument: "out" });
  });
});
