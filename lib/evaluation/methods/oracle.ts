import { assign } from "../../assignment/assign.js";
import type { EvaluationSplit } from "../evaluation-split.js";
import { gatherRows } from "../gather.js";
import { isKnown } from "../outcomes.js";
import { capacityLimits } from "./floors-within.js";
import { type JointProblem, jointCurve } from "./joint-curve.js";
import type { FittedMethod, Method } from "./method.js";
import { qualityPrices } from "./price-rules.js";

/** Knows what will come of every answer: what no router can do better than. */
export const oracle: Method = {
  id: "oracle",
  label: "Oracle",
  about:
    "Knows every outcome beforehand and solves with the same solver: what no router can beat on these queries.",
  async fit(split): Promise<FittedMethod> {
    const { pool } = split;
    const problem = knownOutcomes(split);
    const { quality, cost } = problem.quantities;
    return {
      curve: async share => jointCurve(problem, qualityPrices(split), share),
      async route(rows, floor, share) {
        const pick = (values: Float32Array) => gatherRows(values, pool.size, rows);
        const limits = capacityLimits(pool.names, share, rows.length);
        const { choice } = assign(
          {
            models: pool.names,
            quantities: { quality: pick(quality), cost: pick(cost) },
            allowed: BigUint64Array.from(rows, row => problem.allowed[row]!),
            objective: { minimize: "cost" },
            limits: [...limits, { mean: "quality", atLeast: floor }],
          },
          { relax: true, gapTolerance: 1e-4 },
        );
        return { choice, refused: false };
      },
    };
  },
};

/** Only models whose outcome is known are allowed; for a query without any, every model is, and it is not counted anyway. */
function knownOutcomes({ outcomes: { heldOut }, pool }: EvaluationSplit): Required<JointProblem> {
  const { rows, width } = heldOut;
  const all = (1n << BigInt(width)) - 1n;
  const allowed = new BigUint64Array(rows).fill(all);
  const known = (values: Float32Array) => values.map((value, cell) => (isKnown(heldOut, cell) ? value : 0));
  for (let row = 0; row < rows; row++) {
    let mask = 0n;
    for (let j = 0; j < width; j++) if (isKnown(heldOut, row * width + j)) mask |= 1n << BigInt(j);
    if (mask !== 0n) allowed[row] = mask;
  }
  return {
    models: pool.names,
    quantities: { quality: known(heldOut.quality), cost: known(heldOut.cost) },
    allowed,
  };
}
