"""Closing several parts: whatever one of them raises, the others are closed and all is told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, TypeVar, final

from .errors import RunError
from .machine.interrupts import uninterrupted

_log = logging.getLogger(__name__)


class Closable(Protocol):
    """A part that is closed once it is no longer needed."""

    def close(self) -> object:
        """End what it does."""


Part = TypeVar("Part", bound=Closable)


@final
class Teardown:
    """The parts that are closed at the end of a ``with`` block, the last one first.

    A close that raises keeps no other part open. ``close`` and a block that ended well raise
    RunError, which names every part that failed and why; a block that raised keeps its own error,
    and the parts are told in the log. Where ``excused`` says, once something failed, that this had
    to be (the server that held the parts is gone), nothing is told.
    """

    def __init__(self, excused: Callable[[], bool] = lambda: False) -> None:
        self._excused = excused
        self._parts: list[tuple[str, Callable[[], object]]] = []

    @classmethod
    def in_order(
        cls, *parts: tuple[str, Callable[[], object]], excused: Callable[[], bool] = lambda: False
    ) -> Teardown:
        """Return a teardown of named closes that are called as they are given, first to last."""
        teardown = cls(excused)
        teardown._parts = list(reversed(parts))
        return teardown

    def add(self, name: str, close: Callable[[], object]) -> None:
        """Have ``close`` called at the end; ``name`` says in an error what it closes."""
        self._parts.append((name, close))

    def keep(self, name: str, part: Part) -> Part:
        """Have a part closed at the end, and return it."""
        self.add(name, part.close)
        return part

    def hand_over(self) -> Teardown:
        """Return a teardown that has the parts from now on; this one closes none of them."""
        other = Teardown(self._excused)
        other._parts, self._parts = self._parts, []
        return other

    def close(self) -> None:
        """Close all parts; RunError names those that failed. A second call does nothing."""
        failures = self._close_all()
        if failures:
            raise RunError(_sentence(failures))

    def close_after(self, error: BaseException | None) -> None:
        """Close all parts at the end of a block that raised ``error``, or None."""
        if error is None:
            self.close()
        elif failures := self._close_all():
            _log.error("%s", _sentence(failures))

    def __enter__(self) -> Teardown:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close_after(value)

    def _close_all(self) -> list[str]:
        """Close all parts; return what failed, in words.

        An interrupt is raised after the last; what failed is in the log then. Those by signals wait
        as well: a close that is torn out of halfway leaves threads, files and shared memory behind.
        """
        with uninterrupted():
            return self._close_each()

    def _close_each(self) -> list[str]:
        failures: list[str] = []
        interrupt: BaseException | None = None
        while self._parts:
            name, close = self._parts.pop()
            try:
                close()
            except Exception as error:  # noqa: BLE001 - the other parts are to be closed too
                failures.append(f"{name} ({str(error) or type(error).__name__})")
            except BaseException as error:  # noqa: BLE001 - as above
                interrupt = error
        if failures and self._excused():
            failures = []
        if interrupt is not None:
            if failures:
                _log.error("%s", _sentence(failures))
            raise interrupt
        return failures


def _sentence(failures: list[str]) -> str:
    return f"not everything could be closed: {'; '.join(failures)}; the rest is closed"
