import * as z from "zod";
import { OmniRouterError } from "../errors.js";
import type { Evidence } from "../floors/evidence.js";
import { decodeEvidence, encodeEvidence } from "../floors/evidence-file.js";
import type { GrowingHistory } from "../history/growing.js";
import { History } from "../history/history.js";
import { ModelPool } from "../pool/pool.js";
import type { Embedder } from "../prediction/embedder.js";
import { InputTokenEstimator } from "../prediction/input-tokens.js";
import { TextEmbedder } from "../prediction/text-embedder.js";
import { TrainedHalf } from "../prediction/trained-half.js";
import { VectorIndex } from "../retrieval/vector-index.js";
import { decodeChange } from "./changes.js";
import { followParts } from "./follow.js";
import { checksum, type Manifest } from "./store/manifest.js";
import { type Generation, RouterStore } from "./store/store.js";
import type { GenerationContent, Write } from "./store/write.js";

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
  readonly trained: TrainedHalf;
  /** Of the rows that the trained half was fitted on. */
  readonly evidence: Evidence;
  /** What the fit was told, for the next one. */
  readonly told: { readonly neighbours?: number | undefined; readonly seed: number };
}

/** Up to where a saved router is known: its generation, and the end of what was appended to that. */
export interface Saved {
  readonly manifestSha256: string;
  readonly end: number;
}

/** The settings beside the files, in the manifest's `meta`. */
const settings = z.object({
  neighbours: z.int().min(1),
  /** Absent from the first routers that were saved. */
  told: z.object({ neighbours: z.int().min(1).optional(), seed: z.int().min(0) }).default({ seed: 0 }),
  inputTokens: z.object({ tokensPerText: z.number().min(0), tokensPerByte: z.number().min(0) }),
  /** What the history's reader left out, which its file does not say; absent from the first routers that were saved. */
  omissions: z
    .object({
      unknownModels: z.array(
        z.object({ model: z.string(), outcomes: z.int().min(0), looksLike: z.string().optional() }),
      ),
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
      withoutOutcomes: z.int().min(0).default(0),
      unknownKeys: z
        .array(z.object({ key: z.string(), records: z.int().min(0), meant: z.string().optional() }))
        .default([]),
      priceDoubts: z
        .array(
          z.object({
            model: z.string(),
            ratio: z.number().min(0).nullable(),
            outcomes: z.int().min(0),
          }),
        )
        .default([]),
    })
    .optional(),
});

const POOL = "pool.json";
const HISTORY = "history.bin";
const EMBEDDER = "embedder.bin";
const INDEX = "index.faiss";
const PREDICTOR = "predictor.bin";
const OUT_OF_FOLD = "out-of-fold.bin";
const EVIDENCE = "evidence.bin";

/** What a save of these parts writes. */
export function contentOf(
  { pool, history, embedder, index, tokens, neighbours, trained, evidence, told }: RouterParts,
  signal: AbortSignal | undefined,
): GenerationContent {
  // One file's bytes at a time in memory, and an abort between two of them.
  const file = (bytes: () => Uint8Array | Promise<Uint8Array>) => async (write: Write) => {
    signal?.throwIfAborted();
    await write(await bytes());
  };
  const files = new Map([
    [POOL, file(() => Buffer.from(`${JSON.stringify(pool, null, 2)}\n`))],
    [HISTORY, file(() => history.toBytes())],
    [INDEX, file(() => index.toBytesAsync(signal ? { signal } : {}))],
    [PREDICTOR, file(() => trained.toBytes())],
    [OUT_OF_FOLD, file(() => trained.outOfFoldToBytes())],
    [EVIDENCE, file(() => encodeEvidence(evidence))],
  ]);
  if (TextEmbedder.isBuiltIn(embedder))
    files.set(
      EMBEDDER,
      file(() => embedder.toBytes()),
    );
  const { unknownModels, skipped, withoutOutcomes, unknownKeys, priceDoubts } = history.report;
  const meta = {
    neighbours,
    told: told.neighbours === undefined ? { seed: told.seed } : { ...told, neighbours: told.neighbours },
    inputTokens: tokens.toJSON(),
    omissions: {
      unknownModels: unknownModels.map(({ looksLike, ...each }) =>
        looksLike === undefined ? each : { ...each, looksLike },
      ),
      skipped: {
        count: skipped.count,
        kinds: skipped.kinds.map(each => ({ ...each })),
        first: skipped.first.map(each => ({ ...each })),
      },
      withoutOutcomes,
      unknownKeys: unknownKeys.map(({ meant, ...each }) => (meant === undefined ? each : { ...each, meant })),
      priceDoubts: priceDoubts.map(each => ({ ...each })),
    },
  } satisfies z.infer<typeof settings>;
  return { files, embedder: embedder.fingerprint, meta };
}

