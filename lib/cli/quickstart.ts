import { performance } from "node:perf_hooks";
import { History } from "../history/history.js";
import type { HistoryRecord } from "../history/record.js";
import { printableLines } from "../printable.js";
import type { FitStage } from "../router/fit.js";
import type { RoutePlan } from "../router/route-plan.js";
import { Router } from "../router/router.js";
import { ExitCode } from "./exit-codes.js";
import { STAGE_NAMES } from "./fit.js";
import { formatCount, formatDuration, formatMoney, formatPercent, formatQuality } from "./format.js";
import { share, wholeNumber } from "./options.js";
import { toStream } from "./output.js";
import {
  conflictInWords,
  priceInWords,
  realise,
  realisedInWords,
  relaxedInWords,
  sharesOf,
  shareTable,
  verdict,
} from "./plan-summary.js";
import type { AddCommand } from "./program.js";
import { withProgress } from "./progress.js";
import type { Session } from "./session.js";
import { formatTable, hasColor } from "./tables.js";
import { dataSetsIn, readDataSet, simulated, type Workload } from "./workload.js";

interface Options {
  readonly data?: string;
  readonly floor: number;
  readonly maxShare: number;
  readonly seed: number;
}

const examples = `
A data set is a folder with queries.jsonl or queries.jsonl.gz (graded queries, as omnirouter fit reads them) and a pool
in models.json, pool.json or pool.yaml. 70 % of its queries become the history; the others are routed, and what their
records say came of it is compared.

Examples:
  omnirouter quickstart
  omnirouter quickstart --data data/zeroeval --floor 0.9`;

export const addQuickstart: AddCommand = (program, session) => {
  program
    .command("quickstart")
    .description(
      "fit a router and route a batch under a quality floor with capacities, on your data or a simulation",
    )
    .option(
      "--data <folder>",
      "a data set, or a folder of them; else OMNIROUTER_DATA; else a simulated workload",
    )
    .option(
      "--floor <share>",
      "the floor, as a share of the best single model's quality in the history",
      share,
      0.95,
    )
    .option("--max-share <share>", "the most of the batch that one model may take", share, 0.5)
    .option("--seed <number>", "seed of the split, or of the simulation", wholeNumber(0), 1)
    .addHelpText("after", examples)
    .action((options: Options) => quickstart(options, session));
};

async function quickstart(options: Options, session: Session): Promise<void> {
  const data = options.data ?? (session.env.OMNIROUTER_DATA || undefined);
  if (data === undefined) {
    const started = performance.now();
    await routeWorkload(simulated(options.seed), performance.now() - started, options, session);
    return;
  }
  for (const folder of await dataSetsIn(data)) {
    const started = performance.now();
    const workload = await readDataSet(folder, options.seed, session.signal);
    await routeWorkload(workload, performance.now() - started, options, session);
  }
}

async function routeWorkload(
  workload: Workload,
  reading: number,
  { floor: floorShare, maxShare }: Options,
  session: Session,
): Promise<void> {
  const { signal } = session;
  const { pool, queries } = workload;
  const say = (text: string) => toStream(session, `${printableLines(text)}\n`);
  /** Its cells are printable already, and its heading may be bold. */
  const show = (table: string) => toStream(session, `${table}\n`);
  await say(`\n${workload.description}`);
  await say(
    `${formatCount(workload.history.length)} graded queries as history, ${formatCount(queries.length)} others to route, ${formatCount(pool.size)} models`,
  );

  const clock = new StageClock();
  const router = await withProgress("fitting", session, async report => {
    const history = await History.read(workload.history, pool, { signal });
    return await Router.fit(history, pool, {
      signal,
      onProgress: ({ stage, done, total }) => {
        clock.enter(stage);
        report(done, total, STAGE_NAMES[stage]);
      },
    });
  });
  clock.stop();

  const best = bestModel(workload);
  const minQuality = floorShare * best.quality;
  const most = Math.ceil(maxShare * queries.length);
  const capacity = Object.fromEntries(pool.models.map(model => [model.name, model.capacity ?? most]));
  const plan = await router.route(queries, { minQuality, capacity }, { signal, relax: true });

  await say(
    `Floor: predicted mean quality >= ${formatQuality(minQuality)}, ${formatPercent(floorShare, 0)} of what ${best.model}, the best single model, has in the history.`,
  );
  await say(
    `Capacity: ${formatCount(most)} queries (${formatPercent(maxShare, 0)} of the batch) a model, unless the pool says otherwise.\n`,
  );
  for (const relaxed of plan.certificate.relaxed) await say(`${relaxedInWords(relaxed)}.\n`);
  if (!plan.feasible && !plan.relaxed) {
    session.exitCode = ExitCode.infeasible;
    for (const line of conflictInWords(plan)) await say(line);
    return;
  }
  const color = hasColor(session.stdout, session);
  await show(shareTable(sharesOf(plan, queries), color));
  await show(comparison(plan, queries, best.model, router.report.ungraded, color));
  for (const line of account(plan, workload, minQuality)) await say(line);
  const stages: [string, number][] = [
    ["records", reading],
    ...clock.times(),
    ["route: embed", plan.timings.embed],
    ["predict", plan.timings.predict],
    ["assign", plan.timings.assign],
  ];
  await say(`Time: ${stages.map(([name, time]) => `${name} ${formatDuration(time)}`).join(", ")}.`);
}

