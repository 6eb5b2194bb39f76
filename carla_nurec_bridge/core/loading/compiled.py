"""Functions that numba compiles when they are first called: who never calls one needs no numba.

To load numba takes a third of a second of processor time, in each process of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from .deferred import deferred

numba = deferred("numba")


class Compiled:
    """A function of arrays and numbers; its machine code is kept on disk."""

    def __init__(
        self, function: Callable[..., Any], types: Sequence[str], options: dict[str, Any]
    ) -> None:
        self.__doc__ = function.__doc__
        self._function = function
        self._types = list(types)
        self._options = options

    def __call__(self, *arguments: Any) -> Any:
        """Call the machine code, made first if need be."""
        return self.machine_code(*arguments)

    def make_ready(self) -> None:
        """Have the machine code before the first call, compiled where the disk does not keep it."""
        _ = self.machine_code

    @cached_property
    def machine_code(self) -> Any:
        """The function of numba, read from the disk or compiled when it is first asked for."""
        return numba.njit(self._types or None, cache=True, **self._options)(self._function)


def compiled(*types: str, **options: Any) -> Callable[[Callable[..., Any]], Compiled]:
    """Return a decorator that makes a function a ``Compiled`` one.

    ``types`` are the signatures in numba's words; without any they are those of the calls.
    ``options`` are numba's. Compiled functions cannot call each other.
    """
    return lambda function: Compiled(function, types, options)
