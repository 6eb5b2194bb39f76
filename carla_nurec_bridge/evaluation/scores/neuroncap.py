"""NeuroNCAP's score: full marks without a collision, fewer the harder one hits.

Source: github.com/atonderski/neuro-ncap, commit ecdcf28.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...core.run_contract.record import Record
from ..footprints import time_to_touch_s
from .context import ScoreContext
from .moment import DriveMoment
from .records import Infraction, ScoreResult, part, thresholds_of


class NeuroncapLimits(Record):
    """The marks of NeuroNCAP."""

    full: float = Field(default=5.0, description="marks without a collision")
    most_with_collision: float = Field(default=4.0, description="marks of the softest collision")


DEFAULTS = NeuroncapLimits()
_NOTES = (
    "Contacts between two ticks count: everybody goes straight on from the tick before.",
    "Without a reference impact speed it is that of the first tick to who is hit.",
)


class NeuroncapScore:
    """NeuroNCAP's score, 0 to 5; the first collision decides."""

    name = "neuroncap"

    def __init__(self, context: ScoreContext, limits: NeuroncapLimits = DEFAULTS) -> None:
        self._context, self._limits = context, limits
        self._last: DriveMoment | None = None
        self._first_mps: dict[int, float] = {}
        self._hit: Infraction | None = None

    def update(self, moment: DriveMoment) -> dict[str, float | None]:
        """Look at the next tick."""
        new = [i for i, x in enumerate(moment.others.ids) if x not in self._first_mps]
        if new:
            closing = _closing_mps(moment)
            for i in new:
                if np.isfinite(closing[i]):
                    self._first_mps[moment.others.ids[i]] = float(closing[i])
        if self._hit is None:
            self._hit = self._collision(moment)
        self._last = moment
        return {"score": self._value(), "collided": float(self._hit is not None)}

    def result(self) -> ScoreResult:
        """Return the score of all ticks so far."""
        hit = self._hit
        return ScoreResult(
            name=self.name,
            title="NeuroNCAP",
            metric_version="neuro-ncap ecdcf28",
            value=self._value(),
            best=self._limits.full,
            status="no collision" if hit is None else "collision",
            components=(
                part("collision", float(hit is not None)),
                part("impact_speed_mps", None if hit is None else hit.figures["impact_mps"]),
                part("reference_speed_mps", None if hit is None else hit.figures["reference_mps"]),
            ),
            infractions=() if hit is None else (hit,),
            thresholds=thresholds_of(self._limits),
            notes=_NOTES,
        )

    def _value(self) -> float:
        if self._hit is None:
            return self._limits.full
        impact, reference = (self._hit.figures[k] for k in ("impact_mps", "reference_mps"))
        share = 0.0 if reference <= 0.0 else max(0.0, 1.0 - impact / reference)
        return self._limits.most_with_collision * share

    def _collision(self, moment: DriveMoment) -> Infraction | None:
        last = self._last
        if last is None:
            hits, seen = moment.touching, moment
        else:
            hits, seen = _met_on_the_way(last, moment.step_s), last
        if not hits and moment.touching:
            hits, seen = moment.touching, moment
        if not hits:
            return None
        impacts = np.nan_to_num(_closing_mps(seen))
        i = max(hits, key=lambda k: float(impacts[k]))
        impact, actor = float(impacts[i]), seen.others.ids[i]
        reference = self._context.reference_impact_mps
        if reference is None:
            reference = self._first_mps.get(actor, impact)
        return Infraction(
            kind="collision",
            stamp_ns=moment.stamp_ns,
            time_s=moment.time_s,
            place_m=moment.place_m,
            actors=(actor,),
            figures={"impact_mps": impact, "reference_mps": reference},
        )


def _closing_mps(moment: DriveMoment) -> NDArray[np.float64]:
    """Return the speeds (N,) of the others against the ego, nan where nobody knows."""
    against = moment.others.velocities - moment.velocity
    return np.hypot(against[:, 0], against[:, 1])


def _met_on_the_way(last: DriveMoment, step_s: float) -> list[int]:
    """Return who touches the ego until the next tick if all go straight on."""
    half = last.footprint.halves_m[0]
    against = last.others.velocities - last.velocity
    reach = last.others.reach_m + float(np.hypot(half[0], half[1]))
    near = last.level & (last.apart_m <= reach + _closing_mps(last) * step_s)
    which = np.flatnonzero(near & np.isfinite(against).all(axis=1))
    if not len(which):
        return []
    touches = time_to_touch_s(*last.paired(which), against[which])
    return [int(i) for i in which[touches <= step_s]]
