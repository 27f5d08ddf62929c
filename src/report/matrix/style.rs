//! How the page looks, in light and in dark.

/// The sheet.
pub const SHEET: &str = "
:root { color-scheme: light dark; --line: #d0d7de; --head: #f3f5f7; --good: #1a7f37; --fair: #8a6100;
  --bad: #b3261e; --bad-back: #fdecea; --fair-back: #fff6e0; --quiet: #5b6570;
  --link: #0a58ca; }
@media (prefers-color-scheme: dark) { :root { --line: #3a424b; --head: #20262d; --good: #4ac26b;
  --fair: #e0b454; --bad: #ff8f86; --bad-back: #3b1d1b; --fair-back: #35290f; --quiet: #98a2ad;
  --link: #79b8ff; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 76rem; padding: 0 1rem; }
h2 { margin-top: 2.2rem; }
h3 { margin-top: 1.8rem; }
h4 { margin: 0 0 .3rem; font-weight: 600; }
p { margin: .3rem 0; max-width: 60rem; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .6rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--line); padding: .25rem .6rem; text-align: left; vertical-align: top; }
thead th { background: var(--head); }
tbody th { font-weight: 600; white-space: nowrap; }
.number, .matrix td:not(.title) { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.word { min-width: 12rem; overflow-wrap: anywhere; }
.matrix .subject { text-align: right; }
.good { color: var(--good); }
.fair { color: var(--fair); }
.bad { color: var(--bad); }
td.fair { background: var(--fair-back); }
td.bad { background: var(--bad-back); }
td.none, .quiet { color: var(--quiet); }
.subjects td:not(.word) { white-space: nowrap; }
.bugs tbody th { min-width: 11rem; white-space: normal; }
.bugs td:last-child { min-width: 8rem; }
.bugs td a, .bugs code { white-space: nowrap; }
td a, h4 span { color: inherit; font-weight: 600; }
:target { outline: 2px solid var(--bad); outline-offset: .3rem; }
article { border-left: 3px solid var(--line); margin: .9rem 0; padding-left: .8rem; }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere; }
a { color: var(--link); }
summary { cursor: pointer; margin: .3rem 0; }
details > .wide { margin: .3rem 0 .8rem; }
details > article { margin-left: .4rem; }
pre { background: var(--head); font: .88em/1.4 ui-monospace, monospace; margin: .3rem 0; overflow-x: auto;
  padding: .5rem .7rem; }
.ids { font-size: .9em; max-width: 40rem; }
.ids code { margin-right: .5em; white-space: nowrap; }
td summary { margin: 0; }
.rows { margin: .4rem 0; }
.differs th { color: var(--bad); }
";
