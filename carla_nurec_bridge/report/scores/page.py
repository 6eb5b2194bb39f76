"""The scores of a drive as one HTML page that asks nothing of any network, and runs no script."""

from __future__ import annotations

import base64
import io
from html import escape

from PIL import Image

from ...core.run_contract.timebase import NS_PER_S
from ...evaluation.scores.records import ScoreReport, ScoreResult
from .markdown import figure, plans_told, weight_of
from .plots import plot
from .seen import SeenDrive, SeenMoment
from .video import DriveVideo

_STYLE = """
:root{color-scheme:light dark;
--ink:#1c2330;--dim:#667085;--line:#d5dae3;--plot:#2563a8;--bad:#c2410c}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--dim:#9aa4b5;--line:#3a4352;--plot:#7cb4f0;
--bad:#fb923c}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);
max-width:1080px;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:.6rem 0}
.wide{overflow-x:auto}
th,td{padding:.25rem .7rem .25rem 0;text-align:left;border-bottom:1px solid var(--line);
vertical-align:top;overflow-wrap:anywhere}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:.8rem}
svg polyline{fill:none;stroke:var(--plot);stroke-width:1.6}
svg .mark{stroke:var(--bad);stroke-dasharray:3 2}
svg text{font-size:11px;fill:var(--dim)}.end{text-anchor:end}
img,video{max-width:100%;border-radius:6px}
video{min-width:min(100%,480px)}figure{margin:1rem 0}figcaption{margin-bottom:.4rem}
.dim{color:var(--dim)}
"""


def scores_page(report: ScoreReport, drawing: Image.Image, seen: SeenDrive) -> str:
    """Return the page; ``drawing`` shows the map and the drive with its infractions."""
    rows = "".join(
        f'<tr><td><a href="#{score.name}">{escape(score.title)}</a></td>'
        f'<td class="n">{figure(score.value)}</td><td class="n">{score.best:g}</td>'
        f"<td>{escape(score.status)}</td></tr>"
        for score in report.scores
    )
    sections = "".join(_section(report, score) for score in report.scores)
    title = f"Scores of {escape(report.source)}"
    map_alt = "The map from above with the drive and its infractions"
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "media-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f'<p class="dim">{report.ticks} ticks, {report.duration_s:.2f} s</p>'
        "<table><tr><th>score</th><th class=n>value</th><th class=n>best</th><th>status</th></tr>"
        f"{rows}</table>{_image(drawing, map_alt)}{_plans(report)}{_happened(seen)}"
        f"{_video(seen.video)}{sections}</body></html>\n"
    )


def _plans(report: ScoreReport) -> str:
    if report.plans is None:
        return ""
    rows = "".join(
        f'<tr><td class="n">{each.horizon_s:g}</td><td class="n">{figure(each.ade_m)}</td>'
        f'<td class="n">{figure(each.fde_m)}</td><td class="n">{each.plans}</td></tr>'
        for each in report.plans.horizons
    )
    return (
        f"<h2>Plans</h2><p>{escape(plans_told(report.plans))}</p>"
        "<table><tr><th class=n>horizon s</th><th class=n>ADE m</th><th class=n>FDE m</th>"
        f"<th class=n>plans</th></tr>{rows}</table>"
    )


def _image(image: Image.Image, alt: str) -> str:
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=88)
    picture = base64.b64encode(encoded.getvalue()).decode()
    return f'<img alt="{escape(alt)}" src="data:image/jpeg;base64,{picture}">'


def _happened(seen: SeenDrive) -> str:
    """Return what happened moment by moment, each with its picture."""
    if not seen.moments:
        return "<h2>What happened</h2><p>No score counts anything against this drive.</p>"
    return "<h2>What happened</h2>" + "".join(map(_moment, seen.moments))


def _moment(each: SeenMoment) -> str:
    first, picture = each.moment.first, each.picture
    x, y, _ = first.place_m
    who = f" with {', '.join(map(str, first.actors))}" if first.actors else ""
    said = "; ".join(f"{title}: {told.kind}" for title, told in each.moment.told)
    words = f"{first.time_s:.2f} s at ({x:.1f}, {y:.1f}) m{who}"
    shown = "" if picture is None else _image(picture, f"Seen from above: {words}")
    return f"<figure><figcaption><b>{words}</b><br>{escape(said)}</figcaption>{shown}</figure>"


def _video(video: DriveVideo) -> str:
    caption = f'<p class="dim">{escape(video.caption)}</p>'
    if video.data is None:
        return f"<h2>Video</h2>{caption}"
    data = base64.b64encode(video.data).decode()
    player = f'<video controls preload="auto" src="data:video/mp4;base64,{data}"></video>'
    return f"<h2>Video</h2>{player}{caption}"


def _section(report: ScoreReport, score: ScoreResult) -> str:
    parts = "".join(
        f'<tr><td>{escape(each.name)}</td><td class="n">{figure(each.value)}</td>'
        f"<td>{weight_of(score, number)}</td></tr>"
        for number, each in enumerate(score.components)
    )
    prefix = f"{score.name}."
    times_s = [(stamp - report.stamps_ns[0]) / NS_PER_S for stamp in report.stamps_ns]
    marks_s = [each.time_s for each in score.infractions]
    plots = "".join(
        plot(name.removeprefix(prefix), times_s, values, marks_s)
        for name, values in report.series.items()
        if name.startswith(prefix)
    )
    limits = ", ".join(f"{name} {value:g}" for name, value in score.thresholds.items())
    notes = "".join(f"<li>{escape(note)}</li>" for note in score.notes)
    return (
        f'<h2 id="{score.name}">{escape(score.title)}: {figure(score.value)}</h2>'
        f'<p class="dim">{escape(score.metric_version)}; {escape(score.status)}</p>'
        f"<table><tr><th>part</th><th class=n>value</th><th>counts as</th></tr>{parts}</table>"
        f'{_infractions(score)}<div class="plots">{plots}</div>'
        f'<details><summary>Limits and notes</summary><p class="dim">{escape(limits)}</p>'
        f"<ul>{notes}</ul></details>"
    )


def _infractions(score: ScoreResult) -> str:
    if not score.infractions:
        return "<p>No infractions.</p>"
    rows = "".join(
        f'<tr><td>{escape(each.kind)}</td><td class="n">{each.time_s:.2f}</td>'
        f'<td class="n">{each.place_m[0]:.1f}, {each.place_m[1]:.1f}</td>'
        f"<td>{', '.join(map(str, each.actors))}</td>"
        f"<td>{escape(', '.join(f'{k} {figure(v)}' for k, v in each.figures.items()))}</td></tr>"
        for each in score.infractions
    )
    return (
        '<div class="wide"><table><tr><th>infraction</th><th class=n>s</th>'
        f"<th class=n>x, y (m)</th><th>actors</th><th>figures</th></tr>{rows}</table></div>"
    )
