/**
 * Area under the receiver operating characteristic: how likely a good answer (quality >= 0.5) was predicted better than a bad
 * one, ties counting half (Mann and Whitney). NaN where only one kind is known.
 *
 * @param realised NaN = unknown, and left out
 */
export function auc(predicted: ArrayLike<number>, realised: ArrayLike<number>): number {
  const order: number[] = [];
  for (let i = 0; i < realised.length; i++) if (!Number.isNaN(realised[i]!)) order.push(i);
  order.sort((a, b) => predicted[a]! - predicted[b]!);
  let [good, ranks] = [0, 0];
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && predicted[order[to]!] === predicted[order[from]!]) to++;
    const rank = (from + 1 + to) / 2; // the mean of the ranks that the tied ones share
    for (let place = from; place < to; place++)
      if (realised[order[place]!]! >= 0.5) {
        good++;
        ranks += rank;
      }
    from = to;
  }
  const bad = order.length - good;
  return good === 0 || bad === 0 ? Number.NaN : (ranks - (good * (good + 1)) / 2) / (good * bad);
}
