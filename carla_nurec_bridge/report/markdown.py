"""The report as a page to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..core.run_contract.run_summary import StreamCount
from ..core.run_contract.timebase import NS_PER_S
from ..core.run_contract.verdict import ScenarioVerdict
from ..core.timings import StageTime
from .scenario_picture import PICTURE, decisive
from .values import Report, ScoreTotal


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return a Markdown table; ``right`` are the columns to align right."""
    body = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in body) for i in range(len(head))]
    lines = []
    for number, row in enumerate(body):
        cells = [
            cell.rjust(widths[i]) if i in right else cell.ljust(widths[i])
            for i, cell in enumerate(row)
        ]
        lines.append("| " + " | ".join(cells) + " |")
        if number == 0:
            marks = [
                "-" * (width - 1) + ":" if i in right else "-" * width
                for i, width in enumerate(widths)
            ]
            lines.append("| " + " | ".join(marks) + " |")
    return "\n".join(lines)


def stream_rows(report: Report) -> list[list[str]]:
    """Return topic, expected, recorded, size and hash of every stream, planned ones first."""
    planned = report.planned().items()
    events = [
        (t, s) for t, s in report.streams.items() if not s.planned and (s.recorded or s.missed)
    ]
    return [
        [
            topic,
            _or_dash(s.expected, "{}"),
            _recorded(s),
            size(s.bytes),
            (s.sha256 or "–")[:12],
        ]
        for topic, s in (*planned, *events)
    ]


def _recorded(stream: StreamCount) -> str:
    """Return what the bag has of a stream, what it lost, and what latency held back at the end."""
    extra = f" + {stream.extra}" if stream.extra and stream.expected else ""
    late = f" ({stream.under_way} under way)" if stream.under_way else ""
    lost = f" ({stream.lost} lost)" if stream.lost else ""
    unheard = f" ({stream.missed} never heard)" if stream.missed and not stream.planned else ""
    return f"{stream.recorded}{extra}{late}{lost}{unheard}"


def size(count: int) -> str:
    """Return a number of bytes in a unit that reads well."""
    if count < 1000:
        return f"{count} B"
    for unit in ("kB", "MB"):
        count_in = count / (1e3 if unit == "kB" else 1e6)
        if count_in < 1000:
            return f"{count_in:.1f} {unit}"
    return f"{count / 1e9:.2f} GB"


def report_markdown(report: Report) -> str:
    """Return the page of a report."""
    sections = [
        "# Run report\n\n" + _overview(report),
        "## Streams\n\n"
        "Expected counts come from the rig's rates and the tick schedule; the hash (first 12 "
        "digits, the rest is in report.json) is over the messages' bytes.\n\n"
        + table(("topic", "expected", "recorded", "size", "sha256"), stream_rows(report), (1, 2, 3))
        + "".join(f"\n\nNot heard: {sentence}" for sentence in report.unheard),
        "## Time\n\n" + _timings(report.timings),
    ]
    if report.scores:
        sections.insert(1, "## Scores\n\n" + _scores(report.scores))
    if report.verdict is not None:
        sections.insert(1, f"## Scenario {report.verdict.name}\n\n" + _verdict(report.verdict))
    if report.controls is not None:
        rows = [
            (kind, f"{report.controls.directory}/{video.file}", str(video.frames))
            for kind, video in report.controls.videos.items()
        ]
        sections.append("## Control videos\n\n" + table(("kind", "file", "frames"), rows, (2,)))
    if report.drive.collisions:
        hits = [
            (
                f"{(c.stamp_ns - report.t0_ns) / NS_PER_S:.2f} s",
                c.id,
                c.label,
                f"{c.ego_speed_mps:.1f} m/s",
            )
            for c in report.drive.collisions
        ]
        head = ("at", "object", "class", "ego speed")
        sections.append("## Collisions\n\n" + table(head, hits))
    sections.append("![what the sensors saw](contact_sheet.png)")
    return "\n\n".join(sections) + "\n"


def _outcome(report: Report) -> str:
    """Return how the run ended; one that was broken off left no word of its end."""
    if report.state == "running":
        return f"{report.ending}: the recording has no end of the run"
    return report.ending + (f": {report.reason}" if report.reason else "")


def _overview(report: Report) -> str:
    drive, commands, objects = report.drive, report.commands, report.objects
    streams = report.planned().values()
    rows = [
        ("outcome", _outcome(report)),
        ("mode", report.mode),
        ("simulated", f"{report.simulated_s:g} s, {report.frames} frames"),
        ("wall time per simulated second", _or_dash(report.wall_s_per_simulated_s, "{:.2f} s")),
        ("streams complete", f"{sum(s.complete for s in streams)} of {len(streams)}"),
        ("distance", f"{drive.distance_m:.1f} m"),
        ("speed", f"{drive.mean_speed_mps:.1f} m/s mean, {drive.max_speed_mps:.1f} m/s max"),
        ("route completion", _or_dash(drive.route_completion, "{:.1%}")),
        ("collisions", str(len(drive.collisions))),
        (
            "commands",
            "–"
            if commands is None
            else ", ".join(
                (
                    f"{_or_dash(commands.accepted, '{}')} accepted",
                    f"{_or_dash(commands.late, '{}')} late",
                    f"{_or_dash(commands.refused, '{}')} refused",
                )
            ),
        ),
        (
            "objects",
            ", ".join(
                (
                    f"{objects.seen} seen",
                    f"{objects.bound} drawn by NuRec",
                    f"{_or_dash(objects.not_renderable, '{}')} not renderable",
                )
            ),
        ),
        ("hash of the run", f"`{report.run_sha256}`"),
    ]
    rows += [("without a place to stop", text) for text in report.unplaced_lights]
    error = report.replay_error_m
    if error is not None:
        rows.append(("distance to the log", f"{error.mean:.4f} m mean, {error.max:.4f} m max"))
    return table(("what", "value"), rows)


def _verdict(verdict: ScenarioVerdict) -> str:
    rows = [(one.status, one.sentence, one.condition) for one in verdict.conditions]
    head = f"**{verdict.status}** at {verdict.time_s:.2f} s"
    page = f"{head}\n\n" + table(("verdict", "what happened", "condition"), rows)
    return page + (f"\n\n![the decisive moment]({PICTURE})" if decisive(verdict) else "")


def _scores(scores: Mapping[str, ScoreTotal]) -> str:
    rows = [
        (one.title, _or_dash(one.value, "{:.4g}"), f"{one.best:g}", one.status)
        for one in scores.values()
    ]
    told = "Parts, infractions and pictures: [scores/scores.html](scores/scores.html)."
    return table(("score", "value", "best", "status"), rows, (1, 2)) + f"\n\n{told}"


def _timings(timings: Mapping[str, Mapping[str, StageTime]]) -> str:
    rows = [
        (
            node,
            stage,
            str(t.count),
            f"{t.p50_ms:.2f}",
            f"{t.p99_ms:.2f}",
            f"{t.max_ms:.2f}",
        )
        for node, stages in timings.items()
        for stage, t in stages.items()
    ]
    return table(("node", "stage", "count", "p50 ms", "p99 ms", "max ms"), rows, (2, 3, 4, 5))


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)
