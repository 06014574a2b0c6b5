// Typed arrays may come from another realm (`vm` contexts: Jest, Vitest's vm pools), where `instanceof` does not know them.
import { types } from "node:util";
import { invalid } from "./errors.js";
import { show } from "./show.js";

interface Types {
  Uint8Array: Uint8Array;
  Uint16Array: Uint16Array;
  Int32Array: Int32Array;
  Float32Array: Float32Array;
  BigUint64Array: BigUint64Array;
}

const predicates: { readonly [Name in keyof Types]: (value: unknown) => boolean } = {
  Uint8Array: types.isUint8Array,
  Uint16Array: types.isUint16Array,
  Int32Array: types.isInt32Array,
  Float32Array: types.isFloat32Array,
  BigUint64Array: types.isBigUint64Array,
};

/**
 * Refuses anything but a typed array of this type whose memory is there: once its buffer has been transferred it has no
 * elements, and most of its methods throw.
 *
 * @param sentence what is asked for, as in `invalid`; what was given follows it
 */
export function checkArray<Name extends keyof Types>(
  value: unknown,
  type: Name,
  argument: string,
  sentence = `must be ${type === "Int32Array" ? "an" : "a"} ${type}`,
): asserts value is Types[Name] {
  if (!predicates[type](value)) throw invalid(argument, `${sentence}, got ${show(value)}`);
  if (isDetached(value as Types[Name]))
    throw invalid(argument, "has a detached buffer: it was transferred elsewhere");
}

/** Whether the array's buffer was transferred to another thread or array. */
function isDetached(array: Types[keyof Types]): boolean {
  if (array.length > 0) return false; // without a look at `buffer`, which V8 may have to make first
  try {
    new Uint8Array(array.buffer); // Node 20 has no ArrayBuffer.prototype.detached
    return false;
  } catch {
    return true;
  }
}

type FromAddon = Uint8Array | Int32Array | Float32Array | Float64Array;

/** A view of the same memory in this realm's own type: the addon makes its arrays in Node's own realm. */
export function inThisRealm<A extends FromAddon>(
  array: A,
  type: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => A,
): A {
  return array instanceof type ? array : new type(array.buffer, array.byteOffset, array.length);
}
