"""Score a drive by its messages as they come: what a bag of them gives, to the last digit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ...core.run_contract.topics import TOPICS
from ...evaluation.scores.context import ScoreContext
from ...evaluation.scores.plans import Plans
from ...evaluation.scores.records import TickScores
from ...evaluation.scores.scorer import DriveScorer
from ...recording.read_back.drive_reader import DriveReader
from ...world.states import WorldState
from .asked import AskedScores
from .scored import Array, ScoredDrive

MOST_KEPT = 200_000
"""States of actors that are kept for pictures, about 100 MB; later ones are scored alike."""


class LiveScores:
    """The scores of a drive that goes on; what is told once must have come before its first tick.

    ``source`` is what the report says was scored.
    """

    def __init__(self, asked: AskedScores, source: str) -> None:
        self._asked, self._source = asked, source
        self._reader = DriveReader()
        self._told: set[str] = set()
        self._context: ScoreContext | None = None
        self._scorer: DriveScorer | None = None
        self._path: list[Array] = []
        self._driven: list[Array] = []
        self._stamps_ns: list[int] = []
        self._plans = Plans()
        self._states: dict[int, WorldState] = {}
        self._kept = 0

    @property
    def ticks(self) -> int:
        """How many ticks were scored."""
        return len(self._path)

    def tell(self, key: str, message: Any) -> None:
        """Take a message that is told once, by its row of the table of topics."""
        self._reader.tell(key, message)
        self._told.add(key)

    def plan(self, message: Any) -> None:
        """Take a plan of the topic ``plan``, at any time."""
        self._plans.add(message)

    def lacks(self, keys: Iterable[str]) -> list[str]:
        """Return a phrase for each of these rows that was not told yet."""
        return [f"{TOPICS[key].name} has not come" for key in keys if key not in self._told]

    @property
    def begun(self) -> bool:
        """Whether the map and the route that count are taken."""
        return self._scorer is not None

    def begin(self) -> None:
        """Take what was told, which needs a moment for large maps; the first tick does it else."""
        if self._scorer is None:
            self._context = self._asked.context(self._reader.route, self._reader.xodr)
            self._scorer = DriveScorer(self._context, self._asked.names, self._source)

    def add(self, stamp_ns: int, messages: Mapping[str, Any]) -> TickScores:
        """Score the tick of these messages, by rows of the table.

        InputError for one that is not later than the last, ProtocolError for an ego without size.
        """
        self.begin()
        assert self._scorer is not None
        state = self._reader.state(stamp_ns, messages)
        told = self._scorer.update(state)
        self._path.append(state.ego.box.map_from_box[:2, 3])
        self._driven.append(state.ego.map_from_base[:2, 3])
        self._stamps_ns.append(stamp_ns)
        if self._kept < MOST_KEPT:
            self._states[stamp_ns] = state
            self._kept += 1 + len(state.actors)
        return told

    def scored(self) -> ScoredDrive:
        """Return the scores of all ticks so far, of which there must be one."""
        assert self._scorer is not None
        assert self._context is not None
        plans = self._plans.figures(np.array(self._stamps_ns, np.int64), np.array(self._driven))
        report = self._scorer.result().model_copy(update={"plans": plans})
        path = np.array(self._path)
        context = self._context
        return ScoredDrive(report, path, context.route, context.opendrive, self._states)
