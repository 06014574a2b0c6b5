import * as z from "zod";
import { OmniRouterError } from "../errors.js";
import { History } from "../history/history.js";
import { ModelPool } from "../pool/pool.js";
import type { Embedder } from "../prediction/embedder.js";
import { InputTokenEstimator } from "../prediction/input-tokens.js";
import { TextEmbedder } from "../prediction/text-embedder.js";
import { VectorIndex } from "../retrieval/vector-index.js";
import type { Manifest } from "./store/manifest.js";
import { type Generation, RouterStore } from "./store/store.js";
import type { Write } from "./store/write.js";

/** What a router is made of. All else follows from it. */
export interface RouterParts {
  readonly pool: ModelPool;
  readonly history: History;
  readonly embedder: Embedder;
  /** Over the embeddings of the history's queries; ids are row numbers. */
  readonly index: VectorIndex;
  readonly tokens: InputTokenEstimator;
  /** Neighbours per query. */
  readonly neighbours: number;
}

/** The settings beside the files, in the manifest's `meta`. */
const settings = z.object({
  predictor: z.literal("neighbours"),
  neighbours: z.int().min(1),
  inputTokens: z.object({ tokensPerText: z.number().min(0), tokensPerByte: z.number().min(0) }),
  /** What the history's reader left out, which its file does not say; absent from the first routers that were saved. */
  omissions: z
    .object({
      unknownModels: z.array(z.object({ model: z.string(), outcomes: z.int().min(0) })),
      skipped: z.object({
        count: z.int().min(0),
        // What the first routers that were saved do not say.
        kinds: z.array(z.object({ kind: z.string(), count: z.int().min(0) })).default([]),
        first: z.array(
          z.object({
            source: z.string(),
            line: z.int().min(1),
            reason: z.string(),
            kind: z.string().default(""),
          }),
        ),
      }),
    })
    .optional(),
});

const POOL = "pool.json";
const HISTORY = "history.bin";
const EMBEDDER = "embedder.bin";
const INDEX = "index.faiss";

export async function saveParts(
  directory: string | URL,
  { pool, history, embedder, index, tokens, neighbours }: RouterParts,
  signal: AbortSignal | undefined,
): Promise<Manifest> {
  signal?.throwIfAborted();
  // One file's bytes at a time in memory, and an abort between two of them.
  const file = (bytes: () => Uint8Array) => async (write: Write) => {
    signal?.throwIfAborted();
    await write(bytes());
  };
  const files = new Map([
    [POOL, file(() => Buffer.from(`${JSON.stringify(pool, null, 2)}\n`))],
    [HISTORY, file(() => history.toBytes())],
    [INDEX, file(() => index.toBytes())],
  ]);
  if (embedder instanceof TextEmbedder)
    files.set(
      EMBEDDER,
      file(() => embedder.toBytes()),
    );
  const { unknownModels, skipped } = history.report;
  const meta = {
    predictor: "neighbours",
    neighbours,
    inputTokens: tokens.toJSON(),
    omissions: {
      unknownModels: unknownModels.map(each => ({ ...each })),
      skipped: {
        count: skipped.count,
        kinds: skipped.kinds.map(each => ({ ...each })),
        first: skipped.first.map(each => ({ ...each })),
      },
    },
  } satisfies z.infer<typeof settings>;
  return await RouterStore.open(directory).write({ files, embedder: embedder.fingerprint, meta }, signal);
}

/**
 * The parts of a saved router; `embedder` is needed where the router was fitted with another than the built-in one,
 * which alone is saved with it.
 */
export async function loadParts(
  directory: string | URL,
  { embedder: given, signal }: { embedder?: Embedder | undefined; signal?: AbortSignal | undefined },
): Promise<RouterParts> {
  return await RouterStore.open(directory).read(async generation => {
    signal?.throwIfAborted();
    const embedder = await embedderOf(generation, given);
    const parts = await readParts(generation, signal);
    if (parts.index.dimension !== embedder.dimension)
      throw corrupt(`its index has ${parts.index.dimension} dimensions, its embedder ${embedder.dimension}`);
    return { ...parts, embedder };
  });
}

/** All that can be said of a saved router, whichever embedder it needs. */
export async function inspectParts(
  directory: string | URL,
  signal: AbortSignal,
): Promise<Omit<RouterParts, "embedder"> & { manifest: Manifest }> {
  return await RouterStore.open(directory).read(async generation => ({
    ...(await readParts(generation, signal)),
    manifest: generation.manifest,
  }));
}

async function readParts(
  { manifest, bytes }: Generation,
  signal: AbortSignal | undefined,
): Promise<Omit<RouterParts, "embedder">> {
  const meta = settings.safeParse(manifest.meta);
  if (!meta.success) throw corrupt("its settings are not those of a router", meta.error);
  const poolText = Buffer.from(await bytes(POOL)).toString("utf8");
  const history = History.fromBytes(await bytes(HISTORY), meta.data.omissions);
  signal?.throwIfAborted();
  const index = VectorIndex.fromBytes(await bytes(INDEX));
  signal?.throwIfAborted();
  let pool: ModelPool;
  try {
    pool = ModelPool.parse(poolText, { file: POOL });
  } catch (cause) {
    throw corrupt((cause as Error).message, cause);
  }
  if (history.models.join("\0") !== pool.names.join("\0"))
    throw corrupt("its history and its pool name different models");
  if (index.size !== history.size)
    throw corrupt(`its index holds ${index.size} vectors for a history of ${history.size} queries`);
  const { neighbours, inputTokens } = meta.data;
  return { pool, history, index, tokens: InputTokenEstimator.fromJSON(inputTokens), neighbours };
}

async function embedderOf({ manifest, bytes }: Generation, given: Embedder | undefined): Promise<Embedder> {
  const needed = manifest.embedder;
  if (needed === undefined) throw corrupt("it does not say which embedder made its vectors");
  if (given === undefined) {
    if (manifest.files.some(file => file.name === EMBEDDER))
      return TextEmbedder.fromBytes(await bytes(EMBEDDER));
    throw embedderError(
      `must be given: the router was fitted with the embedder ${needed}, which cannot be saved with it`,
    );
  }
  if (given.fingerprint !== needed)
    throw embedderError(
      `is ${given.fingerprint}, but the router was fitted with ${needed}: their vectors cannot be compared`,
    );
  return given;
}

function embedderError(sentence: string): OmniRouterError {
  return new OmniRouterError("ERR_OMNI_EMBEDDER", `options.embedder ${sentence}`, {
    argument: "options.embedder",
  });
}

function corrupt(sentence: string, cause?: unknown): OmniRouterError {
  return new OmniRouterError(
    "ERR_OMNI_CORRUPT",
    `the saved router is not consistent: ${sentence}`,
    cause === undefined ? {} : { cause },
  );
}
