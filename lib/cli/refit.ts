import { performance } from "node:perf_hooks";
import { Router } from "../router/router.js";
import { STAGE_NAMES } from "./fit.js";
import { formatCount, formatDuration } from "./format.js";
import { say, withOutput } from "./output.js";
import type { AddCommand } from "./program.js";
import { type Report, withProgress } from "./progress.js";
import type { Session } from "./session.js";

interface Options {
  readonly router: string;
  readonly json?: boolean;
}

const examples = `
What was learned since the last fit counts already; a refit also fits the built-in embedder to it. Other processes may
route and learn in the same folder meanwhile: nothing of theirs is lost, and they go on with the new generation from
their next change on.

Example, every night:
  omnirouter refit --router router`;

export const addRefit: AddCommand = (program, session) => {
  program
    .command("refit")
    .description("fit a saved router anew on all that it has learned, and save it as the next generation")
    .requiredOption("--router <folder>", "a router saved by omnirouter fit")
    .option("--json", "say what was fitted as one line of JSON on standard output")
    .addHelpText("after", examples)
    .action((options: Options) => runRefit(options, session));
};

async function runRefit({ router: folder, json }: Options, session: Session): Promise<void> {
  const { signal } = session;
  const started = performance.now();
  const router = await Router.load(folder, { signal });
  await withProgress(STAGE_NAMES.learn, session, (report: Report) =>
    router.refit({ signal, onProgress: ({ stage, done, total }) => report(done, total, STAGE_NAMES[stage]) }),
  );
  const milliseconds = performance.now() - started;
  const { records } = router.report;
  const models = router.pool.size;
  if (json)
    await withOutput(undefined, session, write =>
      write(`${JSON.stringify({ records, models, milliseconds: Math.round(milliseconds) })}\n`),
    );
  else
    say(
      session,
      `Fitted on ${formatCount(records)} records for ${formatCount(models)} models in ${formatDuration(milliseconds)}; saved in ${folder}.`,
    );
}
