"""The report of a suite as one HTML page that asks nothing of any network, and runs no script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .plots import interval_plot, verdicts
from .values import PASSED, AgentPair, SweepReport, SweepRow
from .words import chance, counts, figure, interval, methods, winner

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2330;--dim:#667085;--line:#d5dae3;--ok:#15803d;
--bad:#c2410c;--unsure:#a16207;--card:#f6f7f9}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--dim:#9aa4b5;--line:#3a4352;--ok:#4ade80;
--bad:#fb923c;--unsure:#facc15;--card:#1d232d}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);max-width:1180px;margin:2rem auto;
padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:.6rem 0}.wide{overflow-x:auto}
th,td{padding:.25rem .7rem .25rem 0;text-align:left;border-bottom:1px solid var(--line);
vertical-align:top}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.dim{color:var(--dim)}.told{min-width:22rem}.plots{display:grid;gap:.8rem;
grid-template-columns:repeat(auto-fill,minmax(320px,1fr))}
.plots svg{background:var(--card);border-radius:8px}
svg text{font-size:11px;fill:var(--dim)}svg .title{font-size:13px;fill:var(--ink);font-weight:600}
.end{text-anchor:end}.bounds{stroke-width:3}.zero{stroke:var(--dim);stroke-dasharray:3 3}
.a0{stroke:#2563a8;fill:#2563a8}.a1{stroke:#c2410c;fill:#c2410c}.a2{stroke:#15803d;fill:#15803d}
.a3{stroke:#7e22ce;fill:#7e22ce}.a4{stroke:#0e7490;fill:#0e7490}.a5{stroke:#a16207;fill:#a16207}
.mark{display:inline-block;width:1.5em;text-align:center;border-radius:4px;margin-right:3px;
text-decoration:none;border:1px solid currentColor}.passed{color:var(--ok)}.failed{color:var(--bad)}
.undecided,.other{color:var(--unsure)}tr:target{background:var(--card)}
"""


def sweep_page(report: SweepReport) -> str:
    """Return the page; the runs' own files are linked where they lie beside it."""
    over = sum(run.is_over for run in report.runs)
    title = f"Suite {escape(report.suite)}"
    agents = [one.agent for one in report.agents]
    plots = "".join(
        interval_plot(name, [(one.agent, one.figures.get(name)) for one in report.agents])
        for name in report.score_names
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f'<p class="dim">{over} of {len(report.runs)} runs are over; {len(agents)} agents; '
        f"{escape(report.created_by)}</p>"
        f"<h2>Who passes what</h2>{verdicts(report)}"
        f'<h2>Scores</h2><div class="plots">{plots}</div>{_agents(report)}'
        f"{''.join(_pair(pair, report) for pair in report.pairs)}{_flaky(report)}{_runs(report)}"
        f"<h2>How this was found</h2><ul>"
        f"{''.join(f'<li>{escape(sentence)}</li>' for sentence in methods(report))}</ul>"
        "</body></html>\n"
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """Return a table of plain cells; those behind the first ``words`` are numbers."""
    head = "".join(
        f"<th{' class=n' if k >= words else ''}>{escape(text)}</th>" for k, text in enumerate(heads)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{' class=n' if k >= words else ''}>{escape(cell)}</td>"
            for k, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _agents(report: SweepReport) -> str:
    rows = [
        (name, *(interval(one.figures.get(name)) for one in report.agents))
        for name in report.score_names
    ]
    unknown = "".join(
        f"<li>{escape(one.agent)}: {count} runs without {escape(name)}</li>"
        for one in report.agents
        for name, count in one.unknown.items()
    )
    told = f'<p class="dim">Not in the means:</p><ul>{unknown}</ul>' if unknown else ""
    return _table(("score", *(one.agent for one in report.agents)), rows) + told


def _pair(pair: AgentPair, report: SweepReport) -> str:
    title = f"{pair.first} less {pair.second}"
    if not pair.tests:
        return f"<h2>{escape(title)}</h2><p>There is no run that both have had.</p>"
    plots = "".join(
        interval_plot(name, [("difference", test.difference)], zero=True)
        for name, test in pair.tests.items()
    )
    rows = [
        (
            name,
            winner(pair, name, report.confidence),
            interval(test.difference),
            counts(test),
            chance(test.p_value),
            chance(pair.p_holm[name]),
        )
        for name, test in pair.tests.items()
    ]
    heads = ("score", "has more", "difference", "more / same / less", "p", "p (Holm)")
    return (
        f"<h2>{escape(title)}</h2>{_table(heads, rows, 2)}"
        f'<details><summary>Differences drawn</summary><div class="plots">{plots}</div></details>'
    )


def _flaky(report: SweepReport) -> str:
    if not report.flaky:
        return ""
    rows = [
        (one.name, ", ".join(f"{count} {word}" for word, count in one.outcomes.items()))
        for one in report.flaky
    ]
    return f"<h2>Flaky</h2>{_table(('run', 'came out'), rows, 2)}"


def _runs(report: SweepReport) -> str:
    names = [name for name in report.score_names if name != PASSED]
    head = "".join(f"<th class=n>{escape(name)}</th>" for name in names)
    rows = "".join(_run(run, names) for run in report.runs)
    return (
        '<h2>Runs</h2><div class="wide"><table><tr><th>run</th><th>verdict</th>'
        f"<th>what happened</th>{head}</tr>{rows}</table></div>"
    )


def _run(run: SweepRow, names: Sequence[str]) -> str:
    word = run.verdict if run.state == "finished" and run.verdict else run.state
    kind = word if word in ("passed", "failed", "undecided") else "other"
    cells = "".join(f'<td class="n">{figure(run.scores.get(name))}</td>' for name in names)
    place = escape(f"runs/{run.name}", quote=True)
    values = ", ".join(f"{name} {value}" for name, value in run.values.items())
    told = f'<br><span class="dim">{escape(values)}</span>' if values else ""
    name = (
        f'<a href="{place}/">{escape(run.name)}</a>' if run.state != "not_run" else escape(run.name)
    )
    return (
        f'<tr id="{escape(run.name, quote=True)}"><td>{name}{told}</td>'
        f'<td class="{kind}">{word}</td>'
        f'<td class="told">{escape(" ".join(run.lines))}</td>{cells}</tr>'
    )
