"""Run benchmarks and make one JSON file and one Markdown table of what they tell.

Figures are compared by their ratio to the floor or peer of their own run, which another machine,
or a busier one, changes least.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from _figures import FILE, QUICK, Figure

Machine = dict[str, Any]
Figures = dict[tuple[str, str], Figure]
"""By benchmark and name."""

HERE = Path(__file__).parent
EXAMPLES = """examples:
  ./dev bench                                       all of them; an hour
  ./dev bench start_up recording --quick            two of them, with few rounds
  ./dev bench rendering --against bench.json --json later.json"""


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; return 1 when a benchmark failed, 130 when the user ended it.

    Files are written after each benchmark, so that whoever ends a run keeps what it had found.
    """
    asked = options(arguments)
    before = known(asked.against)
    machine = described()
    figures: list[Figure] = []
    failed, silent = [], []
    for name in asked.names or names():
        print(f"== {name}", file=sys.stderr, flush=True)
        try:
            found, code = run(name, quick=asked.quick)
        except KeyboardInterrupt:
            print(f"\nended in {name}; kept: {kept(asked.json)}", file=sys.stderr)
            return 130
        figures += found
        failed += [name] if code else []
        silent += [] if found else [name]
        text = table(machine, figures, before, silent)
        write(asked.json, machine, figures, text)
    print(text)
    print(f"written: {kept(asked.json)}", file=sys.stderr)
    for name in failed:
        print(f"error: {name} failed", file=sys.stderr)
    return 1 if failed else 0


def write(file: Path, machine: Machine, figures: Sequence[Figure], text: str) -> None:
    """Write the figures so far, and their table beside them."""
    content = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    file.write_text(json.dumps(content, indent=1) + "\n")
    file.with_suffix(".md").write_text(text + "\n")


def kept(file: Path) -> str:
    """Return the names of the files that are there for ``--json FILE``."""
    there = [str(path) for path in (file, file.with_suffix(".md")) if path.exists()]
    return ", ".join(there) or "nothing yet"


def names() -> list[str]:
    """Return the names of all benchmarks."""
    return sorted(path.stem for path in HERE.glob("[a-z]*.py"))


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options, with paths and known names."""
    parser = argparse.ArgumentParser(
        "./dev bench",
        description="Run all benchmarks, or those that are named, and tell figures beside floors.",
        epilog=f"{EXAMPLES}\n\nbenchmarks: {', '.join(names())}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="file below benchmarks/")
    parser.add_argument("--quick", action="store_true", help="few rounds, where one can choose")
    parser.add_argument("--against", type=Path, metavar="FILE", help="JSON of an earlier run")
    parser.add_argument(
        "--json",
        type=Path,
        default=Path("bench.json"),
        metavar="FILE",
        help="where figures go (bench.json), and the table beside it as .md",
    )
    asked = parser.parse_args(arguments)
    if asked.json.suffix == ".md":
        parser.error(f"--json {asked.json} is where the table would go; give it another suffix")
    for name in asked.names:
        if name not in names():
            parser.error(f"no benchmark {name}; there are {', '.join(names())}")
    for path in (asked.json, asked.json.with_suffix(".md")):
        if reason := unwritable(path):
            parser.error(f"cannot write {path}: {reason}; give another --json")
    return asked


def unwritable(path: Path) -> str | None:
    """Return why a file of figures cannot be written there, before an hour is spent on them."""
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    if path.is_dir():
        return "it is a folder"
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        return "permission denied"
    return None


def known(against: Path | None) -> Figures:
    """Return the figures of an earlier run by benchmark and name."""
    if against is None:
        return {}
    try:
        rows = json.loads(against.read_text())["figures"]
        figures = [Figure(**row) for row in rows]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SystemExit(f"error: {against} is no file of ./dev bench: {error}") from error
    return {(figure.benchmark, figure.name): figure for figure in figures}


def run(name: str, *, quick: bool) -> tuple[list[Figure], int]:
    """Run one benchmark, which prints; return its figures and its exit code."""
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as told:
        env = {**os.environ, FILE: told.name} | ({QUICK: "1"} if quick else {})
        argv = (sys.executable, HERE / f"{name}.py")
        code = subprocess.run(argv, env=env, check=False).returncode
        found = [Figure(**json.loads(line)) for line in told]
    for figure, times in Counter(one.name for one in found).items():
        if times > 1:  # a later run could not tell which is which
            print(f"error: {name} told {figure!r} {times} times", file=sys.stderr)
            code = code or 1
    return found, code


def described() -> Machine:
    """Return what machine this is, and how busy it is without the benchmarks."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }


def table(
    machine: Machine, figures: Sequence[Figure], before: Figures, silent: Sequence[str] = ()
) -> str:
    """Return the Markdown table: figure, floor or peer, ratio, and the ratio before.

    ``silent`` are the benchmarks that ran and told no figure. Figures of before that a benchmark no
    longer tells are named below it.
    """
    about = "{processor}, {cores} cores, load before {load}, Python {python}".format(**machine)
    lines = [
        about,
        "",
        "| benchmark | figure | value | floor or peer of the same run | ratio |"
        + (" before | change |" if before else ""),
        "| --- | --- | ---: | --- | ---: |" + (" ---: | --- |" if before else ""),
    ]
    for one in figures:
        row = (
            f"| {one.benchmark} | {one.name} | {one.value:.4g} {one.unit} "
            f"| {one.against}: {one.floor:.4g} {one.unit} | {_number(one.ratio)} |"
        )
        if before:
            earlier = before.get((one.benchmark, one.name))
            row += (
                f" {_number(earlier.ratio)} | {one.change(earlier)} |" if earlier else " – | new |"
            )
        lines.append(row)
    lines += [f"| {name} | it told no figure | | | |{' | |' if before else ''}" for name in silent]
    ran = {one.benchmark for one in figures} | set(silent)
    told = {(one.benchmark, one.name) for one in figures}
    gone = [f"{name} of {where}" for where, name in before.keys() - told if where in ran]
    if gone:
        lines += ["", f"told before and no longer: {', '.join(sorted(gone))}"]
    return "\n".join(lines)


def _number(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.3g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
