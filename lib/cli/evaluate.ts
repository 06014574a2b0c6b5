import { basename } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { OmniRouterError } from "../errors.js";
import { METHODS } from "../evaluation/methods/all.js";
import type { Method } from "../evaluation/methods/method.js";
import { htmlReport } from "../evaluation/report/html.js";
import { loadPlotting, type Plotting } from "../evaluation/report/plotting.js";
import { BATCHES, type EvaluationSet, evaluate, FLOORS } from "../evaluation/run.js";
import type { HistoryFormat } from "../history/formats/format.js";
import { HISTORY_FORMATS } from "../history/formats/shaper.js";
import { History } from "../history/history.js";
import type { Selection } from "../history/record.js";
import { ModelPool } from "../pool/pool.js";
import { printableJson } from "../printable.js";
import { UsageError } from "./errors.js";
import { setInWords } from "./evaluation-tables.js";
import { omissionsInWords } from "./omissions.js";
import { selectionOption, wholeNumber } from "./options.js";
import { checkOutput, say, toStream, withOutput } from "./output.js";
import type { AddCommand } from "./program.js";
import { withProgress } from "./progress.js";
import type { Session } from "./session.js";
import { hasColor } from "./tables.js";
import { dataSetsIn, filesOf, simulated } from "./workload.js";

interface Options {
  readonly data?: readonly string[];
  readonly history?: readonly string[];
  readonly format?: HistoryFormat;
  readonly selection?: Selection;
  readonly pool?: string;
  readonly skipBad?: boolean;
  readonly seeds: number;
  readonly trainShare: number;
  readonly capacity?: readonly number[];
  readonly methods?: readonly Method[];
  /** A file, or false for no report. */
  readonly html: string | false;
  readonly results?: string;
}

const examples = `
Methods: ${METHODS.map(({ id }) => id).join(", ")}.

Every set is parted at random as many times as there are seeds, by query. All methods learn from the same part, their
hyper-parameters are chosen there, and they are measured on the other by the graded outcomes: no model is called. The
report is one HTML file, with everything in it.

Examples:
  omnirouter evaluate                                     (a simulated workload)
  omnirouter evaluate --data data/zeroeval --data data/mmlu-pro --seeds 10
  omnirouter evaluate --history logs.jsonl.gz --pool pool.yaml --html logs.html --results logs.json
  omnirouter evaluate --data data/zeroeval --methods omnirouter,carrot-knn,oracle --capacity 1,0.3 --no-html`;

const DEFAULT_HTML = "evaluation.html";

export const addEvaluate: AddCommand = (program, session) => {
  program
    .command("evaluate")
    .description("compare this router with others on your own graded answers, by held-out queries")
    .option(
      "--data <folder...>",
      "data sets, or folders of them (as omnirouter quickstart reads them); else OMNIROUTER_DATA; else a simulated workload",
    )
    .option("--history <file...>", "graded answers in one or more files, instead of --data; with --pool")
    .addOption(
      new Option(
        "--format <name>",
        "format of the history, where it is not to be told by its content",
      ).choices(HISTORY_FORMATS),
    )
    .addOption(selectionOption())
    .option("--pool <file>", "models with their prices, YAML or JSON; with --history")
    .option("--skip-bad", "leave bad records out instead of failing at the first")
    .option("--seeds <count>", "random splits of every set", wholeNumber(1), 5)
    .option("--train-share <share>", "of the queries that are learned from", openShare, 0.7)
    .option(
      "--capacity <shares>",
      "of a batch that each model may take at most, separated by commas; 1 is no limit (default: 1,0.4; more than 0.4 where a pool is too small for it)",
      capacityShares,
    )
    .option("--methods <names>", "only these, separated by commas (default: all)", methodsNamed)
    .option("--html <file>", "where to write the report", DEFAULT_HTML)
    .option("--no-html", "write no report")
    .option("--results <file>", 'write all figures as JSON; "-" prints them instead of the tables')
    .addHelpText("after", examples)
    .action((options: Options, command: { getOptionValueSource(name: string): string | undefined }) =>
      runEvaluate(options, command.getOptionValueSource("html") !== "default", session),
    );
};

