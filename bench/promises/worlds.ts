import type { HistoryRecord } from "../../lib/index.js";
import { type Random, seededRandom } from "../../lib/random.js";

/** How a simulated log chose the models whose answers it holds. */
export const LOGS = ["complete", "random", "text", "text, no overlap", "hidden"] as const;
export type Log = (typeof LOGS)[number];

/** A simulated query: what can be seen of it, and what each model would make of it. */
export interface WorldQuery {
  readonly query: string;
  readonly task: number;
  /** Standard normal; the text shows it only roughly. */
  readonly difficulty: number;
  /** Share of the words that hard queries have more of: what the text shows of its difficulty. */
  readonly hardShare: number;
  /** `[models]`: 0 or 1. */
  readonly quality: readonly number[];
  readonly outputTokens: readonly number[];
}

export const MODELS = ["tiny", "small", "medium", "large", "huge"];
const PRICES = [
  [0.05, 0.2],
  [0.15, 0.6],
  [0.5, 2],
  [1.5, 6],
  [3, 15],
] as const;
const ABILITIES = [-0.7, -0.1, 0.4, 1, 1.5];
const TASKS = 6;
/** Each model has at least this share of every kind of query in a log chosen by the text, and in one chosen by difficulty. */
const OVERLAP = { text: 0.05, hidden: 0.02 };

/**
 * One of many simulated worlds: tasks with vocabularies of their own, models whose abilities differ from task to task, and
 * queries whose difficulty shows in their words only in part.
 */
export class World {
  readonly pool = {
    models: MODELS.map((name, j) => ({ name, inputPer1M: PRICES[j]![0], outputPer1M: PRICES[j]![1] })),
  };
  readonly #ease: readonly (readonly number[])[];
  readonly #words: readonly { readonly easy: readonly string[]; readonly hard: readonly string[] }[];
  readonly #common: readonly string[];

  constructor(seed: number) {
    const random = seededRandom(seed * 7919 + 13);
    const abilities = ABILITIES.map(ability => ability + 0.25 * random.normal());
    this.#ease = Array.from({ length: TASKS }, () => {
      const level = 0.6 * random.normal();
      return abilities.map(ability => ability + 0.5 * random.normal() - level + 0.3);
    });
    this.#words = Array.from({ length: TASKS }, () => ({
      easy: vocabulary(random, 14),
      hard: vocabulary(random, 10),
    }));
    this.#common = vocabulary(random, 20);
  }

  /** A query of the task, or of any. */
  draw(random: Random, task = Math.floor(random.uniform() * TASKS)): WorldQuery {
    const difficulty = random.normal();
    const shown = logistic(1.5 * difficulty - 0.5);
    const length = 8 + Math.floor(10 * random.uniform());
    let hard = 0;
    const words = Array.from({ length }, () => {
      if (random.uniform() < 0.35) return random.pick(this.#common);
      const isHard = random.uniform() < shown;
      if (isHard) hard++;
      return random.pick(this.#words[task]![isHard ? "hard" : "easy"]);
    });
    return {
      query: words.join(" "),
      task,
      difficulty,
      hardShare: hard / length,
      quality: this.#ease[task]!.map(ease =>
        random.uniform() < logistic(1.6 * (ease - difficulty)) ? 1 : 0,
      ),
      outputTokens: MODELS.map(() => Math.ceil(Math.exp(4 + 0.3 * difficulty + 0.4 * random.normal()))),
    };
  }

  /** A log of so many queries. @param without a task that it has no queries of */
  history(random: Random, rows: number, log: Log, without?: number): HistoryRecord[] {
    return Array.from({ length: rows }, (_, i) => {
      let query = this.draw(random);
      while (query.task === without) query = this.draw(random);
      const outcomes: Record<string, { quality: number; outputTokens: number }> = {};
      const observe = (j: number) => {
        outcomes[MODELS[j]!] = { quality: query.quality[j]!, outputTokens: query.outputTokens[j]! };
      };
      if (log === "complete") for (let j = 0; j < MODELS.length; j++) observe(j);
      else observe(draw(random, shares(log, query)));
      return {
        id: `h${i}`,
        query: query.query,
        outcomes,
        ...(log === "complete" || log === "hidden"
          ? {}
          : { selection: log === "random" ? ("random" as const) : ("text" as const) }),
      };
    });
  }
}

/** The probabilities with which a log gives a query to each model: harder ones to stronger models. */
function shares(log: Exclude<Log, "complete">, { difficulty, hardShare }: WorldQuery): number[] {
  if (log === "random") return MODELS.map(() => 1 / MODELS.length);
  const seen = log === "hidden" ? difficulty : 7 * (hardShare - 0.22);
  const preferred = Math.min(MODELS.length - 1, Math.max(0, Math.floor(2.5 + 1.3 * seen)));
  const others = log === "text" ? OVERLAP.text : log === "hidden" ? OVERLAP.hidden : 0;
  return MODELS.map((_, j) => (j === preferred ? 1 - others * (MODELS.length - 1) : others));
}

function draw(random: Random, probabilities: readonly number[]): number {
  let left = random.uniform();
  for (const [j, probability] of probabilities.entries()) {
    left -= probability;
    if (left < 0) return j;
  }
  return probabilities.length - 1;
}

const SYLLABLES = [
  "ba",
  "ke",
  "di",
  "lo",
  "mu",
  "ra",
  "si",
  "to",
  "ve",
  "na",
  "po",
  "zi",
  "cha",
  "gri",
  "ste",
];

function vocabulary(random: Random, words: number): string[] {
  return Array.from({ length: words }, () =>
    Array.from({ length: 2 + Math.floor(2 * random.uniform()) }, () => random.pick(SYLLABLES)).join(""),
  );
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
