"""Publishers that the recorder cannot hear, found whenever in a run they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import final

LOOK_S = 3.0
"""Wall time between two looks; one takes some milliseconds."""


@final
class MismatchWatch:
    """Tells each publisher whose quality of service does not fit once; ``found`` has them all."""

    def __init__(
        self, mismatched: Callable[[], Sequence[str]], warn: Callable[[str], object]
    ) -> None:
        """Look nowhere yet.

        * mismatched: returns a sentence for each publisher that cannot be heard now.
        * warn: hears those that are new.
        """
        self._mismatched = mismatched
        self._warn = warn
        self._looked_s: float | None = None
        self.found: tuple[str, ...] = ()

    def look_if_due(self, now_s: float) -> None:
        """Look when that is ``LOOK_S`` ago; ``now_s`` is monotonic wall time."""
        if self._looked_s is None or now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self.look()

    def look(self) -> None:
        """Look at once."""
        new = sorted(set(self._mismatched()) - set(self.found))
        self.found += tuple(new)
        for sentence in new:
            self._warn(sentence)
