import { SingleBar } from "cli-progress";
import { printable } from "../printable.js";
import { formatCount } from "./format.js";
import type { Session } from "./session.js";

/** Tells how far a job is, and what it does now if that changes. Without a total only the count is shown. */
export type Report = (done: number, total?: number, label?: string) => void;

/** Anything quicker than this needs no bar. */
const delay = 1000;

/**
 * Runs a job with a progress bar on stderr: only on a terminal, only if the job takes more than a second, and gone
 * when it ends, however it ends.
 */
export async function withProgress<T>(
  label: string,
  session: Session,
  job: (report: Report) => Promise<T>,
): Promise<T> {
  if (session.stderr.isTTY !== true) return job(() => {});
  let bar: SingleBar | undefined;
  let current = label;
  let latest: { done: number; total: number } | undefined;
  const timer = setTimeout(() => {
    bar = new SingleBar({
      stream: session.stderr as NodeJS.WriteStream,
      format: (options, { progress }, { done, total }) => {
        if (total === 0) return `${printable(current)}  ${formatCount(done)}`;
        const width = options.barsize ?? 30;
        const full = Math.round(progress * width);
        return `${printable(current)}  ${"█".repeat(full)}${"░".repeat(width - full)}  ${formatCount(done)} of ${formatCount(total)}`;
      },
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false, // our own signal handling ends the job, and with it the bar
    });
    const { done, total } = latest ?? { done: 0, total: 0 };
    bar.start(total, done, { done, total });
  }, delay);
  try {
    return await job((done, total = 0, now = label) => {
      current = now;
      latest = { done, total };
      if (bar === undefined) return;
      bar.setTotal(total);
      bar.update(done, latest);
    });
  } finally {
    clearTimeout(timer);
    bar?.stop();
  }
}
