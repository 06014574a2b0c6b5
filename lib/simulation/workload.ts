import { invalid } from "../errors.js";
import type { HistoryRecord, Outcome } from "../history/record.js";
import { checkOptions } from "../options.js";
import { ModelPool } from "../pool/pool.js";
import { type Random, seededRandom } from "../random.js";
import { show } from "../show.js";
import { FILLERS, TOPICS, type Topic } from "./vocabulary.js";

/** How much is simulated, and from which seed. */
export interface SimulationOptions {
  /** Graded queries of the past; 3 000 unless told. */
  readonly records?: number;
  /** Queries to route; 1 000 unless told. */
  readonly queries?: number;
  /** A whole number; the same seed gives the same workload on every machine. */
  readonly seed?: number;
}

/** A pool, its history, and queries to come. */
export interface SimulatedWorkload {
  /** Says to people that nothing of this is measured. */
  readonly description: string;
  /** Eight models with the price ratios of real ones. */
  readonly pool: ModelPool;
  /** Graded queries of the past, as `Router.fit` takes them. */
  readonly history: readonly HistoryRecord[];
  /** Queries not in the history, with the outcomes that each model would have, to compare a plan with. */
  readonly queries: readonly HistoryRecord[];
}

/** A simulated model: its prices have the ratios of real list prices, the rest is invented. */
interface SimulatedModel {
  readonly name: string;
  readonly inputPer1M: number;
  readonly outputPer1M: number;
  /** Where, on the scale of difficulty, half its answers are right. */
  readonly ability: number;
  /** Mean length of its answers relative to the others'. */
  readonly verbosity: number;
}

const model = (
  name: string,
  inputPer1M: number,
  outputPer1M: number,
  ability: number,
  verbosity: number,
): SimulatedModel => ({ name, inputPer1M, outputPer1M, ability, verbosity });

const MODELS: readonly SimulatedModel[] = [
  model("sim-tiny-1", 0.04, 0.08, -0.6, 1.1),
  model("sim-small-1", 0.1, 0.3, 0.0, 1.2),
  model("sim-small-2", 0.15, 0.6, 0.4, 0.9),
  model("sim-medium-1", 0.5, 1.5, 0.7, 1.0),
  model("sim-medium-2", 0.9, 0.9, 0.9, 1.3),
  model("sim-large-1", 2.5, 10, 1.6, 1.0),
  model("sim-large-2", 3, 15, 1.7, 0.7),
  model("sim-huge-1", 15, 75, 1.8, 0.8),
];

/** How sharply being right falls off with difficulty, and how far a model's ability differs from topic to topic. */
const DISCRIMINATION = 2;
const SPECIALISATION = 0.35;

/**
 * An invented workload, to try the router without data. A query has a topic and a difficulty, standard normal; both
 * show in its words, the difficulty only roughly. Whether an answer is right follows the two-parameter logistic model of
 * item response theory: P(right) = 1 / (1 + exp(-D (ability - difficulty))), with an ability per model and topic.
 * Lengths of answers are lognormal and grow with difficulty.
 *
 * @throws OmniRouterError `ERR_OMNI_INVALID_ARGUMENT`
 */
export function simulateWorkload(options: SimulationOptions = {}): SimulatedWorkload {
  checkOptions(options, ["records", "queries", "seed"]);
  const { records = 3000, queries = 1000, seed = 1 } = options;
  for (const [name, value] of Object.entries({ records, queries, seed }))
    if (!Number.isSafeInteger(value) || value < 0)
      throw invalid(name, `must be a whole number >= 0, got ${show(value)}`);
  const random = seededRandom(seed);
  const abilities = new Map(
    TOPICS.map(topic => [topic, MODELS.map(({ ability }) => ability + SPECIALISATION * random.normal())]),
  );
  const draw = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, index) => {
      const topic = random.pick(TOPICS);
      return simulateRecord(`${prefix}-${index + 1}`, topic, abilities.get(topic)!, random);
    });
  return {
    description: `Simulated workload (seed ${seed}): invented models, prices, queries and grades. Nothing here was measured.`,
    pool: ModelPool.from(
      MODELS.map(({ name, inputPer1M, outputPer1M }) => ({
        name,
        inputPer1M,
        outputPer1M,
        priceSource: "simulated",
      })),
    ),
    history: draw("sim-history", records),
    queries: draw("sim-query", queries),
  };
}

function simulateRecord(
  id: string,
  topic: Topic,
  abilities: readonly number[],
  random: Random,
): HistoryRecord {
  const difficulty = random.normal();
  const query = simulateText(topic, difficulty, random);
  // A rule of thumb: English has about four tokens to three words.
  const inputTokens = Math.round((4 / 3) * query.split(" ").length);
  const outcomes = MODELS.map(({ name, verbosity, inputPer1M, outputPer1M }, index): [string, Outcome] => {
    const right = logistic(DISCRIMINATION * (abilities[index]! - difficulty));
    const outputTokens = Math.ceil(verbosity * Math.exp(5 + 0.4 * difficulty + 0.5 * random.normal()));
    const cost = (inputTokens * inputPer1M + outputTokens * outputPer1M) / 1e6;
    return [name, { quality: random.uniform() < right ? 1 : 0, outputTokens, cost }];
  });
  return { id, task: topic.name, query, inputTokens, outcomes: Object.fromEntries(outcomes) };
}

function simulateText(topic: Topic, difficulty: number, random: Random): string {
  const hardShare = logistic(2 * difficulty - 0.5);
  const length = 8 + Math.floor(16 * random.uniform());
  const words = Array.from({ length }, () => {
    if (random.uniform() < 0.4) return random.pick(FILLERS);
    return random.pick(random.uniform() < hardShare ? topic.hard : topic.easy);
  });
  return `${random.pick(topic.openings)} ${words.join(" ")}`;
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
