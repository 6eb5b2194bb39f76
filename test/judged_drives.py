"""Constructed drives judged by an expected outcome, for the tests of scenarios."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from scored_drives import RIGHT_Y, straight_map

from carla_nurec_bridge.core.run_contract.verdict import ConditionVerdict, ScenarioVerdict
from carla_nurec_bridge.evaluation.conditions import Course, TickReader, condition_of
from carla_nurec_bridge.evaluation.outcome import OutcomeJudge
from carla_nurec_bridge.world.states import WorldState

ROUTE = np.column_stack([np.arange(0.0, 121.0), np.full(121, RIGHT_Y), np.zeros(121)])
"""A route of 120 m along lane -1."""


def named(states: Iterable[WorldState], names: Mapping[int, str]) -> list[WorldState]:
    """Return states whose actors have names by their ids, as CARLA tells them."""
    return [
        replace(
            state,
            actors=tuple(
                replace(one, actor=replace(one.actor, role_name=names.get(one.actor.id, "")))
                for one in state.actors
            ),
        )
        for state in states
    ]


def judged(
    outcome: Mapping[str, object],
    states: Iterable[WorldState],
    *,
    whole: bool = True,
    done: Mapping[str, float] | None = None,
) -> ScenarioVerdict:
    """Return the verdict on a drive; ``whole`` says that it came to its end."""
    course = Course(straight_map(stop_at_m=30.0), ROUTE)
    judge = OutcomeJudge(condition_of(outcome), course, "tried")
    reader = TickReader(course.cover)
    for state in states:
        judge.update(reader.read(state, done or {}))
    if whole:
        judge.settle()
    return judge.verdict()


def only(verdict: ScenarioVerdict) -> ConditionVerdict:
    """Return the verdict of the one condition that there is."""
    (condition,) = verdict.conditions
    return condition
