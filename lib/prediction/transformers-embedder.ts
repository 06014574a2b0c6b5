import { invalid, OmniRouterError } from "../errors.js";
import { checkObject } from "../keys.js";
import { checkOptions } from "../options.js";
import { show } from "../show.js";
import { checkTexts, type Embedder, writeNormalised } from "./embedder.js";

/** The parts of `@huggingface/transformers` that are used. */
export interface TransformersModule {
  /** Loads a model, and gives the function that embeds: of `texts`, an array `[texts x dimension]` with its `dims`. */
  pipeline(
    task: "feature-extraction",
    model: string,
    options?: Record<string, unknown>,
  ): Promise<
    (
      texts: string[],
      options: { pooling: "mean"; normalize: boolean },
    ) => Promise<{
      /** The vectors, one after the other. */
      data: ArrayLike<number>;
      /** How many vectors, and how long each is. */
      dims: readonly number[];
    }>
  >;
}

/** Which model is loaded, and how. */
export interface TransformersEmbedderOptions {
  /** A model on the Hugging Face hub, or a folder; e.g. `Xenova/bge-small-en-v1.5`. */
  model: string;
  /** Passed on to `pipeline()`: `dtype`, `device`, `revision`, `local_files_only`, ... */
  pipelineOptions?: Readonly<Record<string, unknown>>;
  /** Texts per call of the model. Default 32. */
  batchSize?: number;
  /** How to get the package; by default `import("@huggingface/transformers")`. For bundlers, and other versions. */
  importTransformers?: () => Promise<TransformersModule>;
  /** Ends the loading, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

type Extractor = Awaited<ReturnType<TransformersModule["pipeline"]>>;

const PACKAGE = "@huggingface/transformers";

/**
 * Embeddings by a sentence-embedding model in this process, through the optional package `@huggingface/transformers`
 * (mean pooling, unit length). Blank texts have the zero vector, as under the other embedders.
 */
export class TransformersEmbedder implements Embedder {
  readonly dimension: number;
  readonly fingerprint: string;
  readonly #extract: Extractor;
  readonly #batchSize: number;

  private constructor(extract: Extractor, dimension: number, fingerprint: string, batchSize: number) {
    this.#extract = extract;
    this.dimension = dimension;
    this.fingerprint = fingerprint;
    this.#batchSize = batchSize;
  }

  /**
   * Loads the package and the model, downloading the latter if the package has not cached it.
   *
   * @throws OmniRouterError ERR_OMNI_MISSING_DEPENDENCY if the package is not installed, or installed and does not load;
   * ERR_OMNI_EMBEDDER if the model does not.
   */
  static async load(options: TransformersEmbedderOptions): Promise<TransformersEmbedder> {
    checkOptions(options, ["model", "pipelineOptions", "batchSize", "importTransformers", "signal"]);
    const { model, pipelineOptions = {}, batchSize = 32, importTransformers, signal } = options;
    checkObject(pipelineOptions, "pipelineOptions");
    if (importTransformers !== undefined && typeof importTransformers !== "function")
      throw invalid("importTransformers", `must be a function, got ${show(importTransformers)}`);
    if (typeof model !== "string" || model === "") throw invalid("model", "must be a model's name or folder");
    if (!Number.isInteger(batchSize) || batchSize < 1)
      throw invalid("batchSize", "must be a whole number >= 1");
    signal?.throwIfAborted();
    const { pipeline } = await importPackage(importTransformers);
    let extract: Extractor;
    try {
      extract = await pipeline("feature-extraction", model, { ...pipelineOptions });
    } catch (cause) {
      throw new OmniRouterError(
        "ERR_OMNI_EMBEDDER",
        `${PACKAGE} could not load the model ${model}: ${(cause as Error).message}`,
        { cause },
      );
    }
    signal?.throwIfAborted();
    const [probe] = await run(extract, model, ["dimension"], undefined);
    const { dtype, revision } = pipelineOptions;
    const variant = [dtype, revision].filter(part => typeof part === "string").map(part => `@${part}`);
    const fingerprint = `transformers:${model}${variant.join("")}:${probe!.length}`;
    return new TransformersEmbedder(extract, probe!.length, fingerprint, batchSize);
  }

