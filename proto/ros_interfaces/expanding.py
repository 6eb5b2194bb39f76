"""Have EmPy read a template once, although it is expanded for every interface.

It looks for the ends of what stands in a template character by character, and compiles each
expression again whenever it comes: that is most of the time that generating takes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import CodeType
from typing import Any

import em


def read_once() -> None:
    """Have all templates of this process read so; once is enough."""
    if hasattr(em.Scanner.complex, "__wrapped__"):
        return
    for name in ("complex", "next"):
        setattr(em.Scanner, name, _remembering(getattr(em.Scanner, name)))
    em.evalFunc, em.execFunc = _compiling_once(eval), _compiling_once(exec)


def _remembering(scan: Callable[..., int]) -> Callable[..., int]:
    """Return ``scan``, which finds a place in the rest of a scanner's text, with a memory.

    That there is no such place is an error, and remembered too.
    """
    known: dict[tuple[object, ...], int | em.ParseError] = {}

    @functools.wraps(scan)
    def scanned(scanner: em.Scanner, *arguments: object) -> int:
        asked = scanner.buffer, scanner.head + scanner.pointer, *arguments
        if asked not in known:
            try:
                known[asked] = scan(scanner, *arguments)
            except em.ParseError as error:
                known[asked] = error
        found = known[asked]
        if isinstance(found, em.ParseError):
            raise type(found)(*found.args)
        return found

    return scanned


def _compiling_once(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``eval`` or ``exec`` with a memory of what it has compiled."""

    @functools.cache
    def compiled(code: str) -> CodeType:
        return compile(code.lstrip(" \t") if run is eval else code, "<string>", run.__name__)

    @functools.wraps(run)
    def running(code: str, *spaces: dict[str, Any]) -> Any:
        return run(compiled(code), *spaces)

    return running
