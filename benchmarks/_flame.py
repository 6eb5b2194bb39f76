"""Draw a flame graph of a run from what py-spy has recorded of all its processes.

    py-spy record --subprocesses -t --nonblocking -f raw -o run.raw -- carla-nurec demo
    python benchmarks/_flame.py run.raw docs/images/run_flame.svg

Each process is a block, from its threads down to functions; the width is its share of the samples.
Samples of threads that wait, of imports and of compiling are left out.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

WIDTH, ROW, TEXT_PX = 1200.0, 15.0, 5.6
LEAST_SHARE = 0.004
DEPTH = 16
SAMPLE = re.compile(r"(?P<stack>.*) (?P<count>\d+)$")
LEFT_OUT = ("numba/core", "importlib")
WAITING = re.compile(
    r"\((.*/)?(threading|selectors)\.py|wait \(.*runtime/kept_executor\.py|"
    r"_wait_for_ready_callbacks \(.*executors\.py|_serve \(.*_server\.py|_worker \(.*thread\.py"
)
"""Calls that end a stack where a thread waits: for each other, for DDS, for gRPC, for work."""
BETWEEN = ("_bootstrap", "runpy", "Thread.run", "click/", "concurrent/", "contextlib", "<module>")
PROGRAM = re.compile(r"nodes/(?P<node>\w+)\.py|cli/(carla/serve|nurec/serve|rehearse|demo)\.py")
PROGRAMS = {
    "cli/carla/serve.py": "CARLA server",
    "cli/nurec/serve.py": "NuRec server",
    "cli/rehearse.py": "rehearsal",
    "cli/demo.py": "carla-nurec demo",
}
COLOURS = ("#e8743b", "#f0a04b", "#e9b44c", "#d96c4f")


@dataclass
class Block:
    """A function below those that called it, with the samples of itself and all below."""

    count: int = 0
    below: dict[str, Block] = field(default_factory=dict)

    def add(self, path: list[str], count: int) -> None:
        """Count samples along a path of calls."""
        self.count += count
        if path:
            self.below.setdefault(path[0], Block()).add(path[1:], count)


def samples(raw: Path) -> Iterator[tuple[str, list[str], int]]:
    """Yield the process of each stack, its thread and calls, and how often it was seen."""
    held = ""
    with raw.open(errors="replace") as lines:
        for line in lines:
            held += line.rstrip("\n")  # a command line may have several
            found = SAMPLE.match(held)
            if found is None:
                continue
            held, (process, _, rest) = "", found["stack"].rpartition("thread (")
            thread, *frames = rest.partition("): ")[2].split(";")
            if frames:
                number = re.findall(r"process (\d+):", process)
                yield (number or [""])[-1], [thread, *frames], int(found["count"])


def stacks(raw: Path) -> Iterator[tuple[list[str], int]]:
    """Yield the calls of each stack that works, from its process on, and how often it was seen."""
    names = {}
    # By its calls: py-spy may have read the command line before a forked process took its own.
    for process, calls, _ in samples(raw):
        found = PROGRAM.search(";".join(calls))
        if found:
            names[process] = PROGRAMS.get(found[0], found["node"])
    for process, calls, count in samples(raw):
        last, stack = calls[-1], ";".join(calls)
        if WAITING.search(last) or any(word in stack for word in LEFT_OUT):
            continue
        short = [re.sub(r":\d+\)$", ")", call) for call in calls]
        short = [call for call in short if not any(word in call for word in BETWEEN)]
        yield [names.get(process, "starting"), *short], count


def rectangles(block: Block, x: float, depth: int, whole: int) -> Iterator[str]:
    """Yield SVG of what is below a block, the widest first."""
    for name, one in sorted(block.below.items(), key=lambda item: -item[1].count):
        width = WIDTH * one.count / whole
        if one.count < LEAST_SHARE * whole or depth >= DEPTH:
            continue
        short = re.sub(r" \(.*/([^/]+)\)$", r" (\1)", name)
        room = int(width / TEXT_PX) - 1
        label = short if len(short) <= room else short[: max(0, room - 1)] + "…" * (room > 2)
        yield (
            f'<g><title>{escape(name)}: {one.count / whole:.1%}</title><rect x="{x:.1f}" '
            f'y="{depth * ROW:.0f}" width="{width:.1f}" height="{ROW - 1:.0f}" '
            f'fill="{COLOURS[len(name) % len(COLOURS)]}"/><text x="{x + 2:.1f}" '
            f'y="{depth * ROW + 10.5:.1f}">{escape(label)}</text></g>'
        )
        yield from rectangles(one, x, depth + 1, whole)
        x += width


def main() -> None:
    """Write the picture."""
    root = Block()
    for path, count in stacks(Path(sys.argv[1])):
        root.add(path, count)
    body = "\n".join(rectangles(root, 0.0, 0, root.count))
    Path(sys.argv[2]).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {DEPTH * ROW:.0f}" '
        f'font-family="sans-serif" font-size="10"><rect width="100%" height="100%" fill="#fff"/>\n'
        f"{body}\n</svg>\n"
    )


if __name__ == "__main__":
    if len(sys.argv) != 3 or {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)
        raise SystemExit(0 if len(sys.argv) == 2 else 2)
    main()
