/** The value that a share `p` of the samples does not exceed (nearest rank); NaN of none. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** Runs `work` once to warm up, then until it has taken `milliseconds` or `most` runs; the median run. */
export function medianTime(work: () => void, milliseconds = 1000, most = 25): number {
  const samples: number[] = [];
  let spent = 0;
  for (let run = 0; run <= most && (run < 2 || spent < milliseconds); run++) {
    const start = performance.now();
    work();
    const took = performance.now() - start;
    spent += took;
    if (run > 0) samples.push(took);
  }
  return median(samples);
}
