"""OpenSCENARIO files written here: what is read, what is refused, and how the storyboard goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judged_drives import ROUTE, named
from scored_drives import RIGHT_Y, scored_states, steady, straight_map

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import Matrix, matrix_from_xyz_rpy
from carla_nurec_bridge.evaluation.conditions import Course, Tick, TickReader
from carla_nurec_bridge.scenarios.openscenario.conditions import read_condition
from carla_nurec_bridge.scenarios.openscenario.document import Element, read_document
from carla_nurec_bridge.scenarios.openscenario.file import OpenScenario, read_openscenario
from carla_nurec_bridge.scenarios.openscenario.storyboard import StoryRun
from carla_nurec_bridge.scenarios.openscenario.watching import StoryStates, WatchContext
from carla_nurec_bridge.world.object_classes import ObjectClass

NAMES = {"hero": "ego", "npc": "npc"}
TIME = (
    '<ByValueCondition><SimulationTimeCondition value="{}" rule="greaterThan"/></ByValueCondition>'
)


def when(condition: str, name: str = "c", delay: str = "0") -> str:
    held = (
        f'<Condition name="{name}" delay="{delay}" conditionEdge="rising">{condition}</Condition>'
    )
    return f"<ConditionGroup>{held}</ConditionGroup>"


def speed(target: str, dynamics: str = 'value="1" dynamicsDimension="time"') -> str:
    return (
        "<PrivateAction><LongitudinalAction><SpeedAction>"
        f'<SpeedActionDynamics dynamicsShape="step" {dynamics}/>'
        f'<SpeedActionTarget><AbsoluteTargetSpeed value="{target}"/></SpeedActionTarget>'
        "</SpeedAction></LongitudinalAction></PrivateAction>"
    )


def event(name: str, action: str, condition: str) -> str:
    return (
        f'<Event name="{name}" priority="overwrite"><Action name="{name}Action">{action}</Action>'
        f"<StartTrigger>{when(condition)}</StartTrigger></Event>"
    )


def ended(action: str) -> str:
    return (
        '<ByValueCondition><StoryboardElementStateCondition storyboardElementType="action" '
        f'storyboardElementRef="{action}" state="completeState"/></ByValueCondition>'
    )


def by_entity(condition: str, who: str = "hero", rule: str = "any") -> str:
    return (
        f'<ByEntityCondition><TriggeringEntities triggeringEntitiesRule="{rule}">'
        f'<EntityRef entityRef="{who}"/></TriggeringEntities>'
        f"<EntityCondition>{condition}</EntityCondition></ByEntityCondition>"
    )


def scenario(
    events: str = "",
    stop: str = "",
    entity: str = '<Vehicle name="vehicle.tesla.model3"/>',
    description: str = "tried",
    before: str = "",
    start: str = '<WorldPosition x="30" y="2" h="0.5"/>',
) -> str:
    events = events or event("Slow", speed("$slow"), TIME.format(1))
    return f"""<?xml version="1.0"?>{before}
