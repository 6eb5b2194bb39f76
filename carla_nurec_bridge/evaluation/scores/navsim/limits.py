"""NAVSIM's limits."""

from __future__ import annotations

from pydantic import Field

from ..comfort import ComfortLimits


class NavsimLimits(ComfortLimits):
    """NAVSIM's limits beside those of comfort, which are nuPlan's."""

    against_m: float = Field(default=2.0, description="off the route's lanes in 1 s, m")
    against_at_most_m: float = Field(default=6.0, description="and at most, m")
    stopped_mps: float = Field(default=5e-3, description="who stands has no time to collision")
    progress_m: float = Field(default=5.0, description="on shorter ways all progress is enough, m")
    beside_m: float = Field(default=0.5, description="so far beside the middle line, m")
    beside_s: float = Field(default=2.0, description="for so long outside junctions, s")
    objects_score: float = Field(default=0.5, description="NC of a collision with an object")


DEFAULTS = NavsimLimits()