/**
 * The parts of a saved router, with what was appended to it; `embedder` is needed where the router was fitted with
 * another than the built-in one, which alone is saved with it.
 */
export async function loadParts(
  store: RouterStore,
  { embedder: given, signal }: { embedder?: Embedder | undefined; signal?: AbortSignal | undefined },
): Promise<{ parts: RouterParts; growing: GrowingHistory | undefined; saved: Saved }> {
  return await store.read(async generation => {
    signal?.throwIfAborted();
    const embedder = await embedderOf(generation, given);
    const { growing, saved, ...parts } = await readParts(generation, signal);
    if (parts.index.dimension !== embedder.dimension)
      throw corrupt(`its index has ${parts.index.dimension} dimensions, its embedder ${embedder.dimension}`);
    return { parts: { ...parts, embedder }, growing, saved };
  });
}

/** All that can be said of a saved router, whichever embedder it needs. */
export async function inspectParts(
  directory: string | URL,
  signal: AbortSignal,
): Promise<PartsRead & { manifest: Manifest }> {
  return await RouterStore.open(directory).read(async generation => ({
    ...(await readParts(generation, signal)),
    manifest: generation.manifest,
  }));
}

interface PartsRead extends Omit<RouterParts, "embedder"> {
  /** What the history is a view of, where anything was appended. */
  readonly growing: GrowingHistory | undefined;
  readonly saved: Saved;
}

/**
 * Makes something of what a saved router holds. What is refused there as an argument, a pool or a history no save of ours
 * has written: the folder is damaged, or somebody else's.
 *
 * @throws OmniRouterError `ERR_OMNI_CORRUPT`
 */
export async function ofSaved<T>(make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof OmniRouterError) || !error.code.startsWith("ERR_OMNI_INVALID_")) throw error;
    throw corrupt(error.message, error);
  }
}

async function readParts(
  { manifest, bytes, log }: Generation,
  signal: AbortSignal | undefined,
): Promise<PartsRead> {
  const meta = settings.safeParse(manifest.meta);
  if (!meta.success) throw corrupt("its settings are not those of a router", meta.error);
  const poolText = Buffer.from(await bytes(POOL)).toString("utf8");
  const history = History.fromBytes(await bytes(HISTORY), meta.data.omissions);
  signal?.throwIfAborted();
  const index = VectorIndex.fromBytes(await bytes(INDEX));
  signal?.throwIfAborted();
  const pool = await ofSaved(() => ModelPool.parse(poolText, { file: POOL }));
  if (history.models.join("\0") !== pool.names.join("\0"))
    throw corrupt("its history and its pool name different models");
  if (index.size !== history.size)
    throw corrupt(`its index holds ${index.size} vectors for a history of ${history.size} queries`);
  const { neighbours, inputTokens, told } = meta.data;
  const files = { predictor: await bytes(PREDICTOR), outOfFold: await bytes(OUT_OF_FOLD) };
  const trained = TrainedHalf.fromBytes(files, pool, index.dimension);
  // Of the rows it was fitted on: what was learned since follows them.
  const { rows } = trained.outOfFold;
  if (rows > history.size)
    throw corrupt(`it has out-of-fold predictions of ${rows} queries for a history of ${history.size}`);
  const evidence = decodeEvidence(await bytes(EVIDENCE), pool.names);
  if (evidence.rows !== rows || evidence.clusters.dimension !== index.dimension)
    throw corrupt("its evidence is not of the queries that it has out-of-fold predictions of");
  const tokens = InputTokenEstimator.fromJSON(inputTokens);
  const parts = { pool, history, index, tokens, neighbours, trained, evidence, told };
  const { entries, end } = await log();
  signal?.throwIfAborted();
  const saved = { manifestSha256: checksum(manifest), end };
  if (entries.length === 0) return { ...parts, growing: undefined, saved };
  const { parts: followed, growing } = await ofSaved(() =>
    followParts(parts, undefined, entries.map(decodeChange)),
  );
  return { ...followed, growing, saved };
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
  return TextEmbedder.own(given);
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
