import type { HistoryRecord } from "../history/record.js";
import { printable, printableJson } from "../printable.js";
import type { RouteLimits } from "../router/limits.js";
import type { RoutePlan } from "../router/route-plan.js";
import { Router } from "../router/router.js";
import { ExitCode } from "./exit-codes.js";
import { formatCount, formatDuration, formatMoney, formatQuality } from "./format.js";
import { inputSource } from "./input.js";
import { amount, capacity, probability, share } from "./options.js";
import { checkOutput, say, withOutput } from "./output.js";
import {
  conflictInWords,
  correctionInWords,
  limitInWords,
  priceInWords,
  promiseInWords,
  realise,
  realisedInWords,
  relaxedInWords,
  sharesOf,
  shareTable,
  verdict,
} from "./plan-summary.js";
import type { AddCommand } from "./program.js";
import { withProgress } from "./progress.js";
import { type QueryRecord, readQueries, readTexts } from "./queries.js";
import type { Session } from "./session.js";
import { hasColor } from "./tables.js";

interface Options {
  readonly router: string;
  readonly queries?: string;
  readonly text?: boolean;
  readonly out?: string;
  readonly minQuality?: number;
  readonly confidence?: number;
  readonly budget?: number;
  readonly maximizeQuality?: boolean;
  readonly capacity?: Record<string, number>;
  readonly relax?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const examples = `
Reads queries as JSON Lines, plain or gzipped: {"id": "q1", "query": "...", "inputTokens": 12}. With
"allowed": ["small-1", "large-1"] only these models may answer; "group" names a tenant. Where a record also has outcomes,
they are not looked at for the routing; the summary then says what quality and cost were realised.
Writes one line for each query:
  {"id": "q1", "model": "small-1", "quality": 0.83, "cost": 0.00012, "runnerUp": "large-1"}
and a summary to standard error. Quality and cost are predicted, and so are the floor and the budget held. With --confidence
the floor is one of realised quality, kept with that probability; one that cannot be promised is refused. Where the
limits cannot all hold, nothing is written and the exit code is 3; with --relax, floor and budget are moved to the nearest that
can be reached, the floor first, and the plan keeps them there.

Examples:
  omnirouter route --router router --queries queries.jsonl --min-quality 0.8 > plan.jsonl
  omnirouter route --router router --queries queries.jsonl --min-quality 0.8 --confidence 0.95 > plan.jsonl
  zcat queries.jsonl.gz | omnirouter route --router router --budget 5 --capacity gpt-4o=500 | head
  omnirouter route --router router --text --queries prompts.txt --min-quality 0.8 --out plan.jsonl`;

export const addRoute: AddCommand = (program, session) => {
  program
    .command("route")
    .description(
      "assign queries to models: least cost above a quality floor, or highest quality within a budget",
    )
    .requiredOption("--router <folder>", "a router saved by omnirouter fit")
    .option("--queries <file>", "queries; else standard input")
    .option("--text", "the queries are lines of text, one a line; a query's id is then its line number")
    .option("--min-quality <share>", "floor of the mean predicted quality, 0 to 1", share)
    .option(
      "--confidence <share>",
      "how sure the realised quality is to reach the floor; without a floor: to reach what is then promised",
      probability,
    )
    .option("--budget <usd>", "the most that all queries may cost together", amount)
    .option("--maximize-quality", "highest quality within the limits, also where a floor is given")
    .option(
      "--capacity <model=queries>",
      "most queries for a model, instead of the pool's; repeatable",
      capacity,
    )
    .option("--relax", "where the limits cannot all hold, route within the nearest that can")
    .option("--out <file>", "where to write; appears only when it is complete; else standard output")
    .option("--quiet", "no summary")
    .option("--json", "the summary as one line of JSON")
    .addHelpText("after", examples)
    .action((options: Options) => runRoute(options, session));
};

async function runRoute(options: Options, session: Session): Promise<void> {
  const { signal } = session;
  const source = inputSource(options.queries, "--queries", session);
  await checkOutput(options.out);
  const router = await Router.load(options.router, { signal });
  const records = await withProgress("reading queries", session, async report => {
    const read: QueryRecord[] = [];
    const items = options.text ? readTexts(source, signal) : readQueries(source, router.pool, signal);
    for await (const record of items) {
      read.push(record);
      report(read.length);
    }
    return read;
  });
  const plan = await withProgress("routing", session, report =>
    router.route(records, limitsOf(options), {
      signal,
      onProgress: report,
      ...(options.relax ? { relax: true, diagnose: false } : {}),
    }),
  );
  if (!plan.feasible && !plan.relaxed) {
    session.exitCode = ExitCode.infeasible;
    if (options.json) session.stderr.write(`${printableJson(summaryOf(plan, records))}\n`);
    else {
      const refused = plan.promises.filter(promise => promise.refused).flatMap(promiseInWords);
      const lines = refused.length > 0 ? refused : conflictInWords(plan);
      for (const line of [...lines, "No plan was written."]) say(session, line);
    }
    return;
  }
  await withOutput(options.out, session, async write => {
    for (const { id, model, values, runnerUp } of plan)
      await write(
        `${printableJson({ id, model, quality: values.quality, cost: values.cost, runnerUp: runnerUp?.model ?? null })}\n`,
      );
  });
  if (options.quiet) return;
  session.stderr.write(
    options.json
      ? `${printableJson(summaryOf(plan, records))}\n`
      : summaryInWords(plan, records, hasColor(session.stderr, session)),
  );
}

function limitsOf({ minQuality, confidence, budget, capacity, maximizeQuality }: Options): RouteLimits {
  return {
    ...(minQuality === undefined ? {} : { minQuality }),
    ...(confidence === undefined ? {} : { confidence }),
    ...(budget === undefined ? {} : { budget }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(maximizeQuality ? { maximize: "quality" } : {}),
  };
}

function summaryOf(plan: RoutePlan, records: readonly HistoryRecord[]): object {
  const realised = realise(records, query => plan.models[plan.choice[query]!]);
  const { status, objective, bound, gap, limits, conflict, reachable, relaxed } = plan.certificate;
  return {
    status,
    queries: plan.size,
    quality: plan.mean("quality"),
    cost: plan.totals.cost,
    objective,
    bound,
    gap,
    limits,
    conflict,
    reachable,
    relaxed,
    promises: plan.promises,
    corrections: plan.corrections,
    models: sharesOf(plan, records),
    realised,
    milliseconds: plan.timings,
  };
}

function summaryInWords(plan: RoutePlan, records: readonly HistoryRecord[], color: boolean): string {
  if (plan.size === 0) return "No queries.\n";
  const realised = realise(records, query => plan.models[plan.choice[query]!]);
  const { embed, predict, assign } = plan.timings;
  const lines = [
    `${formatCount(plan.size)} queries, predicted: cost ${formatMoney(plan.totals.cost!)}, mean quality ${formatQuality(plan.mean("quality"))}`,
  ];
  if (realised.graded > 0) {
    const { cost, quality } = realisedInWords(realised, plan.size);
    lines.push(`realised: cost ${cost}, mean quality ${quality}`);
  }
  lines.push(...plan.promises.flatMap(promiseInWords), ...plan.corrections.flatMap(correctionInWords));
  lines.push(verdict(plan), ...plan.certificate.relaxed.map(relaxedInWords));
  for (const report of plan.certificate.limits)
    if (report.price > 0) lines.push(`${limitInWords(report.limit)}: ${priceInWords(report)}`);
  lines.push(
    `embedded in ${formatDuration(embed)}, predicted in ${formatDuration(predict)}, assigned in ${formatDuration(assign)}`,
  );
  return [shareTable(sharesOf(plan, records), color), ...lines.map(printable), ""].join("\n");
}
