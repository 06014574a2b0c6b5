import fc from "fast-check";
import { OmniRouterError } from "../../lib/errors.js";

/** Set by the fuzzing stage of `npm run test:full`: for how long each property is tried, with inputs that are new each time. */
const seconds = process.env.OMNIROUTER_FUZZING;

/** Tries a property on a few inputs, always the same, or in the fuzzing stage on as many as there is time for. */
export async function fuzz<T>(
  input: fc.Arbitrary<T>,
  use: (input: T) => void | Promise<void>,
  { runs = 300 }: { runs?: number } = {},
): Promise<void> {
  let tried = 0;
  const property = fc.asyncProperty(input, async value => {
    tried++;
    await use(value);
  });
  const limits: fc.Parameters<[T]> =
    seconds === undefined
      ? { numRuns: runs, seed: 1 }
      : { numRuns: 2 ** 31 - 1, interruptAfterTimeLimit: 1000 * Number(seconds) };
  await fc.assert(property, limits);
  if (seconds !== undefined) console.log(`${tried} inputs`);
}

/** The result, or undefined for an error of one of these codes. Any other error is a defect. */
export async function unlessRefused<T>(
  codes: readonly string[],
  read: () => T,
): Promise<Awaited<T> | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof OmniRouterError && codes.includes(error.code)) return undefined;
    throw error;
  }
}

export const DAMAGED = ["ERR_OMNI_CORRUPT", "ERR_OMNI_VERSION"];

/** Values at which lengths, counts and offsets break. */
const words = [0, 1, 4, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff].map(value => {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(value);
  return new Uint8Array(word);
});

/** Bytes that were good: some are replaced or put in between, and the end may be cut off. */
export function damaged(good: Uint8Array): fc.Arbitrary<Buffer> {
  const edit = fc.record({
    at: fc.nat(good.length),
    bytes: fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.constantFrom(...words)),
    replaces: fc.boolean(),
  });
  const length = fc.option(fc.nat(good.length), { freq: 4, nil: undefined });
  return fc.tuple(fc.array(edit, { maxLength: 6 }), length).map(([edits, end]) => {
    let bytes = Buffer.from(good);
    for (const { at, bytes: piece, replaces } of edits) {
      const rest = bytes.subarray(Math.min(bytes.length, replaces ? at + piece.length : at));
      bytes = Buffer.concat([bytes.subarray(0, at), piece, rest]);
    }
    return bytes.subarray(0, end);
  });
}

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, part]) => pathsOf(part, [...path, key]))];
}

/** A JSON document that was good: some of its parts are other values, or are gone. */
export function damagedJson(good: unknown): fc.Arbitrary<unknown> {
  const odd = fc.constantFrom<unknown>(
    -1,
    0,
    0.5,
    1e308,
    2 ** 31,
    2 ** 53,
    "",
    "__proto__",
    [],
    {},
    null,
    true,
  );
  const edit = fc.record({
    path: fc.constantFrom(...pathsOf(good)),
    value: fc.option(fc.oneof(odd, fc.jsonValue({ maxDepth: 2 })), { nil: undefined }),
  });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map(edits => {
    const box = { good: structuredClone(good) };
    for (const { path, value } of edits) {
      let holder: unknown = box;
      const keys = ["good", ...path];
      for (const key of keys.slice(0, -1))
        holder = (holder as Record<string, unknown> | null | undefined)?.[key];
      if (typeof holder !== "object" || holder === null) continue;
      const last = keys.at(-1)!;
      if (value === undefined) delete (holder as Record<string, unknown>)[last];
      else
        Object.defineProperty(holder, last, {
          value: structuredClone(value),
          enumerable: true,
          writable: true,
          configurable: true,
        });
    }
    return box.good;
  });
}
