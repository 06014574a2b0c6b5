import type { RouteLimits } from "../../router/limits.js";
import type { RouteQuery } from "../../router/queries.js";
import type { Router } from "../../router/router.js";
import { capacityOf } from "../capacity.js";
import type { EvaluationSplit } from "../evaluation-split.js";
import { jointCurve } from "./joint-curve.js";
import type { FittedMethod, Method } from "./method.js";
import { qualityPrices } from "./price-rules.js";

/** Asked of the router for a floor with confidence. */
export const CONFIDENCE = 0.95;

/** The router as anybody uses it: fitted by its defaults, a batch routed under a bare floor. */
export const ours: Method = {
  id: "omnirouter",
  label: "OmniRouter",
  about:
    "This package by its defaults: every batch assigned jointly under the floor (limits.minQuality) and the capacities.",
  fit: split => fitOurs(split),
};

/** The same, asked for floors that hold with confidence. */
export const oursConfident: Method = {
  id: "omnirouter-confident",
  label: "OmniRouter, confident",
  about: `The same router asked to keep the floor with confidence ${CONFIDENCE} (limits.confidence): it takes a margin, or refuses the promise.`,
  fit: split => fitOurs(split, CONFIDENCE),
};

async function fitOurs(split: EvaluationSplit, confidence?: number): Promise<FittedMethod> {
  const router = await split.router();
  const queries = queriesOf(split);
  const { quality, cost } = await router.predict(queries, split.signal ? { signal: split.signal } : {});
  const names = split.pool.names;
  const problem = { models: names, quantities: { quality, cost }, ...allowedBy(router, queries.length) };
  return {
    predicted: { quality },
    curve: async share => jointCurve(problem, qualityPrices(split), share),
    async route(rows, floor, share) {
      const batch = Array.from(rows, row => queries[row]!);
      const most = capacityOf(share, rows.length);
      const capacity =
        most >= rows.length ? {} : { capacity: Object.fromEntries(names.map(name => [name, most])) };
      const limits: RouteLimits = { minQuality: floor, ...capacity };
      const plan = await router.route(
        batch,
        confidence === undefined ? limits : { ...limits, confidence },
        // A bare floor beyond reach gets the best there is, as the other methods give it; a promise is refused instead.
        {
          relax: confidence === undefined,
          gapTolerance: 1e-4,
          ...(split.signal ? { signal: split.signal } : {}),
        },
      );
      return { choice: plan.choice, refused: confidence !== undefined && !plan.feasible };
    },
  };
}

function queriesOf({ heldOut }: EvaluationSplit): RouteQuery[] {
  return heldOut.queries.map((query, row) => {
    const inputTokens = heldOut.inputTokens[row]!;
    return Number.isNaN(inputTokens) ? { query } : { query, inputTokens };
  });
}

/** The router gives no queries to models that its history knows nothing of. */
function allowedBy({ pool, report }: Router, rows: number): { allowed?: BigUint64Array } {
  if (report.ungraded.length === 0) return {};
  const mask = pool.names.reduce(
    (bits, name, column) => (report.ungraded.includes(name) ? bits : bits | (1n << BigInt(column))),
    0n,
  );
  return { allowed: new BigUint64Array(rows).fill(mask) };
}
