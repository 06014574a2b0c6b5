import { parseArgs } from "node:util";
import { LIMIT_SETS } from "./instances.js";

export interface BenchOptions {
  /** Only these; all if absent. */
  readonly rows?: readonly string[];
  readonly models?: readonly string[];
  readonly limits?: readonly string[];
  readonly set?: readonly string[];
  readonly peer?: readonly string[];
  /** Seconds after which a peer is stopped. */
  readonly cut: number;
  readonly quick: boolean;
  readonly markdown: boolean;
}

export const HELP = `npm run bench [-- OPTIONS]          our solver, by benny
npm run bench:peers [-- OPTIONS]    our solver beside others

  --rows N,...       only these numbers of queries
  --models M,...     only these numbers of models
  --limits SET,...   only these of ${LIMIT_SETS.join(", ")} (npm run bench also has choose)
  --set NAME,...     only "generated" problems, or those of a real set (bench:peers)
  --peer TEXT,...    only the solvers whose name contains one of these (bench:peers)
  --cut SECONDS      stop a solver after so long; 60 (bench:peers)
  --quick            half a second per case instead of five: to see that it works, not to quote (bench)
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
  const lists = (["rows", "models", "limits", "set", "peer"] as const).flatMap(name => {
    const list = values[name]?.split(",");
    return list === undefined ? [] : [[name, list]];
  });
  return { ...Object.fromEntries(lists), cut, quick, markdown };
}

/** Whether a filter lets a value pass: a number must be named, a name must contain one of the filter's words. */
export function selects(filter: readonly string[] | undefined, value: string | number): boolean {
  if (filter === undefined) return true;
  if (typeof value === "number") return filter.includes(String(value));
  return filter.some(word => value.toLowerCase().includes(word.toLowerCase()));
}
