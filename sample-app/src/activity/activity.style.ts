export const ACTIVITY_STYLE = `
:root {
  color-scheme: light dark;
  --text: #1d2733; --quiet: #56616f; --ground: #f6f7f9; --card: #ffffff; --line: #d5dae1; --accent: #1a6fb5; --notice: #fff4d6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e4e9ef; --quiet: #a3afbd; --ground: #12171d; --card: #1b222b; --line: #333e4a; --accent: #62b0f0; --notice: #3d3415;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
.page { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { margin: 0.5rem 0; font-size: 1.75rem; overflow-wrap: anywhere; }
h2 { margin: 0 0 0.75rem; font-size: 1.1rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.quiet { color: var(--quiet); font-size: 0.875rem; }
.notice { margin: 0.75rem 0; padding: 0.75rem 1rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--notice); }
.ranges ul { display: flex; flex-wrap: wrap; gap: 0.5rem; margin: 0 0 1rem; padding: 0; list-style: none; }
.ranges a { display: block; padding: 0.3rem 0.9rem; border: 1px solid var(--line); border-radius: 2rem; background: var(--card); text-decoration: none; }
.ranges a[aria-current] { background: var(--accent); color: var(--card); }
.card { margin: 0 0 1rem; padding: 1rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); }
.totals { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; margin: 0 0 1rem; }
.totals div { padding: 1rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); }
.totals dd { margin: 0; font-size: 1.75rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.chart { display: grid; grid-template-columns: 1fr minmax(4rem, auto); margin: 0; }
.chart svg { width: 100%; height: 9rem; overflow: visible; border-bottom: 1px solid var(--line); }
.scale { display: flex; flex-direction: column; justify-content: space-between; padding-left: 0.5rem; text-align: right; }
.dates { display: flex; justify-content: space-between; }
.scale, .dates { color: var(--quiet); font-size: 0.8rem; font-variant-numeric: tabular-nums; }
svg rect { fill: var(--accent); }
svg path { fill: none; stroke: var(--accent); stroke-width: 2px; vector-effect: non-scaling-stroke; }
.sparkline { width: 8rem; height: 1.5rem; vertical-align: middle; }
details { margin-top: 0.75rem; }
summary { cursor: pointer; color: var(--quiet); font-size: 0.875rem; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
caption { padding: 0.25rem 0; color: var(--quiet); font-size: 0.875rem; text-align: left; }
th, td { padding: 0.35rem 0.5rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-weight: 500; }
td, th { overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
.commits { margin: 0; padding: 0; list-style: none; }
.commits li { padding: 0.4rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
@media (max-width: 40rem) { .wide { display: none; } }
`;
