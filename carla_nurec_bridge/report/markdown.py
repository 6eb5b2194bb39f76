"""The report as a page to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


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


def stream_rows(content: dict[str, Any]) -> list[list[str]]:
    """Return topic, expected, recorded, size and hash of every stream, planned ones first."""
    streams = content["streams"].items()
    planned = [(t, s) for t, s in streams if s["expected"] is not None]
    events = [(t, s) for t, s in streams if s["expected"] is None and s["recorded"]]
    return [
        [
            topic,
            "–" if s["expected"] is None else str(s["expected"]),
            str(s["recorded"]) + (f" + {s['extra']}" if s["extra"] and s["expected"] else ""),
            size(s["bytes"]),
            (s["sha256"] or "–")[:12],
        ]
        for topic, s in (*planned, *events)
    ]


def size(count: int) -> str:
    """Return a number of bytes in a unit that reads well."""
    if count < 1000:
        return f"{count} B"
    for unit in ("kB", "MB"):
        count_in = count / (1e3 if unit == "kB" else 1e6)
        if count_in < 1000:
            return f"{count_in:.1f} {unit}"
    return f"{count / 1e9:.2f} GB"


def report_markdown(content: dict[str, Any]) -> str:
    """Return the page of a report's content."""
    sections = [
        "# Run report\n\n" + _overview(content),
        "## Streams\n\n"
        "Expected counts come from the rig's rates and the tick schedule; the hash (first 12 "
        "digits, the rest is in report.json) is over the messages' bytes.\n\n"
        + table(
            ("topic", "expected", "recorded", "size", "sha256"), stream_rows(content), (1, 2, 3)
        ),
        "## Time\n\n" + _timings(content["timings"]),
    ]
    if content["controls"]:
        rows = [
            (kind, f"{content['controls']['directory']}/{v['file']}", str(v["frames"]))
            for kind, v in content["controls"]["videos"].items()
        ]
        sections.append("## Control videos\n\n" + table(("kind", "file", "frames"), rows, (2,)))
    if content["drive"]["collisions"]:
        hits = [
            (
                f"{(c['stamp_ns'] - content['t0_ns']) / 1e9:.2f} s",
                c["object"],
                c["class"],
                f"{c['ego_speed_mps']:.1f} m/s",
            )
            for c in content["drive"]["collisions"]
        ]
        head = ("at", "object", "class", "ego speed")
        sections.append("## Collisions\n\n" + table(head, hits))
    sections.append("![what the sensors saw](contact_sheet.png)")
    return "\n\n".join(sections) + "\n"


def _overview(content: dict[str, Any]) -> str:
    drive, commands = content["drive"], content["commands"]
    objects = content["objects"]
    streams = [s for s in content["streams"].values() if s["expected"] is not None]
    whole = sum(s["recorded"] == s["expected"] for s in streams)
    rows = [
        ("outcome", content["state"] + (f": {content['reason']}" if content["reason"] else "")),
        ("mode", str(content.get("mode", "–"))),
        ("simulated", f"{content['simulated_s']:g} s, {content['frames']} frames"),
        ("wall time per simulated second", _or_dash(content["wall_s_per_simulated_s"], "{:.2f} s")),
        ("streams complete", f"{whole} of {len(streams)}"),
        ("distance", f"{drive['distance_m']:.1f} m"),
        ("speed", f"{drive['mean_speed_mps']:.1f} m/s mean, {drive['max_speed_mps']:.1f} m/s max"),
        ("route completion", _or_dash(drive["route_completion"], "{:.1%}")),
        ("collisions", str(len(drive["collisions"]))),
        (
            "commands",
            "–"
            if commands is None
            else f"{commands['accepted']} accepted, {commands['late']} late, "
            f"{commands['refused']} refused",
        ),
        (
            "objects",
            ", ".join(
                (
                    f"{objects['seen']} seen",
                    f"{_or_dash(objects['bound'], '{}')} drawn by NuRec",
                    f"{_or_dash(objects['not_renderable'], '{}')} not renderable",
                )
            ),
        ),
        ("hash of the run", f"`{content['run_sha256']}`"),
    ]
    rows += [("without a place to stop", text) for text in content["unplaced_lights"]]
    error = content.get("replay_error_m")
    if error is not None:
        rows.append(
            ("distance to the log", f"{error['mean']:.4f} m mean, {error['max']:.4f} m max")
        )
    return table(("what", "value"), rows)


def _timings(timings: dict[str, dict[str, dict[str, float]]]) -> str:
    rows = [
        (
            node,
            stage,
            str(t["count"]),
            f"{t['p50_ms']:.2f}",
            f"{t['p99_ms']:.2f}",
            f"{t['max_ms']:.2f}",
        )
        for node, stages in timings.items()
        for stage, t in stages.items()
    ]
    return table(("node", "stage", "count", "p50 ms", "p99 ms", "max ms"), rows, (2, 3, 4, 5))


def _or_dash(value: Any, form: str) -> str:
    return "–" if value is None else form.format(value)