<OpenSCENARIO>
<FileHeader revMajor="1" revMinor="0" description="{description}"/>
<ParameterDeclarations>
<ParameterDeclaration name="slow" parameterType="double" value="2.5"/></ParameterDeclarations>
<CatalogLocations><VehicleCatalog><Directory path="catalogs"/></VehicleCatalog></CatalogLocations>
<RoadNetwork><LogicFile filepath="maps/straight.xodr"/></RoadNetwork>
<Entities>
<ScenarioObject name="hero"><Vehicle name="vehicle.lincoln.mkz_2020"/></ScenarioObject>
<ScenarioObject name="npc">{entity}</ScenarioObject>
</Entities>
<Storyboard><Init><Actions>
<Private entityRef="hero"><PrivateAction><TeleportAction><Position>
<WorldPosition x="10" y="-1.75" z="0" h="0"/></Position></TeleportAction></PrivateAction></Private>
<Private entityRef="npc"><PrivateAction><TeleportAction><Position>{start}</Position>
</TeleportAction></PrivateAction><PrivateAction><LongitudinalAction><SpeedAction>
<SpeedActionTarget><AbsoluteTargetSpeed value="4"/></SpeedActionTarget>
</SpeedAction></LongitudinalAction></PrivateAction></Private>
</Actions></Init>
<Story name="S"><Act name="A"><ManeuverGroup name="G" maximumExecutionCount="1">
<Actors selectTriggeringEntities="false"><EntityRef entityRef="npc"/></Actors>
<Maneuver name="M">{events}</Maneuver></ManeuverGroup>
<StartTrigger>{when(TIME.format(0))}</StartTrigger>
</Act></Story>
<StopTrigger>{stop}</StopTrigger></Storyboard></OpenSCENARIO>"""


def read(folder: Path, text: str) -> OpenScenario:
    path = folder / "tried.xosc"
    path.write_text(text)
    return read_openscenario(path)


def start_of(found: OpenScenario, name: str) -> Matrix:
    poses = {e.name: e.start for e in found.entities}

    def of(other: str) -> Matrix:
        return poses[other].pose(straight_map(), of)

    return of(name)


def test_a_file_says_who_is_there_and_what_is_judged(tmp_path: Path) -> None:
    criteria = when("<ByValueCondition/>", "criteria_CollisionTest") + when(
        '<ByValueCondition><ParameterCondition parameterRef="distance_success" value="70" '
        'rule="lessThan"/></ByValueCondition>',
        "criteria_DrivenDistanceTest",
    )
    found = read(tmp_path, scenario(stop=criteria))
    assert (found.name, found.map, found.ego) == ("tried", "straight", "hero")
    npc = found.entities[1]
    assert (npc.kind, npc.blueprint, npc.speed_mps) == ("vehicle", "vehicle.tesla.model3", 4.0)
    assert [part.type for part in found.outcome.parts] == ["collision", "travelled"]
    assert found.stop.is_empty
    assert [part.type for part in read(tmp_path, scenario()).outcome.parts] == ["collision"]


@pytest.mark.parametrize(
    ("start", "xy", "heading"),
    [
        ('<WorldPosition x="30" y="2" h="0.5"/>', (30.0, 2.0), 0.5),
        ('<RoadPosition roadId="1" s="40" t="-2"/>', (40.0, -2.0), 0.0),
        ('<RoadPosition roadId="1" s="40" t="2"/>', (40.0, 2.0), np.pi),
        ('<RelativeRoadPosition entityRef="hero" ds="25" dt="-3"/>', (35.0, -4.75), 0.0),
        ('<LanePosition roadId="1" laneId="-2" s="50" offset="0.5"/>', (50.0, -4.75), 0.0),
        ('<LanePosition roadId="1" laneId="1" s="50"/>', (50.0, 1.75), np.pi),
        ('<RelativeWorldPosition entityRef="hero" dx="5" dy="1"/>', (15.0, -0.75), 0.0),
    ],
)
def test_positions_become_poses_in_the_map(
    start: str, xy: tuple[float, float], heading: float, tmp_path: Path
) -> None:
    pose = start_of(read(tmp_path, scenario(start=start)), "npc")
    assert pose[:2, 3] == pytest.approx(xy)
    assert np.cos(np.arctan2(pose[1, 0], pose[0, 0]) - heading) == pytest.approx(1.0)


def test_files_in_carlas_axes_are_mirrored(tmp_path: Path) -> None:
    pose = start_of(read(tmp_path, scenario(description="CARLA:Tried")), "npc")
    assert pose[:2, 3] == pytest.approx((30.0, -2.0))
    assert np.arctan2(pose[1, 0], pose[0, 0]) == pytest.approx(-0.5)


def test_a_catalogs_entry_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / "catalogs").mkdir()
    (tmp_path / "catalogs" / "cars.xosc").write_text(
        '<OpenSCENARIO><FileHeader revMajor="1" revMinor="0"/><Catalog name="Cars">'
        '<Vehicle name="Small"><ParameterDeclarations><ParameterDeclaration name="x" value="1"/>'
        "</ParameterDeclarations></Vehicle></Catalog></OpenSCENARIO>"
    )
    entity = '<CatalogReference catalogName="Cars" entryName="{}"/>'
    found = read(tmp_path, scenario(entity=entity.format("Small")))
    assert found.entities[1].blueprint == "Small"
    with pytest.raises(InputError, match="line 10: <CatalogReference> names 'Big'"):
        read(tmp_path, scenario(entity=entity.format("Big")))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (scenario(before="<!DOCTYPE a>"), "holds a <!DOCTYPE>"),
        (scenario()[:-5], "is not well-formed XML"),
        ("<OpenDRIVE/>", "the root element must be <OpenSCENARIO>"),
        ("<a>" * 60 + "</a>" * 60, "lies too deep"),
        (scenario().replace('value="2.5"', 'value="fast"'), "must be a number, found 'fast'"),
        (scenario().replace('value="$slow"', 'value="$slwo"'), "no parameter is called '$slwo'"),
        (scenario().replace('revMajor="1"', 'revMajor="0"'), "<FileHeader> is not of version 1.x"),
        (scenario(entity="<ExternalObjectReference/>"), "line 10: <ExternalObjectReference>"),
        (scenario(start="<RoutePosition/>"), "line 15: <RoutePosition> is not supported"),
        (
            scenario(event("E", "<GlobalAction><TrafficAction/></GlobalAction>", TIME.format(1))),
            "<TrafficAction> is not supported",
        ),
        (
            scenario(
                event(
                    "E",
                    "<PrivateAction><SynchronizeAction/></PrivateAction>",
                    TIME.format(1),
                )
            ),
            "<SynchronizeAction> is not supported",
        ),
        (
            scenario(
                event(
                    "E",
                    speed("1"),
                    "<ByValueCondition><UserDefinedValueCondition/></ByValueCondition>",
                )
            ),
            "<UserDefinedValueCondition> is not supported",
        ),
        (
            scenario().replace('<EntityRef entityRef="npc"/>', '<EntityRef entityRef="hero"/>'),
            "the ego is driven by the agent under test",
        ),
        (scenario(stop=when("<a/>", "criteria_MagicTest")), "a criterion 'MagicTest'"),
    ],
)
def test_what_cannot_be_run_is_refused_by_element_and_line(
    text: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert told in str(caught.value)


class Actor:
    """An actor that has at once the speed that it is told."""

    def __init__(self) -> None:
        self.target_mps = 4.0
        self.travelled_m = 0.0
        self.time_s = 0.0
        self.lanes: list[int] = []

    @property
    def speed_mps(self) -> float:
        return self.target_mps

    def change_lane(self, element: Any, lane: int, over_m: float, *, relative: bool) -> None:
        self.lanes.append(lane)

    def advance(self, tick: Tick) -> None:
        self.travelled_m += self.target_mps * (tick.time_s - self.time_s)
        self.time_s = tick.time_s


def ticks(seconds: float = 6.0) -> list[Tick]:
    """The ego at 10 m/s from x = 10 m, npc at 4 m/s from x = 30 m, on one lane."""
    others = {5: (ObjectClass.CAR, steady(30.0, 4.0))}
    states = scored_states(steady(10.0, 10.0), seconds, others, velocities=True)
    reader = TickReader()
    return [reader.read(state, {}) for state in named(states, {5: "npc"})]


def context(states: StoryStates) -> WatchContext:
    pose = matrix_from_xyz_rpy((10.0, RIGHT_Y, 0.0), (0.0, 0.0, 0.0))
    return WatchContext(Course(straight_map(), ROUTE), lambda _: pose, states, NAMES)


def run(
    found: OpenScenario, seconds: float = 6.0
) -> tuple[dict[float, float], StoryStates, StoryRun]:
    """Step a storyboard; return the speeds of npc by time, the states, and the run."""
    states, actor = StoryStates(), Actor()
    story = StoryRun(found.acts, found.stop, context(states), {"npc": actor})
    speeds = {}
    for tick in ticks(seconds):
        actor.advance(tick)
        story.step(tick)
        speeds[round(tick.time_s, 2)] = actor.target_mps
    return speeds, states, story


def test_events_follow_one_another_by_state(tmp_path: Path) -> None:
    events = event("Slow", speed("$slow"), TIME.format(1)) + event(
        "Halt", speed("0", 'value="5" dynamicsDimension="distance"'), ended("SlowAction")
    )
    speeds, states, story = run(read(tmp_path, scenario(events)))
    # It begins behind 1 s and lasts for a second; who stands never comes the five metres.
    assert (speeds[1.0], speeds[1.05], speeds[2.05]) == (4.0, 2.5, 2.5)
    assert speeds[2.15] == 0.0
    assert states.ended["action", "SlowAction"] == pytest.approx(2.05)
    assert ("action", "HaltAction") in states.began
    assert ("event", "Halt") not in states.ended
    assert not story.over


def test_a_ramp_reaches_its_speed_by_its_rate(tmp_path: Path) -> None:
    action = speed("8", 'value="2" dynamicsDimension="rate"').replace('"step"', '"linear"')
    speeds, _, story = run(read(tmp_path, scenario(event("Fast", action, TIME.format(1)))))
    assert speeds[2.05] == pytest.approx(6.0, abs=0.1)
    assert speeds[3.2] == pytest.approx(8.0)
    assert story.over


def test_a_lane_change_is_told_once_and_ends_with_its_way(tmp_path: Path) -> None:
    action = (
        "<PrivateAction><LateralAction><LaneChangeAction><LaneChangeActionDynamics "
        'dynamicsShape="linear" value="8" dynamicsDimension="distance"/><LaneChangeTarget>'
        '<RelativeTargetLane entityRef="npc" value="1"/></LaneChangeTarget></LaneChangeAction>'
        "</LateralAction></PrivateAction>"
    )
    _, states, _ = run(read(tmp_path, scenario(event("Change", action, TIME.format(1)))))
    begin, end = states.began["event", "Change"], states.ended["event", "Change"]
    assert end - begin == pytest.approx(8.0 / 4.0, abs=0.1)


def test_a_stop_trigger_ends_the_whole(tmp_path: Path) -> None:
    late = event("Late", speed("1"), TIME.format(60))
    found = read(tmp_path, scenario(late, stop=when(TIME.format(3))))
    story = run(found, 3.0)[2]
    assert not story.over
    assert run(found, 3.1)[2].over


FREE = 'freespace="true" rule="lessThan"'
CONDITIONS: list[tuple[str, float]] = [
    (TIME.format(2), 2.05),
    (by_entity('<TraveledDistanceCondition value="20"/>'), 2.0),
    # Both are 4 m long and 20 m apart, middle to middle; the ego gains 6 m in a second.
    (
        by_entity(
            '<RelativeDistanceCondition entityRef="npc" relativeDistanceType="longitudinal" '
            f'value="10" {FREE}/>'
        ),
        1.05,
    ),
    (
        by_entity(
            '<RelativeDistanceCondition entityRef="npc" relativeDistanceType="cartesianDistance" '
            'value="10" freespace="false" rule="lessThan"/>'
        ),
        1.7,
    ),
    (
        by_entity(
            '<ReachPositionCondition tolerance="2"><Position><WorldPosition x="40" y="-1.75"/>'
            "</Position></ReachPositionCondition>"
        ),
        2.8,
    ),
    (
        by_entity(
            '<TimeToCollisionCondition value="1" freespace="true" rule="lessThan">'
            '<TimeToCollisionConditionTarget><EntityRef entityRef="npc"/>'
            "</TimeToCollisionConditionTarget></TimeToCollisionCondition>"
        ),
        1.7,
    ),
    (by_entity(f'<TimeHeadwayCondition entityRef="npc" value="1" {FREE}/>'), 1.05),
    (by_entity('<SpeedCondition value="9" rule="greaterThan"/>'), 0.0),
    (by_entity('<RelativeSpeedCondition entityRef="npc" value="5" rule="greaterThan"/>'), 0.0),
    (by_entity('<AccelerationCondition value="1" rule="lessThan"/>'), 0.0),
    (by_entity('<CollisionCondition><EntityRef entityRef="npc"/></CollisionCondition>'), 2.7),
    (by_entity('<CollisionCondition><ByType type="vehicle"/></CollisionCondition>'), 2.7),
    (by_entity('<StandStillCondition duration="0.1"/>'), np.inf),
    (by_entity('<EndOfRoadCondition duration="0"/>'), np.inf),
    (by_entity('<OffroadCondition duration="0"/>'), np.inf),
]


def parsed(text: str, folder: Path) -> Element:
    path = folder / "c.xosc"
    path.write_text(f"<OpenSCENARIO>{text}</OpenSCENARIO>")
    return read_document(path).children[0].children[0]


@pytest.mark.parametrize(("condition", "at_s"), CONDITIONS)
def test_a_condition_holds_from_when_it_is_so(condition: str, at_s: float, tmp_path: Path) -> None:
    watch = read_condition(parsed(when(condition), tmp_path))(context(StoryStates()))
    held = [tick.time_s for tick in ticks(3.0) if watch.look(tick).holds]
    assert (held[0] if held else np.inf) == pytest.approx(at_s, abs=0.051)


def test_a_condition_may_hold_later(tmp_path: Path) -> None:
    watch = read_condition(parsed(when(TIME.format(1), delay="0.5"), tmp_path))(
        context(StoryStates())
    )
    held = [tick.time_s for tick in ticks(3.0) if watch.look(tick).holds]
    assert held[0] == pytest.approx(1.55)
