/** The report's own style: nothing is fetched, and the page follows the reader's choice of light or dark. */
export const STYLE = `
:root { color-scheme: light dark; --page: #ffffff; --ink: #1c2230; --soft: #5b6475; --line: #d9dde5; --tint: #f4f6f9; --ours: #fdf1ec; --accent: #d0451b; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171d; --ink: #e6e9ef; --soft: #a3acbd; --line: #333a47; --tint: #1c2129; --ours: #33221c; --accent: #ff8a65; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 940px; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.5rem; margin: 3.2rem 0 .4rem; padding-top: 1.2rem; border-top: 3px solid var(--accent); }
h3 { font-size: 1.12rem; margin: 2.2rem 0 .3rem; }
p, figcaption { max-width: 46rem; }
p.facts, figcaption, footer { color: var(--soft); font-size: .92rem; }
p.simulated { padding: .6rem .9rem; border-left: 4px solid var(--accent); background: var(--tint); font-weight: 600; }
nav a { margin-right: 1.1rem; }
a { color: var(--accent); }
figure { margin: 1rem 0 1.6rem; }
figure svg { display: block; max-width: 100%; height: auto; }
figcaption { margin-top: .5rem; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: .6rem 0; padding: 0; list-style: none; font-size: .88rem; }
.legend i { display: inline-block; width: 1.15em; height: .34em; margin-right: .4em; vertical-align: .2em; border-radius: 2px; }
.legend i.area { height: .8em; vertical-align: -.05em; }
.table { overflow-x: auto; margin: .7rem 0 1.2rem; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: .32rem .55rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th:first-child { text-align: left; font-weight: 500; }
thead th { white-space: normal; vertical-align: bottom; background: var(--tint); font-weight: 600; border-bottom: 2px solid var(--line); }
thead th[title] { cursor: help; text-decoration: underline dotted var(--soft); text-underline-offset: 3px; }
tr.ours > * { background: var(--ours); }
details { margin: 1rem 0; }
summary { cursor: pointer; font-weight: 600; }
dl { display: grid; grid-template-columns: minmax(9rem, auto) 1fr; gap: .35rem 1.2rem; font-size: .92rem; }
dt { font-weight: 600; } dd { margin: 0; color: var(--soft); }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .8rem; }
@media (max-width: 640px) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
@media print { body { max-width: none; } figure { break-inside: avoid; } }
`;
