import { readFile, stat } from "node:fs/promises";
import { brand, isBranded } from "../brand.js";
import { invalid, OmniRouterError } from "../errors.js";
import { ioError } from "../files.js";
import { checkOptions } from "../options.js";
import { pathOf } from "../paths.js";
import { show } from "../show.js";
import { type Model, type PoolProblem, poolSchema, problems } from "./schema.js";
import { parseYaml, YamlProblems } from "./yaml.js";

/** A pool of at most 64 models is a page of text. More is another file by mistake, not worth parsing. */
const MAX_BYTES = 1 << 20;

/** A file that is no pool at all may have a problem on every line. */
const MOST_PROBLEMS = 20;

/**
 * The models that queries can be routed to: name, prices, optional capacity. Immutable. The order of the models is the
 * order of the columns of every matrix made for this pool.
 *
 * A pool is written as a list of models, or as an object with the key `models`, in YAML, JSON or JavaScript:
 *
 * ```yaml
 * models:
 *   - { name: small-1, inputPer1M: 0.15, outputPer1M: 0.6 }
 *   - { name: large-1, inputPer1M: 2.5, outputPer1M: 10, capacity: 500 }
 * ```
 */
export class ModelPool {
  /** In the order of the pool. */
  readonly models: readonly Model[];
  /** The models' names, in the same order. */
  readonly names: readonly string[];
  readonly #column: ReadonlyMap<string, number>;

  private constructor(models: readonly Model[]) {
    this.models = Object.freeze(models.map(({ metadata: _, ...model }) => Object.freeze(model)));
    this.names = Object.freeze(models.map(model => model.name));
    this.#column = new Map(this.names.map((name, column) => [name, column]));
  }

  /** Number of models. */
  get size(): number {
    return this.models.length;
  }

  /** The model's column, or -1 if the pool has no such model. */
  indexOf(name: string): number {
    return this.#column.get(name) ?? -1;
  }

  /**
   * Checks an object. All problems are listed in one error, each with its path.
   *
   * @throws OmniRouterError `ERR_OMNI_INVALID_POOL`
   */
  static from(pool: unknown): ModelPool {
    if (pool instanceof ModelPool) return pool;
    return ModelPool.#check(isBranded(pool, "ModelPool") ? (pool as ModelPool).toJSON() : pool, undefined);
  }

  /**
   * Reads YAML or JSON text; `file` names it in errors.
   *
   * @throws OmniRouterError `ERR_OMNI_INVALID_POOL`
   */
  static parse(text: string, options: { file?: string } = {}): ModelPool {
    if (typeof text !== "string") throw invalid("text", `must be text, got ${show(text)}`);
    checkOptions(options, ["file"]);
    if (options.file !== undefined && typeof options.file !== "string")
      throw invalid("options.file", `must be the name of a file, got ${show(options.file)}`);
    if (text.length > MAX_BYTES) throw tooLong(options.file);
    let value: unknown;
    try {
      value = parseYaml(text);
    } catch (cause) {
      if (!(cause instanceof YamlProblems)) throw cause;
      throw invalidPool(
        cause.sentences.map(message => ({ path: "", message })),
        options.file,
        cause,
      );
    }
    return ModelPool.#check(value, options.file);
  }

  /**
   * Reads a YAML or JSON file in UTF-8.
   *
   * @throws OmniRouterError `ERR_OMNI_IO` where it cannot be read, `ERR_OMNI_INVALID_POOL` where it is not a pool
   */
  static async load(path: string | URL): Promise<ModelPool> {
    const file = pathOf(path, "path");
    let bytes: Uint8Array;
    try {
      if ((await stat(file)).size > MAX_BYTES) throw tooLong(file);
      bytes = await readFile(file);
    } catch (cause) {
      throw ioError("read the pool", file, cause);
    }
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch (cause) {
      throw invalidPool([{ path: "", message: "is not UTF-8 text" }], file, cause);
    }
    return ModelPool.parse(text, { file });
  }

  /** The pool as an object that {@link ModelPool.from} takes back. */
  toJSON(): Pick<ModelPool, "models"> {
    return { models: this.models };
  }

  static {
    brand(ModelPool.prototype, "ModelPool");
  }

  static #check(value: unknown, file: string | undefined): ModelPool {
    const result = poolSchema.safeParse(canonical(value));
    if (!result.success) throw invalidPool(problems(result.error), file);
    return new ModelPool(result.data.models);
  }
}

/** The two shorthands: a bare list of models, and `model` for `name` as routing data sets write it. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return { models: value.map(renamed) };
  const models = (value as { models?: unknown } | null | undefined)?.models;
  return Array.isArray(models) ? { ...(value as object), models: models.map(renamed) } : value;
}

function renamed(entry: unknown): unknown {
  if (typeof entry !== "object" || entry === null) return entry;
  if (!Object.hasOwn(entry, "model") || Object.hasOwn(entry, "name")) return entry;
  const { model, ...rest } = entry as Record<string, unknown>;
  return { name: model, ...rest };
}

function tooLong(file: string | undefined): OmniRouterError {
  return invalidPool(
    [{ path: "", message: "is longer than 1 MiB: this cannot be a list of at most 64 models" }],
    file,
  );
}

function invalidPool(
  found: readonly PoolProblem[],
  file: string | undefined,
  cause?: unknown,
): OmniRouterError {
  const subject = file ?? "pool";
  const lines = found
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => `${path === "" ? subject : path} ${message}`);
  if (found.length > MOST_PROBLEMS) lines.push(`and ${found.length - MOST_PROBLEMS} more`);
  const message =
    lines.length === 1 && found[0]!.path === ""
      ? lines[0]!
      : `${subject} is not a pool of models:\n${lines.map(line => `  ${line}`).join("\n")}`;
  const path = found[0]!.path;
  return new OmniRouterError("ERR_OMNI_INVALID_POOL", message, {
    argument: path === "" ? "pool" : `pool.${path}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
