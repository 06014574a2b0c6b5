import { Option } from "commander";
import type { HistoryFormat } from "../history/formats/format.js";
import { HISTORY_FORMATS } from "../history/formats/shaper.js";
import type { Selection } from "../history/record.js";
import { printableJson } from "../printable.js";
import { Router } from "../router/router.js";
import { formatCount } from "./format.js";
import { inputSource } from "./input.js";
import { inVainInWords, skippedInWords, unknownModelsInWords } from "./omissions.js";
import { selectionOption } from "./options.js";
import { say, withOutput } from "./output.js";
import type { AddCommand } from "./program.js";
import type { Session } from "./session.js";

interface Options {
  readonly router: string;
  readonly outcomes?: readonly string[];
  readonly format?: HistoryFormat;
  readonly selection?: Selection;
  readonly skipBad?: boolean;
  readonly json?: boolean;
}

const examples = `
Reads outcomes as omnirouter fit reads a history. Outcomes of a query that is known already (by its id, or by its text
where it has none) are added to it, or take the place of what was known of the same model.

Examples:
  omnirouter learn --router router --outcomes graded-today.jsonl
  zcat graded-*.gz | omnirouter learn --router router --skip-bad`;

export const addLearn: AddCommand = (program, session) => {
  program
    .command("learn")
    .description("add graded answers to a saved router, at once and durably, without a fit")
    .requiredOption("--router <folder>", "a router saved by omnirouter fit")
    .option("--outcomes <file...>", "graded answers, one or more files; else standard input")
    .addOption(
      new Option(
        "--format <name>",
        "format of the outcomes, where it is not to be told by its content",
      ).choices(HISTORY_FORMATS),
    )
    .addOption(selectionOption())
    .option("--skip-bad", "leave bad records out, and say how many, instead of failing at the first")
    .option("--json", "say what was learned as one line of JSON on standard output")
    .addHelpText("after", examples)
    .action((options: Options) => runLearn(options, session));
};

async function runLearn(options: Options, session: Session): Promise<void> {
  const { router: folder, outcomes, format, selection, skipBad, json } = options;
  const { signal } = session;
  const onlyStdin = outcomes === undefined || (outcomes.length === 1 && outcomes[0] === "-");
  const source = onlyStdin ? inputSource(undefined, "--outcomes", session) : outcomes;
  const router = await Router.load(folder, { signal });
  const report = await router.learn(source, {
    signal,
    ...(format === undefined ? {} : { format }),
    ...(selection === undefined ? {} : { selection }),
    ...(skipBad ? { onBadRecord: "skip" } : {}),
  });
  if (json) {
    const { skipped, ...rest } = report;
    const facts = { ...rest, skipped: skipped.count, skippedKinds: skipped.kinds };
    await withOutput(undefined, session, write => write(`${printableJson(facts)}\n`));
    return;
  }
  const { queries, outcomes: added, changed, unknownModels, skipped } = report;
  say(
    session,
    `Learned ${formatCount(added)} outcomes and changed ${formatCount(changed)}; ${formatCount(queries)} queries are new.`,
  );
  for (const line of skippedInWords(skipped)) say(session, line);
  for (const line of inVainInWords(report)) say(session, line);
  for (const line of unknownModelsInWords(unknownModels, "Not in the pool, left out")) say(session, line);
}
