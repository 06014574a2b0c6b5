// Numbers as people read them. Programs take --json, which has the numbers themselves.

/** Plain digits, so that output is the same everywhere whatever the locale. */
const grouped = (digits: number) =>
  new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const whole = grouped(0);
const cents = grouped(2);

/** `12345` as "12,345". */
export function formatCount(count: number): string {
  return whole.format(count);
}

/** USD: "$1,234.50"; below a dollar three significant digits, "$0.0123", because queries cost fractions of a cent. */
export function formatMoney(usd: number): string {
  if (!Number.isFinite(usd)) return "-";
  const sign = usd < 0 ? "-" : "";
  const amount = Math.abs(usd);
  if (amount === 0) return "$0.00";
  if (amount >= 0.9995) return `${sign}$${cents.format(amount)}`;
  const digits = Math.max(2, 2 - Math.floor(Math.log10(amount)));
  return `${sign}$${amount.toFixed(Math.min(digits, 12))}`;
}

/** A share of 1 as a percentage: `0.9534` as "95.3 %". */
export function formatPercent(share: number, digits = 1): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(digits)} %` : "-";
}

/** A quality in [0, 1], to four decimals. */
export function formatQuality(quality: number): string {
  return Number.isFinite(quality) ? quality.toFixed(4) : "-";
}

/** "0.4 ms", "12 ms", "3.4 s", "2 min 05 s". */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 9.95) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 999.5) return `${milliseconds.toFixed(0)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}
