import { distance } from "fastest-levenshtein";
import { mostFirst } from "./most-first.js";
import { OUTCOME_KEYS, RECORD_KEYS } from "./record.js";

/** A key that records have and nothing reads. */
export interface UnknownKey {
  /** Where it stands: `score`, or `outcomes.*.score` in the outcomes of models. */
  readonly key: string;
  /** Records that have it. */
  readonly records: number;
  /** The known key that is missing there and that it may be meant for. */
  readonly meant?: string | undefined;
}

/** A key of one record that nothing reads. */
export interface OddKey {
  readonly key: string;
  readonly meant?: string;
}

/** What other programs call the same, without case, `_` and `-`. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  id: ["queryid", "sampleid", "requestid", "uid"],
  query: ["prompt", "question", "text", "input", "request", "instruction", "content", "querytext"],
  inputTokens: [
    "prompttokens",
    "promptlength",
    "inputtokencount",
    "inputtokenlength",
    "inputlength",
    "tokensin",
    "numinputtokens",
  ],
  task: ["taskname", "dataset", "category", "evalname"],
  outcomes: ["outcome", "results", "result", "outputs", "answers", "responses", "grades", "scores"],
  model: ["modelname", "modelid", "llm", "llmname", "engine", "deployment"],
  quality: [
    "score",
    "performance",
    "perf",
    "grade",
    "rating",
    "reward",
    "correct",
    "iscorrect",
    "correctness",
    "accuracy",
    "success",
    "passed",
    "label",
  ],
  outputTokens: [
    "completiontokens",
    "completionlength",
    "outputtokencount",
    "outputtokenlength",
    "outputlength",
    "responsetokens",
    "generatedtokens",
    "tokensout",
    "numoutputtokens",
  ],
  cost: ["price", "costusd", "usd", "totalcost", "spend"],
  latencyMs: ["latency", "duration", "durationms", "elapsed", "elapsedms", "responsetime"],
  firstTokenMs: ["ttft", "ttftms", "timetofirsttoken", "firsttoken"],
  propensity: ["probability", "prob", "propensityscore"],
};

/** A row of one outcome has the keys of a record and of an outcome side by side. */
const FLAT_KEYS: readonly string[] = [
  ...new Set([...RECORD_KEYS.filter(key => key !== "outcomes"), "model", ...OUTCOME_KEYS]),
];

/** The keys of a row of our own format that nothing reads; none of a row that is no object. */
export function oddKeysOf(row: object): OddKey[] {
  const { outcomes } = row as { outcomes?: unknown };
  if ("model" in row && (outcomes === undefined || outcomes === null)) return oddKeys(row, FLAT_KEYS, "");
  const odd = oddKeys(row, RECORD_KEYS, "", outcomes === undefined ? FLAT_KEYS : []);
  if (typeof outcomes !== "object" || outcomes === null) return odd;
  const inOutcomes = new Map<string, OddKey>();
  for (const outcome of Object.values(outcomes))
    if (typeof outcome === "object" && outcome !== null)
      for (const each of oddKeys(outcome, OUTCOME_KEYS, "outcomes.*."))
        if (!inOutcomes.has(each.key)) inOutcomes.set(each.key, each);
  return inOutcomes.size === 0 ? odd : [...odd, ...inOutcomes.values()];
}

/** @param besides known keys of a row of another shape, which this one is almost */
function oddKeys(
  value: object,
  known: readonly string[],
  prefix: string,
  besides: readonly string[] = [],
): OddKey[] {
  const odd: OddKey[] = [];
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const meant = meantBy(key, besides.length === 0 ? known : [...known, ...besides], value);
    odd.push(meant === undefined ? { key: prefix + key } : { key: prefix + key, meant });
  }
  return odd;
}

/** The known key that a key is another spelling or another name of, where the object has not got that itself. */
export function meantBy(key: string, known: readonly string[], beside: object): string | undefined {
  const plain = plainly(key);
  const missing = known.filter(candidate => !Object.hasOwn(beside, candidate));
  const sameName = missing.find(
    candidate => plainly(candidate) === plain || OTHER_NAMES[candidate]?.includes(plain),
  );
  if (sameName !== undefined || plain.length < 4) return sameName;
  return missing.find(candidate => distance(plainly(candidate), plain) <= (candidate.length < 6 ? 1 : 2));
}

function plainly(key: string): string {
  return key.toLowerCase().replace(/[_\-\s]/g, "");
}

/** So many keys are told apart: those of objects that are keyed by an id would fill the memory. */
const MOST_KEYS = 1000;

/** So many are reported. */
const REPORTED_KEYS = 50;

/** A text by mistake in the place of a key. */
const LONGEST_KEY = 200;

/** Counts the keys that nothing reads. */
export class UnknownKeys {
  readonly #records = new Map<string, number>();
  readonly #meant = new Map<string, string>();

  add(odd: readonly OddKey[]): void {
    for (const { key: whole, meant } of odd) {
      const key = whole.slice(0, LONGEST_KEY);
      const records = this.#records.get(key) ?? 0;
      if (records === 0 && this.#records.size >= MOST_KEYS) continue;
      this.#records.set(key, records + 1);
      if (meant !== undefined) this.#meant.set(key, meant);
    }
  }

  /** Those that may be meant for a known one first, then the most frequent. */
  report(): UnknownKey[] {
    const all = mostFirst(this.#records).map(([key, records]): UnknownKey => {
      const meant = this.#meant.get(key);
      return meant === undefined ? { key, records } : { key, records, meant };
    });
    const [near, other] = [true, false].map(isNear =>
      all.filter(({ meant }) => (meant !== undefined) === isNear),
    );
    return [...near!, ...other!].slice(0, REPORTED_KEYS);
  }
}

/** `performance (in 80 records; quality may be meant), perf_list (in 40)`: the first few. */
export function unknownKeysInWords(keys: readonly UnknownKey[], most = 8): string {
  const words = keys
    .slice(0, most)
    .map(({ key, records, meant }) =>
      meant === undefined ? `${key} (in ${records})` : `${key} (in ${records}; ${meant} may be meant)`,
    );
  if (keys.length > most) words.push(`and ${keys.length - most} more`);
  return words.join(", ");
}
