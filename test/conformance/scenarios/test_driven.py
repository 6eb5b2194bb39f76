"""Closed-loop scenarios and an OpenSCENARIO file in the embedded CARLA, through its real client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ego_bench import carla_server

pytest.importorskip("carla")
pytestmark = pytest.mark.conformance

_LANE = '<Position><LanePosition roadId="11" laneId="-1" s="{}" offset="{}"/></Position>'
_TIME = (
    '<StartTrigger><ConditionGroup><Condition name="t" delay="0" conditionEdge="rising">'
    '<ByValueCondition><SimulationTimeCondition value="{}" rule="greaterThan"/></ByValueCondition>'
    "</Condition></ConditionGroup></StartTrigger>"
)
_AFTER = _TIME.replace(
    '<SimulationTimeCondition value="{}" rule="greaterThan"/>',
    '<StoryboardElementStateCondition storyboardElementType="action" storyboardElementRef="{}" '
    'state="completeState"/>',
)


def _speed(value: float, dynamics: str) -> str:
    return (
        f"<LongitudinalAction><SpeedAction><SpeedActionDynamics {dynamics}/><SpeedActionTarget>"
        f'<AbsoluteTargetSpeed value="{value}"/></SpeedActionTarget></SpeedAction>'
        "</LongitudinalAction>"
    )


def _group(actor: str, *events: tuple[str, str, str]) -> str:
    held = "".join(
        f'<Event name="{name}" priority="parallel"><Action name="{name}"><PrivateAction>{action}'
        f"</PrivateAction></Action>{start}</Event>"
        for name, action, start in events
    )
    return (
        f'<ManeuverGroup name="{actor}" maximumExecutionCount="1">'
        f'<Actors selectTriggeringEntities="false"><EntityRef entityRef="{actor}"/></Actors>'
        f'<Maneuver name="{actor}">{held}</Maneuver></ManeuverGroup>'
    )


def _private(name: str, s: float, left: float) -> str:
    place = _LANE.format(s, left)
    action = f"<PrivateAction><TeleportAction>{place}</TeleportAction></PrivateAction>"
    return f'<Private entityRef="{name}">{action}</Private>'


LANE_CHANGE = (
    '<LateralAction><LaneChangeAction><LaneChangeActionDynamics dynamicsShape="linear" value="15" '
    'dynamicsDimension="distance"/><LaneChangeTarget><RelativeTargetLane entityRef="car" '
    'value="1"/></LaneChangeTarget></LaneChangeAction></LateralAction>'
)
TRAJECTORY = (
    "<RoutingAction><FollowTrajectoryAction><Trajectory><Shape><Polyline>"
    f"<Vertex>{_LANE.format(170, -4)}</Vertex><Vertex>{_LANE.format(170, 6)}</Vertex>"
    "</Polyline></Shape></Trajectory></FollowTrajectoryAction></RoutingAction>"
)
AT_ONCE = _TIME.format(0)
STEP = 'dynamicsShape="step" value="60" dynamicsDimension="time"'
RAMP = 'dynamicsShape="linear" value="2" dynamicsDimension="time"'
TOWN = f"""<OpenSCENARIO><FileHeader revMajor="1" revMinor="0" description="tried"/>
<RoadNetwork><LogicFile filepath="demo_town.xodr"/></RoadNetwork>
<Entities><ScenarioObject name="hero"><Vehicle name="vehicle.lincoln.mkz_2020"/></ScenarioObject>
<ScenarioObject name="car"><Vehicle name="vehicle.audi.tt"/></ScenarioObject>
<ScenarioObject name="walker"><Pedestrian model="walker.pedestrian.0001"/></ScenarioObject>
</Entities>
<Storyboard><Init><Actions>{_private("hero", 60, 0)}{_private("car", 90, 0)}
{_private("walker", 170, -5)}</Actions></Init><Story name="S"><Act name="A">
{_group("car", ("Go", _speed(8, RAMP), AT_ONCE), ("Change", LANE_CHANGE, _AFTER.format("Go")))}
{_group("walker", ("Walk", _speed(2, STEP), AT_ONCE), ("Cross", TRAJECTORY, AT_ONCE))}
</Act></Story></Storyboard></OpenSCENARIO>"""


@pytest.fixture(scope="module")
def drives(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """One scenario twice, another, and the OpenSCENARIO file; then what is left in the world."""
    folder = tmp_path_factory.mktemp("driven")
    (folder / "town.xosc").write_text(TOWN)
    script = Path(__file__).with_name("driven_session.py")
    with carla_server(folder) as port:
        done = subprocess.run(
            [sys.executable, str(script), str(port), str(folder)],
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
            env=os.environ,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_same_seed_gives_the_same_drive_and_verdict(drives: list[dict[str, Any]]) -> None:
    first, second = drives[:2]
    assert first["ways"] == second["ways"]
    known = [
        [{**c, "stamp_ns": 0, "actors": 0, "sentence": ""} for c in one["verdict"]["conditions"]]
        for one in (first, second)
    ]
    assert known[0] == known[1]
    assert first["end"] == "scenario cut_in_close passed"


def test_the_cutter_overtakes_and_the_walker_stops_before_the_ego(
    drives: list[dict[str, Any]],
) -> None:
    cutter = np.array(drives[0]["ways"]["cutter"])
    speeds = np.linalg.norm(np.diff(cutter, axis=0), axis=1) / 0.05
    assert speeds.max() > 11.0
    walker = np.array(drives[2]["ways"]["walker"])
    assert np.linalg.norm(walker[-1] - walker[0]) == pytest.approx(3.2, abs=0.3)
    stood = drives[2]["verdict"]["conditions"][1]
    assert (stood["status"], stood["figures"]["speed_mps"] < 0.1) == ("passed", True)


def test_an_openscenario_file_is_driven_as_it_says(drives: list[dict[str, Any]]) -> None:
    town = drives[3]
    car = np.array(town["ways"]["car"])
    speeds = np.linalg.norm(np.diff(car, axis=0), axis=1) / 0.05
    assert speeds[:3].max() < 0.5
    assert speeds[-10:].mean() == pytest.approx(8.0, abs=0.8)
    assert town["lanes"]["car"] == [11, 1]
    walker = np.array(town["ways"]["walker"])
    # It goes straight across, over the end of its trajectory, at the speed that it was told.
    way = walker[-1] - walker[0]
    assert np.linalg.norm(way) == pytest.approx(2.0 * 0.05 * (len(walker) - 1), rel=0.05)
    across = np.array([-way[1], way[0]]) / np.linalg.norm(way)
    assert np.abs((walker - walker[0]) @ across).max() < 0.3


def test_nobody_is_left_in_the_world(drives: list[dict[str, Any]]) -> None:
    assert drives[4]["left"] == []