  /** @throws OmniRouterError ERR_OMNI_EMBEDDER if the model fails; the signal's reason when aborted between batches. */
  async embed(texts: readonly string[], options: { signal?: AbortSignal } = {}): Promise<Float32Array> {
    checkTexts(texts);
    checkOptions(options, ["signal"]);
    options.signal?.throwIfAborted();
    const result = new Float32Array(texts.length * this.dimension);
    const rows = [...texts.keys()].filter(row => texts[row]!.trim() !== "");
    for (let i = 0; i < rows.length; i += this.#batchSize) {
      const batch = rows.slice(i, i + this.#batchSize);
      const sent = batch.map(row => texts[row]!);
      const vectors = await run(this.#extract, this.fingerprint, sent, this.dimension);
      options.signal?.throwIfAborted();
      for (const [at, row] of batch.entries()) result.set(vectors[at]!, row * this.dimension);
    }
    return result;
  }
}

async function importPackage(
  importTransformers: (() => Promise<TransformersModule>) | undefined,
): Promise<TransformersModule> {
  // Not a literal in import(): the package is optional, and neither the compiler nor a bundler should look for it.
  const specifier: string = PACKAGE;
  let module: TransformersModule;
  try {
    module = await (
      importTransformers ??
      (() => import(/* webpackIgnore: true */ /* @vite-ignore */ specifier) as Promise<TransformersModule>)
    )();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const absent = code === "ERR_MODULE_NOT_FOUND" && message.includes(`'${PACKAGE}'`);
    throw new OmniRouterError(
      "ERR_OMNI_MISSING_DEPENDENCY",
      absent
        ? `TransformersEmbedder needs the optional package ${PACKAGE}: npm install ${PACKAGE}`
        : `${PACKAGE} is installed but does not load (${message}). Its native parts come by an install script: ` +
            `reinstall it with scripts allowed, for this platform.`,
      { cause },
    );
  }
  if (typeof module?.pipeline !== "function")
    throw new OmniRouterError(
      "ERR_OMNI_MISSING_DEPENDENCY",
      `${PACKAGE} has no pipeline(): version 3 or later is needed`,
    );
  return module;
}

/** One call of the model: checked vectors at unit length. */
async function run(
  extract: Extractor,
  model: string,
  texts: string[],
  dimension: number | undefined,
): Promise<Float32Array[]> {
  const failed = (what: string, cause?: unknown) =>
    new OmniRouterError("ERR_OMNI_EMBEDDER", `the model ${model} ${what}`, { cause });
  let tensor: Awaited<ReturnType<Extractor>>;
  try {
    tensor = await extract(texts, { pooling: "mean", normalize: true });
  } catch (cause) {
    throw failed(`failed: ${(cause as Error).message}`, cause);
  }
  if (!Array.isArray(tensor?.dims) || typeof tensor.data?.length !== "number")
    throw failed(`gave ${show(tensor)} where a tensor is needed`);
  const [count, width, ...more] = tensor.dims;
  if (more.length > 0 || count !== texts.length || !width || width !== (dimension ?? width))
    throw failed(
      `gave a tensor of [${tensor.dims.join(" x ")}] where [${texts.length} x ${dimension ?? "dimension"}] is needed`,
    );
  if (tensor.data.length !== count * width)
    throw failed(`gave ${tensor.data.length} numbers for [${count} x ${width}]`);
  return texts.map((_, row) => {
    const vector = new Float32Array(width);
    const values = Array.from({ length: width }, (_, c) => tensor.data[row * width + c]);
    if (!writeNormalised(values, vector, 0)) throw failed("gave something that is not a finite number");
    return vector;
  });
}
