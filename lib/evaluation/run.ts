import { invalid, OmniRouterError } from "../errors.js";
import type { History } from "../history/history.js";
import type { ModelPool } from "../pool/pool.js";
import { fitParts } from "../router/fit.js";
import { version } from "../version.js";
import { Billing } from "./billing.js";
import { EvaluationSplit } from "./evaluation-split.js";
import { gatherRows } from "./gather.js";
import { METHODS } from "./methods/all.js";
import type { Method } from "./methods/method.js";
import { oracle } from "./methods/oracle.js";
import { CONFIDENCE } from "./methods/ours.js";
import type { EvaluationResults, SetResults } from "./results.js";
import { type Conditions, type MethodRun, type Reference, referenceOf, runMethod } from "./split-run.js";
import { splitQueries } from "./splits.js";
import { summarise } from "./summary.js";

/** Graded queries of one set, read for its pool. */
export interface EvaluationSet {
  readonly name: string;
  /** Says to people where it comes from; and that it is simulated, where it is. */
  readonly description: string;
  readonly pool: ModelPool;
  readonly history: History;
}

export interface EvaluationOptions extends Conditions {
  readonly seeds: readonly number[];
  /** Share of the queries that serve as history. */
  readonly trainShare: number;
  readonly methods?: readonly Method[];
  readonly signal?: AbortSignal;
  /** Called before each step: a method fitted and measured on one split of one set. */
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

/** Shares of the best single model's quality that are asked for as floors. */
export const FLOORS = [0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.97];

/** Sizes of the batches that floors are asked of. */
export const BATCHES: readonly ("all" | number)[] = [100, 500, "all"];

/**
 * Compares methods on the same random splits of sets of graded queries.
 *
 * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT` for a set too small to part; the signal's reason when aborted
 */
export async function evaluate(
  sets: readonly EvaluationSet[],
  options: EvaluationOptions,
): Promise<EvaluationResults> {
  const { seeds, trainShare, capacities, floors, batches, methods = METHODS } = options;
  for (const { name, pool } of sets)
    for (const capacity of capacities)
      if (capacity * pool.size < 1 - 1e-9)
        throw invalid(
          "capacities",
          `must leave room for all queries: ${name} has ${pool.size} models, so each must be able to take at least ${(1 / pool.size).toPrecision(2)} of a batch`,
        );
  const steps = sets.length * seeds.length * (1 + methods.length);
  let done = 0;
  const results: SetResults[] = [];
  for (const set of sets) {
    const step = (seed: number, label: string) =>
      options.onProgress?.(done++, steps, `${set.name}, split ${seed}: ${label}`);
    results.push(await evaluateSet(set, { ...options, methods }, step));
  }
  return {
    format: "omnirouter-evaluation",
    version: 1,
    packageVersion: version,
    createdAt: new Date().toISOString(),
    seeds,
    trainShare,
    capacities,
    floors,
    batches,
    confidence: CONFIDENCE,
    sets: results,
  };
}

async function evaluateSet(
  set: EvaluationSet,
  options: EvaluationOptions & { readonly methods: readonly Method[] },
  step: (seed: number, label: string) => void,
): Promise<SetResults> {
  const started = performance.now();
  const { seeds, trainShare, signal } = options;
  const { history, pool } = set;
  const references: Reference[] = [];
  let sizes = { history: 0, heldOut: 0 };
  const billing = new Billing(history, pool);
  const { cost, counts } = billing.costs(history);
  refuseIncomparable(set, cost);
  const selection = await selectionOf(set, signal);
  const { propensity } = selection;
  // Of a query with one known outcome an oracle knows no other: it cannot be judged.
  const methods =
    propensity === undefined ? options.methods : options.methods.filter(({ id }) => id !== oracle.id);
  const runs: MethodRun[][] = methods.map(() => []);
  for (const seed of seeds) {
    const parts = splitQueries(history.queries, trainShare, seed);
    sizes = { history: parts.history.length, heldOut: parts.heldOut.length };
    if (Math.min(sizes.history, sizes.heldOut) === 0)
      throw invalid(
        "data",
        `must hold queries enough for both sides of a split: ${set.name} has ${history.size}, and ${Math.round(100 * trainShare)} % of them are history`,
      );
    const [learned, heldOut] = [history.select(parts.history), history.select(parts.heldOut)];
    step(seed, "preparing");
    const sides =
      propensity === undefined
        ? undefined
        : {
            history: gatherRows(propensity, pool.size, parts.history),
            heldOut: gatherRows(propensity, pool.size, parts.heldOut),
          };
    const split = await EvaluationSplit.prepare(pool, learned, heldOut, billing, seed, signal, sides);
    const reference = referenceOf(split);
    references.push(reference);
    for (const [m, method] of methods.entries()) {
      step(seed, method.label);
      signal?.throwIfAborted();
      runs[m]!.push(await runMethod(split, await method.fit(split), reference, options));
    }
    refuseAboveOracle(
      set.name,
      methods,
      runs.map(each => each.at(-1)!),
    );
  }
  return {
    name: set.name,
    description: set.description,
    queries: history.size,
    historyQueries: sizes.history,
    heldOutQueries: sizes.heldOut,
    models: pool.names,
    ungraded: history.report.ungraded,
    known: knownShare(set, cost),
    answered: answeredShare(set),
    selection: { known: selection.known, effective: references.map(({ effective }) => effective) },
    costs: counts,
    best: references.map(({ column, quality, cost }) => ({ model: pool.names[column]!, quality, cost })),
    methods: methods.map((method, m) => summarise(method, runs[m]!, pool.names, options)),
    seconds: (performance.now() - started) / 1000,
  };
}

/**
 * How the outcomes of a set came to be observed: the share of its queries of which that is known, and the probabilities where
 * any outcome is missing, estimated as a fit on the whole set does.
 */
async function selectionOf(
  { name, history, pool }: EvaluationSet,
  signal: AbortSignal | undefined,
): Promise<{ readonly known: number; readonly propensity?: Float32Array }> {
  if (!history.quality.some(Number.isNaN)) return { known: 1 };
  const { evidence } = await fitParts(history, pool, signal ? { signal } : {});
  const known = evidence.known.reduce((sum, each) => sum + each, 0) / Math.max(history.size, 1);
  if (known * history.size < FEWEST_JUDGED)
    throw invalid(
      "data",
      `cannot be judged: of ${history.size} queries of ${name}, ${Math.round(known * history.size)} say how their graded models were selected; declare the selection of the log, or record propensities`,
    );
  return { known, propensity: evidence.propensity };
}

/** Of fewer queries, half of them held out, no figure means anything. */
const FEWEST_JUDGED = 20;

/** Capacities are kept by plans near the best, not by the best itself. */
const ORACLE_TOLERANCE = 1e-3;

/** No method can do better than one that knows every outcome: figures that say so are wrong. */
function refuseAboveOracle(set: string, methods: readonly Method[], runs: readonly MethodRun[]): void {
  const known = runs[methods.findIndex(({ id }) => id === oracle.id)];
  if (known === undefined) return;
  for (const [m, run] of runs.entries())
    run.capacities.forEach(({ peak }, c) => {
      if (peak > known.capacities[c]!.peak + ORACLE_TOLERANCE)
        throw new OmniRouterError(
          "ERR_OMNI_INTERNAL",
          `the evaluation of ${set} has gone wrong: ${methods[m]!.label} realizes ${peak.toFixed(4)}, more than the oracle's ${known.capacities[c]!.peak.toFixed(4)}`,
        );
    });
}

function knownShare({ history: { quality } }: EvaluationSet, cost: Float32Array): number {
  let known = 0;
  quality.forEach((grade, cell) => {
    if (!Number.isNaN(grade) && !Number.isNaN(cost[cell]!)) known++;
  });
  return known / quality.length;
}

/** Share of the queries with a grade of more than one model. */
function answeredShare({ history: { quality, size }, pool }: EvaluationSet): number {
  let several = 0;
  for (let row = 0; row < size; row++) {
    const grades = quality.subarray(row * pool.size, (row + 1) * pool.size);
    if (grades.filter(grade => !Number.isNaN(grade)).length > 1) several++;
  }
  return several / size;
}

/** Methods are told apart by what they give to which model, for what: of one model, or without costs, there is nothing to tell. */
function refuseIncomparable({ name, history: { quality }, pool }: EvaluationSet, cost: Float32Array): void {
  const known = new Set<number>();
  quality.forEach((grade, cell) => {
    if (!Number.isNaN(grade) && !Number.isNaN(cost[cell]!)) known.add(cell % pool.size);
  });
  if (known.size > 1) return;
  const [only] = known;
  throw new OmniRouterError(
    "ERR_OMNI_INVALID_HISTORY",
    only === undefined
      ? `no graded outcome of ${name} has a cost, or tokens that tell one: methods cannot be compared by what they cost`
      : `${name} has graded outcomes with a known cost of ${pool.names[only]} alone: there is nothing to choose between`,
    { argument: "history" },
  );
}
