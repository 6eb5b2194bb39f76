"""What a look at the machine found, and how to ask programs without waiting for ever."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

State = Literal["ok", "note", "missing"]
"""``missing`` is needed and not there; ``note`` is worth knowing, and things work without it."""

Result = TypeVar("Result")
_SAID = 200


@dataclass(frozen=True)
class Finding:
    """One row: what was looked at, how it is, what was found, and how to fix or read it."""

    name: str
    state: State
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Said:
    """What a program printed; ``wrong`` says why it is of no use, "" if nothing."""

    text: str
    wrong: str = ""


def ask_program(words: Sequence[str], limit_s: float) -> Said:
    """Run a program that only tells something, and end it after ``limit_s`` seconds."""
    name = words[0].rpartition("/")[2]
    try:
        process = subprocess.Popen(
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        return Said("", f"{name}: {error.strerror}")
    try:
        out, told = process.communicate(timeout=limit_s)
    except BaseException as error:
        # Programs that it started hold its pipes open, and must go with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with process:
            pass
        if isinstance(error, subprocess.TimeoutExpired):
            return Said("", f"{name} did not answer within {limit_s:g} s")
        raise
    if process.returncode != 0:
        lines = (told or out).strip().splitlines()
        return Said(out, lines[-1][:_SAID] if lines else f"exit code {process.returncode}")
    return Said(out)


def all_within(works: Iterable[tuple[str, Callable[[], Finding]]], limit_s: float) -> list[Finding]:
    """Do named looks at once; one that takes longer than ``limit_s`` is told as not answering.

    Its thread is left behind, and ends with the process at the latest.
    """
    started = []
    for name, work in works:
        found: list[Finding] = []
        thread = threading.Thread(target=lambda w=work, f=found: f.append(w()), daemon=True)
        thread.start()
        started.append((name, found, thread))
    late = threading.Event()
    timer = threading.Timer(limit_s, late.set)
    timer.daemon = True
    timer.start()
    results = []
    for name, found, thread in started:
        while thread.is_alive() and not late.is_set():
            thread.join(0.05)
        silent = Finding(
            name, "missing", f"no answer within {limit_s:g} s", "is it overloaded, or not itself?"
        )
        results.append(found[0] if found else silent)
    timer.cancel()
    return results
