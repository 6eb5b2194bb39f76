"""``--help`` of the benchmarks that take a number or nothing: what they measure and how to run."""

from __future__ import annotations

import sys


def show_help(about: str | None) -> None:
    """Print what a benchmark is about and end, if that is all that was asked for."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(about)
        raise SystemExit(0)
