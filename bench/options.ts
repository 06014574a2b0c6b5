import { parseArgs } from "node:util";
import { MAX_MODELS } from "../lib/index.js";
import { LIMIT_SETS } from "./instances.js";

export interface BenchOptions {
  /** These sizes instead of the usual ones. */
  readonly rows?: readonly number[];
  readonly models?: readonly number[];
  /** Only what these words are part of; all if absent. */
  readonly limits?: readonly string[];
  readonly set?: readonly string[];
  readonly peer?: readonly string[];
  /** Another checkout, built, that is measured too. */
  readonly against?: string;
  /** Seconds after which a peer is stopped. */
  readonly cut: number;
  readonly quick: boolean;
  readonly markdown: boolean;
}

export const HELP = `npm run bench [-- OPTIONS]          our solver, by benny
npm run bench:peers [-- OPTIONS]    our solver beside others
npm run bench:install [-- --markdown]    how long the package takes to install, and how large it is
npm run bench:prediction [-- OPTIONS]    learning, predicting and retrieval
npm run bench:promises [-- OPTIONS]    how often promises of realized quality are kept: hours; --rows N for so many worlds
npm run bench:worst [-- OPTIONS]    the slowest of many random problems beside others of its size
npm run bench:soak [-- OPTIONS]    whether an hour's work of a service leaves anything behind in memory

  --rows N,...       these numbers of queries instead of the usual ones
  --models M,...     these numbers of models instead of the usual ones
  --limits SET,...   only these of ${LIMIT_SETS.join(", ")} (npm run bench also has choose, hard and async)
  --set NAME,...     only "generated" problems, or those of a real set (bench:peers, bench:prediction)
  --peer TEXT,...    only the solvers whose name contains one of these (bench:peers)
  --against FOLDER   measure another checkout too, with the dist/ and the addon that were built there (bench:worst)
  --cut SECONDS      stop a solver after so long; 60 (bench:peers)
  --quick            half a second per case instead of five, half an hour instead of one: to see that it works, not to quote
  --markdown         write the tables into bench/README.md too

OMNIROUTER_DATA names the folder with the real sets; OMNIROUTER_THREADS and OMNIROUTER_ISA bind as everywhere.`;

/** @throws TypeError for an unknown option, in words for people. */
export function parseOptions(args: readonly string[]): BenchOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: "string" },
      models: { type: "string" },
      limits: { type: "string" },
      set: { type: "string" },
      peer: { type: "string" },
      against: { type: "string" },
      cut: { type: "string", default: "60" },
      quick: { type: "boolean", default: false },
      markdown: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return "help";
  const cut = Number(values.cut);
  if (!(cut > 0)) throw new TypeError(`--cut must be a number of seconds, got ${values.cut}`);
  const { quick, markdown } = values;
  const given = <T>(name: "rows" | "models" | "limits" | "set" | "peer", parse: (text: string) => T) =>
    values[name] === undefined ? {} : { [name]: values[name].split(",").map(parse) };
  const whole = (name: string, most: number) => (text: string) => {
    const value = Number(text);
    if (!(Number.isInteger(value) && value >= 1 && value <= most))
      throw new TypeError(`--${name} must be whole numbers from 1 to ${most}, got ${text}`);
    return value;
  };
  const words = (text: string) => text;
  return {
    ...given("rows", whole("rows", 1e8)),
    ...given("models", whole("models", MAX_MODELS)),
    ...given("limits", words),
    ...given("set", words),
    ...given("peer", words),
    ...(values.against === undefined ? {} : { against: values.against }),
    cut,
    quick,
    markdown,
  };
}

/** Whether a name contains one of the filter's words; without a filter every name passes. */
export function selects(filter: readonly string[] | undefined, name: string): boolean {
  return filter === undefined || filter.some(word => name.toLowerCase().includes(word.toLowerCase()));
}

/** What keeps the figures of a run from being quoted; nothing of a whole one. */
export function reservations({ quick, rows, models, limits, set, peer }: BenchOptions): string {
  const filtered = [rows, models, limits, set, peer].some(filter => filter !== undefined);
  return `${quick ? " Taken with --quick: not to be quoted." : ""}${filtered ? " A selection of the cases." : ""}`;
}
