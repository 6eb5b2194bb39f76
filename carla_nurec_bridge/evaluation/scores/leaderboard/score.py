"""The driving score of CARLA's Leaderboard: completion of the route times a penalty."""

from __future__ import annotations

from ..moment import DriveMoment
from ..records import ScoreResult, factor, part, thresholds_of
from .criteria import Criteria
from .penalty import COSTS, FACTORS, Version

NOTES = (
    "Contacts are overlaps of boxes at the ticks, not events of CARLA's collision sensor.",
    "All other vehicles are the traffic of the least speed; bags do not tell role names.",
    "Timeouts of scenarios and yielding to emergency vehicles are not seen in world states.",
    "Stop signs hold on 3 m of lane before their line; CARLA's trigger volumes are not known.",
)


class LeaderboardScore:
    """The driving score of one version, 0 to 100."""

    def __init__(self, version: Version, criteria: Criteria) -> None:
        self.name = f"leaderboard_{version.replace('.', '_')}"
        self._version: Version = version
        self._criteria = criteria

    def update(self, moment: DriveMoment) -> dict[str, float | None]:
        """Look at the next tick; return the score so far and its two parts."""
        self._criteria.update(moment)
        verdict = self._criteria.verdict()
        penalty = verdict.penalty(self._version)
        completion = verdict.completion_percent
        composed = None if completion is None else completion * penalty
        return {"score_composed": composed, "score_route": completion, "score_penalty": penalty}

    def result(self) -> ScoreResult:
        """Return the score of all ticks so far."""
        verdict = self._criteria.verdict()
        completion, penalty = verdict.completion_percent, verdict.penalty(self._version)
        worth = FACTORS if self._version == "2.0" else COSTS
        return ScoreResult(
            name=self.name,
            title=f"CARLA Leaderboard {self._version}",
            metric_version=f"leaderboard-{self._version}, scenario_runner leaderboard-2.1, 2026-11",
            value=None if completion is None else max(completion * penalty, 0.0),
            best=100.0,
            status=verdict.status,
            components=(
                factor("score_route", completion),
                factor("score_penalty", penalty),
                part("outside_route_lanes_percent", verdict.outside_percent),
                *(part(kind, float(verdict.counts.get(kind, 0))) for kind in worth),
                part("min_speed_infractions", float(len(verdict.slow_percent))),
            ),
            infractions=verdict.infractions,
            thresholds={
                **thresholds_of(self._criteria.limits),
                **{f"worth_of_{kind}": value for kind, value in worth.items()},
            },
            notes=NOTES,
        )
