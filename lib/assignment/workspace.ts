import { invalid, OmniRouterError } from "../errors.js";
import { checkKeys } from "../keys.js";
import { show } from "../show.js";
import { type AssignOptions, OPTION_KEYS, solveFrame, solveFrameAsync } from "./assign.js";
import {
  type Batch,
  type CompiledProblem,
  checkModels,
  checkQuantityNames,
  compileDemand,
  MAX_ROWS,
} from "./compile.js";
import { Frame } from "./frame.js";
import type { Names } from "./names.js";
import { Plan } from "./plan.js";
import { type ChooseOptions, Prices } from "./prices.js";
import type { AssignmentProblem } from "./problem.js";

/** What a workspace's batches look like. */
export interface WorkspaceOptions<Quantity extends string> {
  /** Column names, 1 to 64 of them. */
  readonly models: readonly string[];
  /** Names of the matrices, e.g. `["quality", "cost"]`. */
  readonly quantities: readonly Quantity[];
  /** The most queries that a batch will have. */
  readonly rows: number;
  /** Whether queries have masks of the models that may answer them. Default false. */
  readonly allowed?: boolean;
  /** Whether queries have groups. Default false. */
  readonly groups?: boolean;
}

/** What is wanted of a workspace's first `rows` queries: the rest of an {@link AssignmentProblem}. */
export interface WorkspaceProblem extends Pick<AssignmentProblem, "objective" | "limits" | "groupNames"> {
  /** How many of the workspace's queries are the batch. */
  readonly rows: number;
}

/** All but `out`, which the workspace has: {@link Workspace.choice}. */
export type WorkspaceAssignOptions = Omit<AssignOptions, "out">;

/**
 * Memory for batches that come all day. Matrices, masks, groups and the choice are made once; each batch is written into
 * them and solved where it lies, synchronously or not, without a copy.
 *
 * ```ts
 * const workspace = new Workspace({ models, quantities: ["quality", "cost"], rows: 256 });
 * for await (const batch of batches) {
 *   predictInto(batch, workspace.quantities.quality, workspace.quantities.cost);
 *   const plan = workspace.assign({ rows: batch.length, objective: { minimize: "cost" }, limits });
 *   dispatch(batch, plan.choice);
 * }
 * ```
 *
 * It has one batch at a time. `plan.choice`, and what a plan reads off query by query (`at`, `column`, `byModel`), are of
 * the batch that is in the workspace *now*: copy what is to outlive the next one (`plan.choice.slice()`). The plan's
 * certificate, prices, totals and requests are its own and stay.
 *
 * All of it lies on one `SharedArrayBuffer`, so that worker threads may fill it in too (where there is none, on an
 * `ArrayBuffer`, which asynchronous solves copy).
 */
export class Workspace<const Quantity extends string = string> {
  /** The most queries of a batch. */
  readonly rows: number;
  /** Matrices of `rows` x models, row-major, at first 0: a batch is their first rows. */
  readonly quantities: Readonly<Record<Quantity, Float32Array>>;
  /** Per query, bit j set: model j may answer it. At first all are. */
  readonly allowed: BigUint64Array | undefined;
  /** Per query, its group. At first 0. */
  readonly groups: Uint16Array | undefined;
  /** Per query, the index of its model, as of the last solve. */
  readonly choice: Uint8Array;
  readonly #models: Names;
  readonly #quantityNames: readonly string[];
  readonly #matrices: readonly Float32Array[];
  /** {@link choice}'s first elements, as many as the last batch had queries. */
  #chosen: Uint8Array;
  #busy = false;

