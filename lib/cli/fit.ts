import { performance } from "node:perf_hooks";
import { Option } from "commander";
import type { HistoryFormat } from "../history/formats/format.js";
import { HISTORY_FORMATS } from "../history/formats/shaper.js";
import type { Selection } from "../history/record.js";
import { printableJson } from "../printable.js";
import type { FitStage } from "../router/fit.js";
import { Router } from "../router/router.js";
import { RouterStore } from "../router/store/store.js";
import { formatCount, formatDuration } from "./format.js";
import { inputSource } from "./input.js";
import { omissionsInWords } from "./omissions.js";
import { selectionOption, wholeNumber } from "./options.js";
import { say, withOutput } from "./output.js";
import type { AddCommand } from "./program.js";
import { type Report, withProgress } from "./progress.js";
import { selectionsInWords } from "./selections.js";
import type { Session } from "./session.js";

interface Options {
  readonly history?: readonly string[];
  readonly format?: HistoryFormat;
  readonly selection?: Selection;
  readonly pool: string;
  readonly out: string;
  readonly neighbours?: number;
  readonly seed?: number;
  readonly skipBad?: boolean;
  readonly json?: boolean;
}

const examples = `
Reads history as JSON Lines, plain or gzipped, one graded query a line:
  {"id": "q1", "query": "...", "inputTokens": 12, "outcomes": {"small-1": {"quality": 1, "outputTokens": 40}}}
or the records of RouterBench (CSV or JSON), LLMRouterBench (all of its files at once), AIOS or Avengers-Pro, told by
their content; and a pool of models as YAML or JSON:
  models:
    - { name: small-1, inputPer1M: 0.15, outputPer1M: 0.6 }
    - { name: large-1, inputPer1M: 2.5, outputPer1M: 10, capacity: 500 }

Examples:
  omnirouter fit --history history.jsonl.gz --pool pool.yaml --out router
  omnirouter fit --history routerbench_0shot.csv --format routerbench --pool pool.yaml --out router
  zcat logs-*.gz | omnirouter fit --pool pool.yaml --out router --skip-bad`;

/** What a stage of a fit is called on its progress bar. */
export const STAGE_NAMES: Readonly<Record<FitStage, string>> = {
  read: "reading the history",
  learn: "fitting the embedder",
  embed: "embedding",
  index: "indexing",
  predictor: "fitting the predictor",
};

export const addFit: AddCommand = (program, session) => {
  program
    .command("fit")
    .description("learn from a history of graded answers, and save the router in a folder")
    .option("--history <file...>", "history, one or more files; else standard input")
    .addOption(
      new Option(
        "--format <name>",
        "format of the history, where it is not to be told by its content",
      ).choices(HISTORY_FORMATS),
    )
    .addOption(selectionOption())
    .requiredOption("--pool <file>", "models with their prices, YAML or JSON")
    .requiredOption(
      "--out <folder>",
      "where to save the router; one that is there already gets a new generation",
    )
    .option("--neighbours <count>", "similar queries each prediction rests on (default 100)", wholeNumber(1))
    .option("--seed <number>", "seed of the embedder's fit (default 0)", wholeNumber(0))
    .option("--skip-bad", "leave bad records out, and say how many, instead of failing at the first")
    .option("--json", "say what was fitted as one line of JSON on standard output")
    .addHelpText("after", examples)
    .action((options: Options) => runFit(options, session));
};

async function runFit(options: Options, session: Session): Promise<void> {
  const { history, format, selection, pool, out, neighbours, seed, skipBad, json } = options;
  const { signal } = session;
  const onlyStdin = history === undefined || (history.length === 1 && history[0] === "-");
  await RouterStore.open(out).refuseForeign();
  const source = onlyStdin ? inputSource(undefined, "--history", session) : history;
  const started = performance.now();
  const router = await withProgress(STAGE_NAMES.read, session, (report: Report) =>
    Router.fit(source, pool, {
      signal,
      onProgress: ({ stage, done, total }) => report(done, total, STAGE_NAMES[stage]),
      ...(format === undefined ? {} : { format }),
      ...(selection === undefined ? {} : { selection }),
      ...(neighbours === undefined ? {} : { neighbours }),
      ...(seed === undefined ? {} : { seed }),
      ...(skipBad ? { onBadRecord: "skip" } : {}),
    }),
  );
  await router.save(out, { signal });
  const milliseconds = performance.now() - started;
  const { records, ungraded, unknownModels, skipped, withoutOutcomes, unknownKeys, priceDoubts } =
    router.report;
  if (json) {
    const facts = {
      out,
      records,
      selections: router.selections,
      models: router.pool.size,
      ungraded,
      unknownModels,
      skipped: skipped.count,
      skippedKinds: skipped.kinds,
      withoutOutcomes,
      unknownKeys,
      priceDoubts,
      milliseconds: Math.round(milliseconds),
    };
    await withOutput(undefined, session, write => write(`${printableJson(facts)}\n`));
    return;
  }
  say(
    session,
    `Fitted on ${formatCount(records)} records for ${formatCount(router.pool.size)} models in ${formatDuration(milliseconds)}; saved in ${out}.`,
  );
  for (const line of omissionsInWords(router.report)) say(session, line);
  for (const line of selectionsInWords(router.selections)) say(session, line);
}
