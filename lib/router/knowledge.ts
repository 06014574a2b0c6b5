import { randomUUID } from "node:crypto";
import { setImmediate as nextTurnOfEvents } from "node:timers/promises";
import { OmniRouterError } from "../errors.js";
import { GrowingHistory } from "../history/growing.js";
import {
  checkSelection,
  type HistoryReadOptions,
  type UnknownModel,
  unknownModelsOf,
} from "../history/history.js";
import { type Problem, placeInWords } from "../history/problem.js";
import { type BadRecord, type PlacedRecord, readPlacedRecords } from "../history/read.js";
import type { HistoryRecord } from "../history/record.js";
import { type Skipped, SkippedRecords } from "../history/skipped.js";
import type { HistorySource } from "../history/source.js";
import { type UnknownKey, UnknownKeys } from "../history/unknown-keys.js";
import type { ModelPool } from "../pool/pool.js";
import type { Embedder } from "../prediction/embedder.js";
import { TextEmbedder } from "../prediction/text-embedder.js";
import { VectorIndex } from "../retrieval/vector-index.js";
import { type Change, decodeChange, encodeChange } from "./changes.js";
import { type RefitOptions, refitParts } from "./fit.js";
import { contentOf, loadParts, ofSaved, type RouterParts, type Saved } from "./saved.js";
import { follow, type RouterState, stateOf } from "./state.js";
import { withLevels } from "./step.js";
import type { LogContent } from "./store/log.js";
import { checksum, type Manifest } from "./store/manifest.js";
import { RouterStore, type StoreWriter } from "./store/store.js";
import { embeddedBy, Vectors } from "./vectors.js";

/** How `Router.learn` reads its records. */
export type LearnOptions = Omit<HistoryReadOptions, "onProgress">;

/** What some records added to what a router knows. */
export interface LearnReport {
  /** Records read, bad ones aside. */
  readonly records: number;
  /** Queries that the history did not hold. */
  readonly queries: number;
  /** Outcomes of which nothing was known. */
  readonly outcomes: number;
  /** Outcomes that were known, and of which a part was completed or replaced. */
  readonly changed: number;
  /** Models that the pool does not have; their outcomes were left out. */
  readonly unknownModels: readonly UnknownModel[];
  /** Records that could not be used, where they are left out and not an error. */
  readonly skipped: Skipped;
  /** Records of which nothing counts: they have no part of an outcome of any model of the pool. */
  readonly withoutOutcomes: number;
  /** Keys of records that nothing reads; those that may be meant for a known one first, then the most frequent. */
  readonly unknownKeys: readonly UnknownKey[];
}

/** The folder that holds what a router knows. */
interface Home extends Saved {
  readonly store: RouterStore;
}

/**
 * What a router knows, how it grows, and where it is kept. Changes are made one at a time, on the disk before they count
 * in memory; whoever predicts holds on to the state that it began with.
 *
 * A router of a folder is at every change what the folder holds: what other processes have appended meanwhile is taken
 * in first, and a newer generation that one of them has saved is loaded.
 */
export class Knowledge {
  #state: RouterState;
  #home: Home | undefined;
  /** The last of the changes under way. */
  #turn: Promise<unknown> = Promise.resolve();
  #refitting = false;
  /** Changes since the refit that is under way took its copy. */
  #missed: Change[] | undefined;

  constructor(parts: RouterParts, growing?: GrowingHistory, home?: Home) {
    this.#state = stateOf(parts, growing);
    this.#home = home;
  }

  get state(): RouterState {
    return this.#state;
  }

  get directory(): string | undefined {
    return this.#home?.store.directory;
  }

  static async load(
    directory: string | URL,
    options: { embedder?: Embedder | undefined; signal?: AbortSignal | undefined },
  ): Promise<Knowledge> {
    const store = RouterStore.open(directory);
    const { parts, growing, saved } = await loadParts(store, options);
    return await ofSaved(() => new Knowledge(parts, growing, { store, ...saved }));
  }