/** The model whose mean quality in the history is highest. */
function bestModel({ pool, history }: Workload): { readonly model: string; readonly quality: number } {
  return pool.names
    .map(model => ({ model, quality: realise(history, () => model).quality }))
    .filter(({ quality }) => !Number.isNaN(quality))
    .reduce((a, b) => (b.quality > a.quality ? b : a));
}

/** The plan beside "everything to one model": the best in the history, and the cheapest as predicted. */
function comparison(
  plan: RoutePlan,
  queries: readonly HistoryRecord[],
  best: string,
  ungraded: readonly string[],
  color: boolean,
): string {
  const { predictions, models } = plan;
  const all = (model: string) => {
    const column = models.indexOf(model);
    let [quality, cost] = [0, 0];
    for (let query = 0; query < plan.size; query++) {
      quality += predictions.quality[query * models.length + column]!;
      cost += predictions.cost[query * models.length + column]!;
    }
    return {
      model,
      predicted: { quality: quality / plan.size, cost },
      realised: realise(queries, () => model),
    };
  };
  const cheapest = models
    .filter(model => !ungraded.includes(model))
    .map(all)
    .reduce((a, b) => (b.predicted.cost < a.predicted.cost ? b : a));
  const rows = [
    {
      name: "this plan",
      predicted: { quality: plan.mean("quality"), cost: plan.totals.cost! },
      realised: realise(queries, query => models[plan.choice[query]!]),
    },
    { name: `everything to ${best} (best) *`, ...all(best) },
    { name: `everything to ${cheapest.model} (cheapest) *`, ...cheapest },
  ];
  const table = formatTable(
    rows,
    [
      { head: "in all", align: "left", cell: ({ name }) => name },
      { head: "predicted cost", cell: ({ predicted }) => formatMoney(predicted.cost) },
      { head: "realised cost", cell: ({ realised }) => realisedInWords(realised, plan.size).cost },
      { head: "predicted quality", cell: ({ predicted }) => formatQuality(predicted.quality) },
      { head: "realised quality", cell: ({ realised }) => realisedInWords(realised, plan.size).quality },
    ],
    color,
  );
  return `${table}* these two leave the capacities aside\n`;
}

/** Floor, certificate and prices in words. */
function account(plan: RoutePlan, { queries }: Workload, minQuality: number): string[] {
  const realised = realise(queries, query => plan.models[plan.choice[query]!]);
  const miss = realised.quality - minQuality;
  const beside =
    realised.graded === 0
      ? ""
      : `, ${formatQuality(Math.abs(miss))} ${miss < 0 ? "below" : "above"} the floor`;
  const priced = plan.certificate.limits.filter(({ price }) => price > 0);
  return [
    `${plan.feasible ? "The floor holds" : "The relaxed floor holds"} for predicted quality: ${formatQuality(plan.mean("quality"))}. Realised: ${realisedInWords(realised, plan.size).quality}${beside}.`,
    `The plan is ${verdict(plan)}.`,
    priced.length === 0
      ? "Prices: no limit binds."
      : `Prices, what the next step would cost or save: ${priced.map(priceInWords).join("; ")}.`,
  ];
}

/** How long each stage of a fit took. */
class StageClock {
  readonly #times = new Map<FitStage, number>();
  #stage: FitStage | undefined;
  #since = 0;

  enter(stage: FitStage): void {
    if (stage === this.#stage) return;
    this.stop();
    this.#stage = stage;
    this.#since = performance.now();
  }

  stop(): void {
    if (this.#stage === undefined) return;
    const before = this.#times.get(this.#stage) ?? 0;
    this.#times.set(this.#stage, before + performance.now() - this.#since);
    this.#stage = undefined;
  }

  times(): [string, number][] {
    return [...this.#times].map(([stage, time]) => [STAGE_NAMES[stage], time]);
  }
}
