import { printable } from "../../printable.js";
import type { Stat } from "../results.js";

/** Text as HTML shows it, without what would reverse or hide it. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}

/** "0.531 ± 0.012": a mean with its standard error over the splits; "–" where there is none. */
export function statInWords({ mean, error }: Pick<Stat, "mean" | "error">, digits = 3): string {
  if (!Number.isFinite(mean)) return "–";
  return Number.isFinite(error) ? `${mean.toFixed(digits)} ± ${error.toFixed(digits)}` : mean.toFixed(digits);
}

export function percent(share: number, digits = 0): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(digits)} %` : "–";
}

/** "every model may take all", "every model may take 40 % of a batch". */
export function capacityInWords(capacity: number): string {
  return capacity >= 1 ? "no limit of capacity" : `each model takes at most ${percent(capacity)} of a batch`;
}

export function batchInWords(batch: "all" | number): string {
  return batch === "all" ? "all held-out queries" : `batches of ${batch}`;
}