  async learn(
    source: HistorySource,
    { signal, onBadRecord = "error", format, selection }: LearnOptions,
  ): Promise<LearnReport> {
    const omitted = new SkippedRecords();
    const leaveOut = ({ place }: Placed, { reason, kind }: Problem) => {
      if (onBadRecord === "skip") return omitted.add({ ...place, reason, kind });
      throw new OmniRouterError("ERR_OMNI_INVALID_HISTORY", `${placeInWords(place)}: ${reason}`, {
        argument: "source",
      });
    };
    // What has no id of its own is told by its text. A new query's id must differ from those of other calls.
    const nameless = `${randomUUID()}:`;
    const read: Placed[] = [];
    const options = {
      ...(signal ? { signal } : {}),
      ...(format === undefined ? {} : { format }),
      onBadRecord: onBadRecord === "skip" ? (bad: BadRecord) => omitted.add(bad) : onBadRecord,
    };
    const keys = new UnknownKeys();
    checkSelection(selection);
    for await (const placed of readPlacedRecords(source, options, nameless, keys)) {
      const { record } = placed;
      const declared = record.selection ?? selection;
      read.push(declared === undefined ? placed : { ...placed, record: { ...record, selection: declared } });
    }

    return await this.#inTurn(async () => {
      const vectors = new Vectors(this.#state.parts.embedder);
      // Before the folder is locked: a remote embedder takes its time. What others add meanwhile changes little.
      await vectors.add(
        this.#growing().resolve(read, nameless, () => {}),
        signal,
      );
      return await this.#changing(signal, async pen => {
        const resolved = this.#growing().resolve(read, nameless, leaveOut);
        const { embedder, pool } = this.#state.parts;
        const all = vectors.embedder === embedder ? vectors : new Vectors(embedder);
        await all.add(resolved, signal);
        let done = { outcomes: 0, changed: 0, added: 0 };
        if (resolved.length > 0) {
          const news = { records: resolved.map(({ record }) => record), vectors: all.of(resolved) };
          const change = await withLevels(this.#state, news, signal);
          await pen.append(change);
          done = await this.#follow([change]);
        }
        const { added: queries, outcomes, changed } = done;
        return {
          records: read.length,
          queries,
          outcomes,
          changed,
          unknownModels: unknownModels(read, pool),
          skipped: omitted.report(),
          withoutOutcomes: read.filter(({ record }) => !saysAnything(record, pool)).length,
          unknownKeys: keys.report(),
        };
      });
    });
  }

  async setPool(change: (pool: ModelPool) => ModelPool, signal: AbortSignal | undefined): Promise<void> {
    await this.#inTurn(() =>
      this.#changing(signal, async pen => {
        const pool = change(this.#state.parts.pool);
        // First, because it is refused where nothing is left to predict from; it leaves the present state as it is.
        const next = await follow(this.#state, [{ pool }]);
        await pen.append({ pool });
        this.#missed?.push({ pool });
        this.#state = next;
      }),
    );
  }

  async refresh(signal: AbortSignal | undefined): Promise<void> {
    await this.#inTurn(async () => {
      const home = this.#home;
      if (home === undefined) return;
      const news = await home.store.read(async ({ manifest, log }) =>
        checksum(manifest) === home.manifestSha256 ? await log(home.end) : undefined,
      );
      if (news === undefined) await this.#reload(home.store, signal);
      else await this.#takeIn(home, news);
    });
  }

  async save(directory: string | URL, signal: AbortSignal | undefined): Promise<void> {
    await this.#inTurn(async () => {
      signal?.throwIfAborted();
      const store = RouterStore.open(directory);
      await store.exclusively(async writer => {
        const manifest = await writer.manifest();
        if (store.directory === this.directory && manifest !== undefined)
          await this.#catchUp(writer, manifest, signal);
        await this.#write(store, writer, this.#state.parts, signal);
      }, signal);
    });
  }

  async refit(options: RefitOptions): Promise<void> {
    if (this.#refitting)
      throw new OmniRouterError("ERR_OMNI_BUSY", "a refit of this router is under way: wait for it to end");
    this.#refitting = true;
    try {
      const { parts, growing } = await this.#inTurn(async () => {
        const { parts } = this.#state;
        const growing = GrowingHistory.of(parts.history);
        this.#missed = [];
        // A fitted embedder's vectors are made anew; another's are kept, as the index holds them now.
        const index = TextEmbedder.isBuiltIn(parts.embedder)
          ? parts.index
          : VectorIndex.fromBytes(parts.index.toBytes());
        return { parts: { ...parts, history: growing.view(), index }, growing };
      });
      const refitted = await refitParts(parts, options);
      await nextTurnOfEvents(); // what was synchronous in the fit, and what is here, are two pauses and not one
      const fitted = stateOf(refitted, growing);
      await this.#inTurn(() =>
        this.#changing(options.signal, pen => this.#swap(fitted, pen, options.signal)),
      );
    } finally {
      this.#refitting = false;
      this.#missed = undefined;
    }
  }

  /** Puts a state that was fitted in the place of the present one, with all that was learned meanwhile. */
  async #swap(fitted: RouterState, pen: Pen, signal: AbortSignal | undefined): Promise<void> {
    if (this.#missed === undefined)
      throw new OmniRouterError(
        "ERR_OMNI_SUPERSEDED",
        `another process has saved the router in ${this.directory} since this refit began: what it saved is in use now`,
      );
    let next = fitted;
    // One by one: each moves the levels from where the one before has left them.
    for (const change of await embeddedBy(fitted, this.#missed, signal))
      next = await follow(next, ["pool" in change ? change : await withLevels(next, change, signal)]);
    await pen.replace(next.parts);
    this.#state = next;
  }

  /** One change after the other. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return await turn;
  }

  /** Runs `work` with what is known brought up to date, and with somewhere to write its change down. */
  async #changing<T>(signal: AbortSignal | undefined, work: (pen: Pen) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const store = this.#home?.store;
    if (store === undefined) return await work({ append: async () => {}, replace: async () => {} });
    return await store.exclusively(async writer => {
      const manifest = await writer.manifest();
      if (manifest === undefined)
        throw new OmniRouterError(
          "ERR_OMNI_IO",
          `there is no saved router in ${store.directory} any more: save() this one again, there or elsewhere`,
        );
      await this.#catchUp(writer, manifest, signal);
      let appended: number | undefined;
      const result = await work({
        append: async change => {
          appended = await writer.append(manifest, this.#home!.end, encodeChange(change));
        },
        replace: parts => this.#write(store, writer, parts, signal),
      });
      // Not before it counts in memory: where that failed, it is taken in from the log the next time.
      if (appended !== undefined) this.#home = { ...this.#home!, end: appended };
      return result;
    }, signal);
  }

  /** Takes in what other processes have written. Resolves to the manifest of the generation that is now in memory. */
  async #catchUp(
    writer: StoreWriter,
    manifest: Manifest,
    signal: AbortSignal | undefined,
  ): Promise<Manifest> {
    const home = this.#home!;
    if (checksum(manifest) !== home.manifestSha256) await this.#reload(home.store, signal);
    else await this.#takeIn(home, await writer.log(manifest, home.end));
    return manifest;
  }

  async #takeIn(home: Home, { entries, end }: LogContent): Promise<void> {
    if (entries.length > 0) await ofSaved(() => this.#follow(entries.map(decodeChange)));
    this.#home = { ...home, end };
  }

  async #reload(store: RouterStore, signal: AbortSignal | undefined): Promise<void> {
    const { embedder } = this.#state.parts;
    // The built-in one is saved with the generation, and may have been fitted anew.
    const given = TextEmbedder.isBuiltIn(embedder) ? {} : { embedder };
    const { parts, growing, saved } = await loadParts(store, { ...given, ...(signal ? { signal } : {}) });
    this.#state = await ofSaved(() => stateOf(parts, growing));
    this.#home = { store, ...saved };
    this.#missed = undefined;
  }

  async #write(
    store: RouterStore,
    writer: StoreWriter,
    parts: RouterParts,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const manifest = await writer.write(contentOf(parts, signal));
    this.#home = { store, manifestSha256: checksum(manifest), end: 0 };
  }

  async #follow(changes: readonly Change[]): ReturnType<typeof follow> {
    try {
      const next = await follow(this.#state, changes);
      this.#missed?.push(...changes);
      this.#state = next;
      return next;
    } catch (error) {
      // It may have grown in part: what is learned next begins from the state that is left.
      this.#state = { ...this.#state, growing: undefined };
      throw error;
    }
  }

  #growing(): GrowingHistory {
    const { parts, growing } = this.#state;
    if (growing !== undefined) return growing;
    const copy = GrowingHistory.of(parts.history);
    this.#state = { ...this.#state, growing: copy };
    return copy;
  }
}

/** Whether a part of an outcome of any model of the pool is known. */
function saysAnything({ outcomes }: HistoryRecord, pool: ModelPool): boolean {
  return Object.entries(outcomes).some(
    ([model, outcome]) => pool.indexOf(model) >= 0 && Object.keys(outcome).length > 0,
  );
}

type Placed = PlacedRecord<HistoryRecord>;

/** Writes changes down, for a router of a folder. */
interface Pen {
  append(change: Change): Promise<void>;
  replace(parts: RouterParts): Promise<void>;
}

function unknownModels(read: readonly Placed[], pool: ModelPool): UnknownModel[] {
  const counts = new Map<string, number>();
  for (const { record } of read)
    for (const model of Object.keys(record.outcomes))
      if (pool.indexOf(model) < 0) counts.set(model, (counts.get(model) ?? 0) + 1);
  return unknownModelsOf(counts, pool);
}
