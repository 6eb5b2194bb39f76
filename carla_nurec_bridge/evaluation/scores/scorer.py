"""Score a drive: tick by tick while it goes on, or all of a recorded one, with the same result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...core.errors import InputError
from ...core.near_names import near_names
from ...world.states import WorldState
from .alpasim import AlpasimScore
from .bench2drive import Bench2DriveScore
from .context import Score, ScoreContext
from .leaderboard.criteria import Criteria
from .leaderboard.score import LeaderboardScore
from .moment import MomentReader
from .navsim.metrics import NavsimMetrics
from .navsim.score import NavsimScore
from .neuroncap import NeuroncapScore
from .nuplan.score import NuplanScore
from .records import FORMAT, ScoreReport, TickScores, named


@dataclass(frozen=True)
class _Shared:
    """What several scores of one drive look at, computed once."""

    context: ScoreContext
    criteria: Criteria
    navsim: NavsimMetrics


SCORES: Mapping[str, Callable[[_Shared], Score]] = {
    "nuplan": lambda shared: NuplanScore(shared.context),
    "pdms": lambda shared: NavsimScore("pdms", shared.navsim),
    "epdms": lambda shared: NavsimScore("epdms", shared.navsim),
    "leaderboard_2_0": lambda shared: LeaderboardScore("2.0", shared.criteria),
    "leaderboard_2_1": lambda shared: LeaderboardScore("2.1", shared.criteria),
    "bench2drive": lambda shared: Bench2DriveScore(shared.criteria),
    "alpasim": lambda shared: AlpasimScore(shared.context),
    "neuroncap": lambda shared: NeuroncapScore(shared.context),
}
"""Every score by its name, in the order in which all of them are told."""


def check_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of scores; InputError for one that there is not, all of them for none."""
    for name in names:
        if name not in SCORES:
            near = near_names(name, SCORES) or list(SCORES)
            raise InputError(f"there is no score called {name!r}; try {', '.join(near)}")
    return tuple(dict.fromkeys(names)) or tuple(SCORES)


def asked_scores(text: str) -> tuple[str, ...]:
    """Return the names in a text with commas, all of them for ``all`` or nothing; InputError."""
    words = [word for word in text.replace(" ", "").split(",") if word]
    return check_names([] if words == ["all"] else words)


class DriveScorer:
    """Scores of one drive, told its states in order of time."""

    def __init__(self, context: ScoreContext, names: Sequence[str] = (), source: str = "") -> None:
        self._source = source
        self._reader = MomentReader(context.cover)
        shared = _Shared(context, Criteria(context), NavsimMetrics(context))
        self._scores = [SCORES[name](shared) for name in check_names(names)]
        self._stamps_ns: list[int] = []
        self._series: dict[str, list[float | None]] = {}

    def update(self, state: WorldState) -> TickScores:
        """Look at the next state and return what the scores say at it.

        InputError for one that is not later than the last, ProtocolError for an ego without size.
        """
        if self._stamps_ns and state.stamp_ns <= self._stamps_ns[-1]:
            raise InputError(
                f"the state of {state.stamp_ns} ns comes after that of {self._stamps_ns[-1]} ns; "
                "scores are told the states of one drive in order of time, each once"
            )
        moment = self._reader.read(state)
        values: dict[str, float | None] = {}
        for score in self._scores:
            values |= named(score.update(moment), score.name)
        self._stamps_ns.append(state.stamp_ns)
        for name, value in values.items():
            self._series.setdefault(name, []).append(value)
        return TickScores(stamp_ns=state.stamp_ns, values=values)

    def result(self) -> ScoreReport:
        """Return the scores of all states so far; InputError when there was none."""
        stamps = self._stamps_ns
        if not stamps:
            raise InputError("a drive without a single state has no score")
        return ScoreReport(
            format=FORMAT,
            source=self._source,
            ticks=len(stamps),
            duration_s=(stamps[-1] - stamps[0]) / 1e9,
            scores=tuple(score.result() for score in self._scores),
            stamps_ns=tuple(stamps),
            series={name: tuple(values) for name, values in self._series.items()},
        )


def score_drive(
    states: Iterable[WorldState],
    context: ScoreContext,
    names: Sequence[str] = (),
    source: str = "",
) -> ScoreReport:
    """Return the scores of a recorded drive; all scores without names."""
    scorer = DriveScorer(context, names, source)
    for state in states:
        scorer.update(state)
    return scorer.result()
