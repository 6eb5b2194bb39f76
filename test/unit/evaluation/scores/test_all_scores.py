"""What all scores share: online as offline, and what they refuse."""

from __future__ import annotations

import math

import pytest
from scored_drives import (
    LEFT_Y,
    RIGHT_Y,
    drive,
    light,
    scored_states,
    steady,
    still,
    straight_context,
)

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.evaluation.scores.context import ScoreContext
from carla_nurec_bridge.evaluation.scores.records import ScoreReport
from carla_nurec_bridge.evaluation.scores.scorer import SCORES, DriveScorer, score_drive
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import WorldState

CAR, WALKER, PROP = ObjectClass.CAR, ObjectClass.PEDESTRIAN, ObjectClass.PROP


def busy_drive() -> list[WorldState]:
    others = {
        1: (CAR, steady(40.0, 6.0)),
        2: (CAR, steady(150.0, -9.0, LEFT_Y, math.pi)),
        3: (WALKER, still(70.0, -6.0)),
        4: (PROP, still(62.0, -4.2)),
    }
    return scored_states(
        lambda t: (10.0 + 9.0 * t, RIGHT_Y - 0.8 * math.sin(t), 0.1 * math.sin(t)),
        4.0,
        others,  # type: ignore[arg-type]
        lambda t: [light("red" if t < 3 else "green", 45.0)],
    )


def test_online_and_offline_are_equal_to_the_last_digit() -> None:
    states = busy_drive()
    offline = score_drive(states, straight_context(), source="x")
    online = DriveScorer(straight_context(), source="x")
    told = []
    for tick, state in enumerate(states):
        told.append(online.update(state))
        if tick % 10 == 0:
            online.result()
    assert online.result().model_dump_json() == offline.model_dump_json()
    for name, series in offline.series.items():
        assert series == tuple(tick.values[name] for tick in told)
    assert [result.name for result in offline.scores] == list(SCORES)
    assert ScoreReport.model_validate_json(offline.model_dump_json()) == offline


def test_names_times_and_empty_drives_are_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match="no score called 'nuplam'; try nuplan"):
        DriveScorer(ScoreContext(), ["nuplam"])
    states = drive(steady(20, 8), 0.2)
    scorer = DriveScorer(ScoreContext(), ["neuroncap"])
    with pytest.raises(InputError, match="without a single state"):
        scorer.result()
    scorer.update(states[1])
    with pytest.raises(InputError, match="in order of time"):
        scorer.update(states[0])
