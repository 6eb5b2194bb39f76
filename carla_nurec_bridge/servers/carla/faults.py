"""What goes wrong in this server: contained where it happens, told in one line, counted."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from types import TracebackType

from ...core.errors import BridgeError

log = logging.getLogger(__name__)

TOLD_AT = frozenset({1, 10, 100, 1_000, 10_000, 100_000, 1_000_000})


class Faults:
    """Tells of faults by what they befell: the first of each, then the 10th, the 100th, ..."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()

    def within(self, what: str, then: str) -> Containment:
        """Return a context whatever is raised in which is told of and goes no further.

        ``what`` names the part of the frame, ``then`` says what becomes of it.
        """
        return Containment(self, what, then)

    def tell(self, what: str, then: str, error: Exception) -> None:
        """Log an unforeseen error in one line: what it befell, where it is, where to report it."""
        frames = traceback.extract_tb(error.__traceback__)
        place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        self._log(
            logging.ERROR,
            what,
            f"{what} failed: {type(error).__name__}: {error}{place}; {then}. Please report this "
            "line where you got carla_nurec_bridge from",
        )

    def refused(self, what: str, why: str) -> None:
        """Log that something asked for was not done, or not as asked."""
        self._log(logging.WARNING, what, f"{what}: {why}")

    def _log(self, level: int, key: str, text: str) -> None:
        self._count[key] += 1
        count = self._count[key]
        if count in TOLD_AT:
            log.log(level, "%s%s", text, f" (seen {count} times)" if count > 1 else "")


class Containment:
    """The context of ``Faults.within``; ``error`` is what was raised in it, if anything.

    ``what`` may change within. A ``BridgeError`` is the fault of who asked, and told as such.
    """

    __slots__ = ("_faults", "_then", "error", "what")

    def __init__(self, faults: Faults, what: str, then: str) -> None:
        self._faults, self.what, self._then = faults, what, then
        self.error: Exception | None = None

    def __enter__(self) -> Containment:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if isinstance(error, Exception):
            self.error = error
            if isinstance(error, BridgeError):
                self._faults.refused(self.what, f"{error}; {self._then}")
            else:
                self._faults.tell(self.what, self._then, error)
        return self.error is not None