  /**
   * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`, naming the argument; `ERR_OMNI_OUT_OF_MEMORY`
   */
  constructor(options: WorkspaceOptions<Quantity>) {
    checkKeys(options, ["models", "quantities", "rows", "allowed", "groups"], "options");
    const { rows, allowed = false, groups = false } = options;
    this.#models = checkModels(options.models);
    if (!Array.isArray(options.quantities) || options.quantities.some(name => typeof name !== "string"))
      throw invalid("quantities", "must be an array of names");
    this.#quantityNames = checkQuantityNames([...options.quantities]);
    if (new Set(this.#quantityNames).size !== this.#quantityNames.length)
      throw invalid("quantities", "must have no name twice");
    checkRows(rows, MAX_ROWS);
    for (const [name, value] of Object.entries({ allowed, groups }))
      if (typeof value !== "boolean") throw invalid(name, `must be true or false, got ${show(value)}`);

    const arrays = layOut(rows, this.#models.size, this.#quantityNames.length, { allowed, groups });
    this.rows = rows;
    this.allowed = arrays.allowed?.fill(2n ** 64n - 1n);
    this.groups = arrays.groups;
    this.#matrices = arrays.matrices;
    this.quantities = Object.freeze(
      Object.fromEntries(this.#quantityNames.map((name, k) => [name, this.#matrices[k]])),
    ) as Record<Quantity, Float32Array>;
    this.choice = arrays.choice;
    this.#chosen = this.choice;
  }

  /** Names of the models: the matrices' columns. */
  get models(): readonly string[] {
    return this.#models.list;
  }

  /**
   * `assign` of the first `problem.rows` queries.
   *
   * @throws as `assign` does; OmniRouterError `ERR_OMNI_BUSY` while an {@link assignAsync} is under way.
   */
  assign(problem: WorkspaceProblem, options: WorkspaceAssignOptions = {}): Plan {
    this.#refuseIfBusy();
    return new Plan(
      Frame.use(frame => {
        const compiled = this.#compile(problem, frame);
        return solveFrame(frame, compiled, options, OWN_OPTION_KEYS, this.#view(compiled.rows));
      }),
    );
  }

  /**
   * `assignAsync` of the first `problem.rows` queries, read where they lie: nothing of the workspace may be written until
   * the promise settles.
   *
   * @throws as `assignAsync` does; OmniRouterError `ERR_OMNI_BUSY` while another is under way.
   */
  async assignAsync(
    problem: WorkspaceProblem,
    options: WorkspaceAssignOptions & { readonly signal?: AbortSignal } = {},
  ): Promise<Plan> {
    this.#refuseIfBusy();
    this.#busy = true;
    try {
      return new Plan(
        await solveFrameAsync(
          frame => this.#compile(problem, frame),
          options,
          OWN_ASYNC_OPTION_KEYS,
          rows => this.#view(rows),
        ),
      );
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Routes the first `rows` queries by the prices of an earlier plan (`Prices.choose`).
   *
   * @returns per query, the index of its model: a view of {@link choice}
   * @throws as `Prices.choose` does; OmniRouterError `ERR_OMNI_BUSY` while an {@link assignAsync} is under way.
   */
  choose(prices: Prices, rows: number, groupNames?: readonly string[], options?: ChooseOptions): Uint8Array {
    this.#refuseIfBusy();
    const own = Prices.own(prices, "prices");
    checkRows(rows, this.rows);
    return own.chooseBatch(this.#batch(rows), groupNames, this.#view(rows), options);
  }

  #compile(problem: WorkspaceProblem, frame: Frame): CompiledProblem {
    checkKeys(problem, PROBLEM_KEYS, "problem");
    const { rows } = problem;
    checkRows(rows, this.rows);
    return compileDemand(this.#batch(rows), problem, frame);
  }

  #batch(rows: number): Batch {
    return {
      rows,
      models: this.#models,
      quantityNames: this.#quantityNames,
      matrices: this.#matrices,
      allowed: this.allowed,
      groups: this.groups,
    };
  }

  #view(rows: number): Uint8Array {
    if (this.#chosen.length !== rows) this.#chosen = this.choice.subarray(0, rows);
    return this.#chosen;
  }

  #refuseIfBusy(): void {
    if (this.#busy)
      throw new OmniRouterError(
        "ERR_OMNI_BUSY",
        "this workspace is being solved: await its assignAsync() first, or use a workspace for each solve under way",
      );
  }
}

const PROBLEM_KEYS = ["rows", "objective", "limits", "groupNames"] satisfies (keyof WorkspaceProblem)[];
const OWN_OPTION_KEYS = OPTION_KEYS.filter(key => key !== "out");
const OWN_ASYNC_OPTION_KEYS = [...OWN_OPTION_KEYS, "signal"];

function checkRows(rows: unknown, most: number): asserts rows is number {
  if (!(Number.isInteger(rows) && (rows as number) >= 0 && (rows as number) <= most))
    throw invalid("rows", `must be a whole number from 0 to ${most}, got ${show(rows)}`);
}

/** All arrays on one piece of memory, by falling size of element, so that each starts where its elements may. */
function layOut(
  rows: number,
  models: number,
  quantities: number,
  wanted: { readonly allowed: boolean; readonly groups: boolean },
) {
  const cells = rows * models;
  const matricesAt = wanted.allowed ? 8 * rows : 0;
  const groupsAt = matricesAt + 4 * cells * quantities;
  const choiceAt = groupsAt + (wanted.groups ? 2 * rows : 0);
  const bytes = choiceAt + rows;
  try {
    // Electron's renderers, for one, may be without SharedArrayBuffer.
    const memory = new (globalThis.SharedArrayBuffer ?? ArrayBuffer)(bytes);
    return {
      allowed: wanted.allowed ? new BigUint64Array(memory, 0, rows) : undefined,
      matrices: Array.from(
        { length: quantities },
        (_, k) => new Float32Array(memory, matricesAt + 4 * cells * k, cells),
      ),
      groups: wanted.groups ? new Uint16Array(memory, groupsAt, rows) : undefined,
      choice: new Uint8Array(memory, choiceAt, rows),
    };
  } catch (error) {
    // V8 has not so much memory, or no arrays so long.
    throw new OmniRouterError(
      "ERR_OMNI_OUT_OF_MEMORY",
      `a workspace of ${bytes} bytes cannot be had: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
