import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { HistoryRecord } from "../../lib/history/record.js";
import { Router } from "../../lib/router/router.js";
import { workload } from "./workload.js";

export const { pool, queries } = workload;
export const history = workload.history.slice(0, 300);
/** What is learned after a fit on {@link history}. */
export const later = workload.history.slice(300);
export const limits = { minQuality: 0.75 };

/** Of the present test, where its file calls {@link useFolder}. */
export let folder: string;

export function useFolder(): void {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "omnirouter-learn-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
}

/** Everything that a router would answer. */
export async function answers(router: Router) {
  const { quality, outputTokens, cost, support } = await router.predict(queries);
  const plan = router.routeSync(queries, limits);
  return {
    quality,
    outputTokens,
    cost,
    support,
    choice: plan.choice,
    report: router.report,
    estimates: router.estimates(),
    pool: router.pool.toJSON(),
  };
}

/** What of these answers depends on what is known alone, and not on when which part of it was fitted or learned. */
export function ofContents({ support, report, estimates, pool }: Awaited<ReturnType<typeof answers>>) {
  return { support, report, estimates, pool };
}

export async function saved(records: readonly HistoryRecord[] = history): Promise<Router> {
  const router = await Router.fit(records, pool);
  await router.save(folder);
  return router;
}

export const all = (quality: number) =>
  Object.fromEntries(pool.names.map(name => [name, { quality, outputTokens: 100 }]));
