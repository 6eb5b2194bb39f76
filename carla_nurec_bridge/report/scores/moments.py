"""What happened in a scored drive: infractions of all scores put together, moment by moment."""

from __future__ import annotations

from dataclasses import dataclass

from ...evaluation.scores.records import Infraction, ScoreReport

_SAME_S = 0.2


@dataclass(frozen=True)
class InfractionMoment:
    """One thing that happened: the first infraction of it, and what each score says of it.

    ``told`` are (title of the score, infraction) in order of time.
    """

    told: tuple[tuple[str, Infraction], ...]

    @property
    def first(self) -> Infraction:
        """The infraction that came first."""
        return self.told[0][1]

    @property
    def actors(self) -> tuple[int, ...]:
        """Who else was in it."""
        return self.first.actors


def infraction_moments(report: ScoreReport) -> tuple[InfractionMoment, ...]:
    """Return what happened, by time; the same actors within 0.2 s are the same."""
    found = [(score.title, each) for score in report.scores for each in score.infractions]
    found.sort(key=lambda pair: pair[1].stamp_ns)
    moments: list[list[tuple[str, Infraction]]] = []
    for title, each in found:
        same = (
            moment
            for moment in moments
            if moment[0][1].actors == each.actors and each.time_s - moment[0][1].time_s <= _SAME_S
        )
        known = next(same, None)
        if known is None:
            moments.append([(title, each)])
        else:
            known.append((title, each))
    return tuple(InfractionMoment(tuple(moment)) for moment in moments)
