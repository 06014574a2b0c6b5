import { Billing } from "../../lib/evaluation/billing.js";
import { EvaluationSplit } from "../../lib/evaluation/evaluation-split.js";
import type { Method } from "../../lib/evaluation/methods/method.js";
import { type Realised, realise } from "../../lib/evaluation/outcomes.js";
import { splitQueries } from "../../lib/evaluation/splits.js";
import { History } from "../../lib/history/history.js";
import { ModelPool } from "../../lib/pool/pool.js";
import { seededRandom } from "../../lib/random.js";

const WORDS = {
  algebra: ["matrix", "polynomial", "eigenvalue", "ring", "field", "determinant", "kernel", "basis"],
  cooking: ["onion", "butter", "simmer", "oven", "garlic", "dough", "whisk", "pepper"],
};

export const pool = ModelPool.from([
  { name: "dear", inputPer1M: 10, outputPer1M: 10 },
  { name: "mathematician", inputPer1M: 1, outputPer1M: 1 },
  { name: "cook", inputPer1M: 1, outputPer1M: 1 },
]);

/**
 * Two topics that show in the words. The two cheap models are right in their own topic only, the dear one always: who
 * tells the topics apart has full quality at a tenth of the cost.
 */
async function plantedHistory(rows: number): Promise<History> {
  const random = seededRandom(11);
  const records = Array.from({ length: rows }, (_, row) => {
    const topic = row % 2 === 0 ? "algebra" : "cooking";
    const query = Array.from({ length: 8 }, () => random.pick(WORDS[topic])).join(" ");
    const outcome = (right: boolean, cost: number) => ({ quality: right ? 1 : 0, outputTokens: 10, cost });
    return {
      id: `q${row}`,
      query: `${query} ${row}`,
      inputTokens: 10,
      outcomes: {
        dear: outcome(true, 2e-4),
        mathematician: outcome(topic === "algebra", 2e-5),
        cook: outcome(topic === "cooking", 2e-5),
      },
    };
  });
  return await History.read(records, pool);
}

export async function plantedSplit(rows = 240, history?: History): Promise<EvaluationSplit> {
  const all = history ?? (await plantedHistory(rows));
  const { history: learned, heldOut } = splitQueries(all.queries, 0.7, 1);
  return await EvaluationSplit.prepare(
    pool,
    all.select(learned),
    all.select(heldOut),
    new Billing(all, pool),
    1,
  );
}

export async function curveOf(split: EvaluationSplit, method: Method, share = 1): Promise<Realised[]> {
  const fitted = await method.fit(split);
  return (await fitted.curve(share)).map(choice => realise(split.outcomes.heldOut, choice));
}