async function runEvaluate(options: Options, isHtmlAsked: boolean, session: Session): Promise<void> {
  const { html, results: resultsFile, seeds, trainShare, capacity, methods } = options;
  const { signal } = session;
  const plotting = html === false ? undefined : await plottingFor(isHtmlAsked, session);
  if (html !== false && plotting !== undefined) await checkOutput(html);
  await checkOutput(resultsFile);
  const sets = await readSets(options, session);
  for (const { history } of sets) for (const line of omissionsInWords(history.report)) say(session, line);
  const results = await withProgress("evaluating", session, report =>
    evaluate(sets, {
      seeds: Array.from({ length: seeds }, (_, seed) => seed + 1),
      trainShare,
      capacities: capacity ?? defaultCapacities(sets),
      floors: FLOORS,
      batches: BATCHES,
      ...(methods === undefined ? {} : { methods }),
      signal,
      onProgress: report,
    }),
  );
  if (resultsFile !== "-") {
    const color = hasColor(session.stdout, session);
    for (const set of results.sets) await toStream(session, `${setInWords(set, results, color)}\n`);
  }
  if (resultsFile !== undefined)
    await withOutput(resultsFile, session, write => write(`${printableJson(results)}\n`));
  if (html !== false && plotting !== undefined) {
    await withOutput(html, session, write => write(htmlReport(results, plotting)));
    if (html !== "-") say(session, `The report is in ${html}.`);
  }
}

/** Of a batch; a pool of few models gets more, so that its capacities come to {@link ROOM} batches. */
const TIGHT = 0.4;
const ROOM = 1.2;

/** No limit of capacity, and a tight one. */
function defaultCapacities(sets: readonly EvaluationSet[]): readonly number[] {
  const tight = Math.max(TIGHT, ...sets.map(({ pool }) => ROOM / pool.size));
  return tight < 1 ? [1, tight] : [1];
}

/** Before a long run it is told, not after it, that the report cannot be drawn; where none was asked for, it is only noted. */
async function plottingFor(isAsked: boolean, session: Session): Promise<Plotting | undefined> {
  try {
    return await loadPlotting();
  } catch (error) {
    if (isAsked || !(error instanceof OmniRouterError)) throw error;
    say(session, `No report will be written: ${error.message}`);
    return undefined;
  }
}

async function readSets(options: Options, session: Session): Promise<EvaluationSet[]> {
  const { data, history: files, pool: poolFile, format, selection, skipBad } = options;
  const { signal, env } = session;
  const reading = {
    signal,
    ...(format === undefined ? {} : { format }),
    ...(selection === undefined ? {} : { selection }),
    ...(skipBad ? { onBadRecord: "skip" as const } : {}),
  };
  if ((files === undefined) !== (poolFile === undefined))
    throw new UsageError(
      files === undefined
        ? "--pool goes with --history: the graded answers of its models"
        : "--history goes with --pool: the models and their prices",
    );
  if (files !== undefined && poolFile !== undefined) {
    if (data !== undefined)
      throw new UsageError("--data and --history are two ways to say the same: give one");
    const pool = await ModelPool.load(poolFile);
    return [
      {
        name: files.map(file => basename(file)).join(", "),
        description: `Graded answers from ${files.join(", ")}, for the models of ${poolFile}`,
        pool,
        history: await History.read(files, pool, reading),
      },
    ];
  }
  const folders = data ?? (env.OMNIROUTER_DATA ? [env.OMNIROUTER_DATA] : undefined);
  if (folders === undefined) {
    const { description, pool, history, queries } = simulated(1);
    const all = await History.read([...history, ...queries], pool, { signal });
    return [{ name: "simulated", description, pool, history: all }];
  }
  const sets: EvaluationSet[] = [];
  for (const folder of folders)
    for (const found of await dataSetsIn(folder)) {
      const { records, pool: file } = filesOf(found)!;
      const pool = await ModelPool.load(file);
      const history = await History.read(records, pool, reading);
      sets.push({ name: basename(found), description: `Graded answers from ${found}`, pool, history });
    }
  return sets;
}

/** Between 0 and 1, neither of them. */
function openShare(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && value < 1))
    throw new InvalidArgumentError("It must be a number between 0 and 1.");
  return value;
}

function capacityShares(text: string): number[] {
  return text.split(",").map(part => {
    const value = Number(part);
    if (part.trim() === "" || !(value > 0 && value <= 1))
      throw new InvalidArgumentError("They must be numbers above 0 and up to 1, such as 1,0.4.");
    return value;
  });
}

function methodsNamed(text: string): Method[] {
  const names = text.split(",").map(name => name.trim());
  const unknown = names.find(name => METHODS.every(({ id }) => id !== name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(
      `There is no method ${JSON.stringify(unknown)}; there are ${METHODS.map(({ id }) => id).join(", ")}.`,
    );
  return METHODS.filter(({ id }) => names.includes(id));
}
