import { invalid } from "../errors.js";

/** Names, each once, with their indices. A copy: whatever becomes of the caller's array. */
export class Names {
  readonly list: readonly string[];
  readonly #indices: ReadonlyMap<string, number>;

  static readonly #known = new WeakMap<readonly string[], Names>();

  private constructor(list: readonly string[]) {
    this.list = list;
    this.#indices = new Map(list.map((name, index) => [name, index]));
  }

  /**
   * The names in an array. The same array with the same names in it gives the same object again, so that callers pay for
   * the check once, and may compare objects.
   *
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`: not an array of strings, a number of them out of bounds, or one twice.
   */
  static of(array: readonly string[], argument: string, least: number, most: number): Names {
    const known = Names.#known.get(array);
    if (known?.matches(array)) return known;
    const list = Array.isArray(array) ? Object.freeze(Array.from(array)) : undefined; // with its holes filled
    if (list === undefined || list.some(name => typeof name !== "string"))
      throw invalid(argument, "must be an array of names");
    if (list.length < least || list.length > most)
      throw invalid(argument, `must be ${least} to ${most} names, got ${list.length}`);
    const names = new Names(list);
    if (names.#indices.size !== list.length) throw invalid(argument, "must have no name twice");
    Names.#known.set(array, names);
    return names;
  }

  get size(): number {
    return this.list.length;
  }

  /** -1 for a name that is not there. */
  indexOf(name: string): number {
    return this.#indices.get(name) ?? -1;
  }

  matches(array: readonly string[]): boolean {
    const { list } = this;
    if (array.length !== list.length) return false;
    for (let n = 0; n < list.length; n++) if (array[n] !== list[n]) return false;
    return true;
  }
}
