"""Colours and rules that every page shares: light and dark, a phone's width, print.

``c1`` … ``c8`` are after Okabe & Ito, "Color Universal Design" (2008), told apart with every kind of colour
vision; in the dark their dark blue gives place to the light one, and grey to yellow.
"""

from __future__ import annotations

__all__ = ["DARK", "LIGHT", "STYLE", "WIDTH"]

WIDTH = 440.0  # of a chart, in pixels: shrunk to a phone's 350 its letters are still 10 high

LIGHT = {
    "ground": "#ffffff",
    "ink": "#1b1b1b",
    "quiet": "#595959",
    "rule": "#d8d8d8",
    "c1": "#0072b2",
    "c2": "#d55e00",
    "c3": "#009e73",
    "c4": "#cc79a7",
    "c5": "#e69f00",
    "c6": "#56b4e9",
    "c7": "#595959",
}
DARK = {
    "ground": "#16181c",
    "ink": "#ececec",
    "quiet": "#b0b0b0",
    "rule": "#3c4048",
    "c1": "#56b4e9",
    "c2": "#e8702a",
    "c3": "#12b886",
    "c4": "#cc79a7",
    "c5": "#e69f00",
    "c6": "#3f86c6",
    "c7": "#f0e442",
}


def _variables(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


STYLE = f"""
:root {{ color-scheme: light dark; {_variables(LIGHT)} }}
@media (prefers-color-scheme: dark) {{
  :root {{ {_variables(DARK)} }}
}}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; padding: 1.2rem; max-width: 46rem; background: var(--ground); color: var(--ink);
  font: 1.05rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere; }}
h1 {{ font-size: 1.3rem; line-height: 1.3; margin: 0 0 .4rem; }}
h2 {{ font-size: 1rem; line-height: 1.4; margin: 0 0 .4rem; color: var(--quiet); font-weight: 600; }}
section {{ border-top: 1px solid var(--rule); padding: 1rem 0 .4rem; }}
p {{ margin: 0 0 .8rem; max-width: 46rem; }}
.lead, .note, caption {{ color: var(--quiet); font-size: .95rem; }}
details {{ margin-top: .8rem; font-size: .9rem; line-height: 1.5; }}
summary {{ cursor: pointer; color: var(--quiet); }}
.scroll {{ overflow-x: auto; max-width: 100%; margin: 0 0 1rem; }}
.scroll > svg {{ display: block; height: auto; }}
table {{ border-collapse: collapse; margin-top: .4rem; font-size: .9rem; line-height: 1.5;
  overflow-wrap: break-word; }}
caption {{ text-align: start; padding-bottom: .3rem; }}
th, td {{ text-align: start; padding: .15rem .8rem .15rem 0; vertical-align: top; }}
th {{ color: var(--quiet); font-weight: 600; }}
.rows th, .rows td {{ border-bottom: 1px solid var(--rule); min-width: 3rem; max-width: min(24rem, 60vw);
  unicode-bidi: plaintext; white-space: pre-wrap; }}
.rows .n {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }}
.tiles {{ display: flex; flex-wrap: wrap; gap: .8rem; margin: 0 0 1rem; }}
.tiles div {{ flex: 1 1 8.5rem; border: 1px solid var(--rule); border-radius: .4rem; padding: .6rem .8rem; }}
.tiles dt, .tiles dd {{ margin: 0; line-height: 1.35; }}
.tiles dt, .tiles .note {{ color: var(--quiet); font-size: .85rem; }}
.tiles .value {{ font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }}
footer {{ border-top: 1px solid var(--rule); padding-top: .6rem; color: var(--quiet); font-size: .85rem; }}
@media print {{ .scroll {{ overflow: visible; }} section {{ break-inside: avoid; }} }}
"""
