"""``carla_ego`` as a client of simulation_interfaces meets it: every service and the action."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from ego_bench import Ego, User, carla_server
from geometry_msgs.msg import Point, Pose, Quaternion, Twist, Vector3
from rclpy.action import ActionClient

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.ros.messages.convert import nanoseconds_of

pytest.importorskip("simulation_interfaces")
from simulation_interfaces import srv
from simulation_interfaces.action import SimulateSteps
from simulation_interfaces.msg import (
    Bounds,
    EntityCategory,
    EntityFilters,
    EntityState,
    Resource,
    Result,
    SimulationState,
    SimulatorFeatures,
    SpawnEntity,
    TagsFilter,
)

pytestmark = [pytest.mark.ros, pytest.mark.random_order(disabled=True)]

FRAME_NS = 50_000_000
MODEL3 = Resource(uri="vehicle.tesla.model3")
FREE = (9.5, 0.0, 0.4)  # ahead of the ego, in its own frame; nobody else begins within 12 m


class Simulator:
    """The services of a running ego."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.odometry, self.clock = user.hear("odometry"), user.hear("clock")
        user.until(lambda: user.heard[self.odometry], "the first frame")

    def ask(self, kind: Any, *, result: int = Result.RESULT_OK, **fields: Any) -> Any:
        """Call a service; its result must be ``result``."""
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__)[1:]
        answer = self.user.ask(kind, name, kind.Request(**fields))
        assert answer.result.result == result, answer.result.error_message
        return answer

    def state(self) -> int:
        return int(self.ask(srv.GetSimulationState).state.state)

    def become(self, state: int, result: int = Result.RESULT_OK) -> None:
        self.ask(srv.SetSimulationState, state=SimulationState(state=state), result=result)

    def names(self, **filters: Any) -> list[str]:
        return list(self.ask(srv.GetEntities, filters=EntityFilters(**filters)).entities)

    def pose(self, name: str) -> Any:
        return self.ask(srv.GetEntityState, entity=name).state.pose

    def spawn(self, name: str, resource: Resource, xyz: Any, **more: Any) -> Any:
        request = srv.SpawnEntity.Request(name=name, entity_resource=resource)
        request.initial_pose.header.frame_id = "hero"
        request.initial_pose.pose.position = point(xyz)
        for field, value in more.items():
            setattr(request, field, value)
        return self.user.ask(srv.SpawnEntity, "spawn_entity", request)

    def stamp(self) -> int:
        return nanoseconds_of(self.user.heard[self.odometry][-1].header.stamp)

    def still(self) -> int:
        """Wait until time stands and return the last frame's stamp."""
        return self.user.still(self.clock, self.odometry)


def point(xyz: Any) -> Point:
    x, y, z = (float(value) for value in xyz)
    return Point(x=x, y=y, z=z)


def array(message: Any) -> np.ndarray:
    return np.array([message.x, message.y, message.z])


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    pytest.importorskip("carla")
    folder = tmp_path_factory.mktemp("simulation")
    (folder / "rig.yaml").write_text("name: none\ncameras: []\nlidars: []\n")
    with carla_server(folder) as port:
        ego = Ego(folder, port, rig=str(folder / "rig.yaml"), traffic__vehicles=2)
        user = User()
        try:
            yield Simulator(user)
        finally:
            user.close()
            ego.close()


@pytest.fixture
def paused(simulator: Simulator) -> Iterator[Simulator]:
    if simulator.state() != SimulationState.STATE_PAUSED:
        simulator.become(SimulationState.STATE_PAUSED)
    simulator.still()
    yield simulator
    if simulator.state() != SimulationState.STATE_PLAYING:
        simulator.become(SimulationState.STATE_PLAYING)


@pytest.fixture
def anew(paused: Simulator) -> Simulator:
    """All stand where they began: how far traffic has come by now is a matter of wall time."""
    paused.ask(srv.ResetSimulation)
    return paused


def test_the_features_name_what_is_served(simulator: Simulator) -> None:
    request = srv.GetSimulatorFeatures.Request()
    answer = simulator.user.ask(srv.GetSimulatorFeatures, "get_simulator_features", request)
    features = set(answer.features.features)
    assert {SimulatorFeatures.SPAWNING, SimulatorFeatures.STEP_SIMULATION_ACTION} <= features
    assert SimulatorFeatures.SIMULATION_RESET_TIME not in features
    assert SimulatorFeatures.WORLD_UNLOADING not in features


def test_states_follow_each_other(simulator: Simulator) -> None:
    assert simulator.state() == SimulationState.STATE_PLAYING
    simulator.become(
        SimulationState.STATE_PLAYING, srv.SetSimulationState.Response.ALREADY_IN_TARGET_STATE
    )
    simulator.become(SimulationState.STATE_NO_WORLD, Result.RESULT_FEATURE_UNSUPPORTED)
    simulator.ask(srv.StepSimulation, steps=1, result=Result.RESULT_OPERATION_FAILED)
    simulator.become(SimulationState.STATE_PAUSED)
    stamp = simulator.still()
    told = simulator.user.more(simulator.clock, 4)
    assert {nanoseconds_of(m.clock) for m in told} == {stamp} == {simulator.stamp()}
    simulator.become(SimulationState.STATE_PLAYING)
    simulator.user.until(lambda: simulator.stamp() > stamp + FRAME_NS, "time going on")


def test_steps_are_made_when_the_service_answers(paused: Simulator) -> None:
    stamp = paused.stamp()
    paused.ask(srv.StepSimulation, steps=3)
    paused.user.until(lambda: paused.stamp() > stamp + 2 * FRAME_NS, "three frames")
    assert paused.still() == stamp + 3 * FRAME_NS
    assert paused.state() == SimulationState.STATE_PAUSED


def test_the_action_tells_of_each_step_and_can_be_cancelled(paused: Simulator) -> None:
    client = ActionClient(paused.user.node, SimulateSteps, "simulate_steps")
    paused.user.until(client.server_is_ready, "the action")
    paused.user.calls.be_found()
    # The topic itself: an action client drops what it takes after the goal's end.
    kind, heard = SimulateSteps.Impl.FeedbackMessage, []
    paused.user.node.create_subscription(
        kind, "/simulate_steps/_action/feedback", heard.append, 100
    )

    def told(goal: Any) -> list[tuple[int, int]]:
        mine = (message.feedback for message in heard if message.goal_id == goal.goal_id)
        return [(steps.completed_steps, steps.remaining_steps) for steps in mine]

    def send(steps: int) -> Any:
        sent = client.send_goal_async(SimulateSteps.Goal(steps=steps))
        paused.user.until(sent.done, "the goal's acceptance")
        return sent.result()

    # Goals and feedback are matched apart: what is fed back before we are found is not for us.
    paused.user.until(lambda: send(1) and heard, "the first feedback")
    stamp = paused.still()
    goal = send(4)
    done = goal.get_result_async()
    paused.user.until(done.done, "four steps")
    paused.user.until(lambda: len(told(goal)) > 3, "the feedback of four steps")
    assert told(goal) == [(1, 3), (2, 2), (3, 1), (4, 0)]
    paused.user.until(lambda: paused.stamp() > stamp + 3 * FRAME_NS, "four frames")
    assert paused.still() == stamp + 4 * FRAME_NS
    assert done.result().result.result.result == Result.RESULT_OK

    goal = send(100_000)
    paused.user.until(lambda: told(goal), "the first of many steps")
    goal.cancel_goal_async()
    done = goal.get_result_async()
    paused.user.until(done.done, "the end of a cancelled goal")
    assert done.result().status == GoalStatus.STATUS_CANCELED
    assert told(goal)[-1][1] > 0, "steps that were not made"
    paused.still()
    client.destroy()


def test_entities_are_listed_by_name_category_tag_and_place(paused: Simulator) -> None:
    everybody = paused.names()
    assert {"hero", "traffic_000", "traffic_001"} <= set(everybody)
    assert paused.names(filter="^traffic_[[:digit:]]+$") == ["traffic_000", "traffic_001"]
    robots = [EntityCategory(category=EntityCategory.CATEGORY_ROBOT)]
    assert paused.names(categories=robots) == ["hero"]
    assert "hero" not in paused.names(tags=TagsFilter(tags=["vehicle"]))
    both = TagsFilter(tags=["ego", "car"], filter_mode=TagsFilter.FILTER_MODE_ALL)
    assert paused.names(tags=both) == ["hero"]
    hero = array(paused.pose("hero").position)
    here = [Vector3(x=hero[0], y=hero[1], z=hero[2]), Vector3(x=0.5)]
    assert paused.names(bounds=Bounds(type=Bounds.TYPE_SPHERE, points=here)) == ["hero"]
    low, high = hero - 0.5, hero + 0.5
    corners = [Vector3(x=c[0], y=c[1], z=c[2]) for c in (high, low)]
    assert paused.names(bounds=Bounds(type=Bounds.TYPE_BOX, points=corners)) == ["hero"]
    far = [Vector3(x=c[0], y=c[1], z=c[2] + 50.0) for c in (high, low)]
    assert paused.names(bounds=Bounds(type=Bounds.TYPE_BOX, points=far)) == []
    hull = EntityFilters(bounds=Bounds(type=Bounds.TYPE_CONVEX_HULL))
    paused.ask(srv.GetEntities, filters=hull, result=Result.RESULT_FEATURE_UNSUPPORTED)
    wrong = EntityFilters(filter="(")
    paused.ask(srv.GetEntities, filters=wrong, result=Result.RESULT_OPERATION_FAILED)


def test_an_entity_tells_what_where_and_how_large_it_is(paused: Simulator) -> None:
    info = paused.ask(srv.GetEntityInfo, entity="hero").info
    assert info.description == "vehicle.lincoln.mkz_2020"
    assert info.category.category == EntityCategory.CATEGORY_ROBOT
    odometry = paused.user.heard[paused.odometry][-1].pose.pose
    state = paused.ask(srv.GetEntityState, entity="hero").state
    assert state.header.frame_id == "map"
    assert array(state.pose.position) == pytest.approx(array(odometry.position), abs=1e-9)
    high, low = paused.ask(srv.GetEntityBounds, entity="hero").bounds.points
    assert array(high)[0] > 3.0 > 1.5 > -array(low)[0] > 0.5  # seen from the rear axle
    assert array(high)[1] == pytest.approx(-array(low)[1], abs=0.01)
    answer = paused.ask(srv.GetEntitiesStates, filters=EntityFilters(filter="^(hero|traffic_)"))
    assert list(answer.entities) == ["hero", "traffic_000", "traffic_001"]
    assert answer.states[0].pose == state.pose
    paused.ask(srv.GetEntityState, entity="nobody", result=Result.RESULT_NOT_FOUND)


def free_ahead_m(simulator: Simulator, place: np.ndarray, way: np.ndarray) -> float:
    """Return how far on there is room for a car, where no traffic comes by soon."""
    everybody = simulator.ask(srv.GetEntitiesStates, filters=EntityFilters(filter="^traffic_"))
    cars = [array(state.pose.position) for state in everybody.states]
    ahead = way / np.linalg.norm(way)

    def room_m(on_m: float) -> float:
        return min(float(np.linalg.norm(place + on_m * ahead - car)) for car in cars)

    return next(on_m for on_m in (10.0, 20.0, 30.0, 40.0) if room_m(on_m) > 15.0)


def test_a_car_is_spawned_placed_set_going_and_deleted(anew: Simulator) -> None:
    assert anew.spawn("guest", MODEL3, FREE).entity_name == "guest"
    hero = anew.ask(srv.GetEntityState, entity="hero").state.pose
    before = array(anew.pose("guest").position)
    away = np.linalg.norm((before - array(hero.position))[:2])
    assert away == pytest.approx(FREE[0], abs=0.01)
    anew.ask(srv.StepSimulation, steps=20)  # it falls onto its wheels
    stands = array(anew.pose("guest").position)
    assert stands[:2] == pytest.approx(before[:2], abs=0.05)
    there = EntityState()
    there.header.frame_id = "guest"
    on_m = free_ahead_m(anew, stands, stands - array(hero.position))
    there.pose = Pose(position=Point(x=on_m), orientation=Quaternion(w=1.0))
    anew.ask(srv.SetEntityState, entity="guest", state=there, set_pose=True)
    at_once = array(anew.pose("guest").position)
    assert np.linalg.norm(at_once - stands) == pytest.approx(on_m, abs=1e-3)
    anew.ask(srv.StepSimulation, steps=1)
    assert array(anew.pose("guest").position) == pytest.approx(at_once, abs=0.05)
    going = EntityState(twist=Twist(linear=Vector3(x=5.0)))
    going.header.frame_id = "guest"
    anew.ask(srv.SetEntityState, entity="guest", state=going, set_twist=True)
    anew.ask(srv.StepSimulation, steps=5)
    ahead = array(anew.pose("guest").position) - at_once
    assert np.linalg.norm(ahead) == pytest.approx(1.25, abs=0.2)
    assert ahead @ (at_once - stands) > 0
    for asked, result in (
        ({"state": EntityState(twist=Twist(linear=Vector3(x=np.inf))), "set_twist": True}, 101),
        ({"set_acceleration": True}, Result.RESULT_FEATURE_UNSUPPORTED),
    ):
        anew.ask(srv.SetEntityState, entity="guest", result=result, **asked)
    anew.ask(srv.DeleteEntity, entity="guest")
    assert "guest" not in anew.names()
    anew.ask(srv.StepSimulation, steps=1)
    assert "guest" not in anew.names()
    anew.ask(srv.DeleteEntity, entity="hero", result=Result.RESULT_OPERATION_FAILED)


def test_a_prop_stays_where_it_is_put_and_cannot_be_set_going(anew: Simulator) -> None:
    assert anew.spawn("cone", Resource(uri="static.prop.trafficcone01"), FREE).result.result == 1
    anew.ask(srv.StepSimulation, steps=2)
    info = anew.ask(srv.GetEntityInfo, entity="cone").info
    assert info.category.category == EntityCategory.CATEGORY_STATIC_OBJECT
    going = EntityState(twist=Twist(linear=Vector3(x=1.0)))
    anew.ask(
        srv.SetEntityState,
        entity="cone",
        state=going,
        set_twist=True,
        result=Result.RESULT_OPERATION_FAILED,
    )
    anew.ask(srv.DeleteEntity, entity="cone")
    anew.ask(srv.StepSimulation, steps=1)


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ({"name": "hero"}, srv.SpawnEntity.Response.NAME_NOT_UNIQUE),
        ({"name": ""}, srv.SpawnEntity.Response.NAME_INVALID),
        ({"entity_resource": Resource()}, srv.SpawnEntity.Response.NO_RESOURCE),
        ({"entity_resource": Resource(uri="vehicle.no.such")}, Result.RESULT_NOT_FOUND),
        (
            {"entity_resource": Resource(resource_string="{wings: 2}")},
            srv.SpawnEntity.Response.RESOURCE_PARSE_ERROR,
        ),
        ({"entity_namespace": "1 2"}, srv.SpawnEntity.Response.NAMESPACE_INVALID),
    ],
)
def test_what_cannot_be_spawned_is_refused_with_its_code(
    fields: dict[str, Any], result: int, simulator: Simulator
) -> None:
    arguments = {"name": "x", "entity_resource": MODEL3} | fields
    answer = simulator.spawn(
        arguments.pop("name"), arguments.pop("entity_resource"), FREE, **arguments
    )
    assert answer.result.result == result, answer.result.error_message
    assert answer.result.error_message


def test_an_orientation_without_length_is_refused(simulator: Simulator) -> None:
    request = srv.SpawnEntity.Request(name="x", entity_resource=MODEL3)
    request.initial_pose.pose.orientation = Quaternion(w=0.0)
    answer = simulator.user.ask(srv.SpawnEntity, "spawn_entity", request)
    assert answer.result.result == srv.SpawnEntity.Response.INVALID_POSE


def test_several_are_spawned_at_once_and_resets_put_them_back_or_away(anew: Simulator) -> None:
    requests = []
    for place in ((9.5, 0.0, 0.5), (-8.0, 0.0, 0.5), (-8.0, 0.0, 0.5)):
        request = SpawnEntity(name="row", allow_renaming=True, entity_namespace="cars")
        request.entity_resource.resource_string = "{blueprint: vehicle.audi.tt}"
        request.initial_pose.header.frame_id = "base_link"
        request.initial_pose.pose.position = point(place)
        requests.append(request)
    answer = anew.ask(
        srv.SpawnEntities,
        spawn_requests=requests,
        result=srv.SpawnEntities.Response.ENTITIES_SPAWN_FAILED,
    )
    assert [r.entity_name for r in answer.results[:2]] == ["cars/row", "cars/row_1"]
    assert answer.results[2].result.result == Result.RESULT_OPERATION_FAILED  # the place is taken
    spawned = array(anew.pose("cars/row").position)
    anew.ask(srv.StepSimulation, steps=1)
    aside = EntityState()
    aside.header.frame_id = "cars/row"
    aside.pose.position.y = 4.0
    anew.ask(srv.SetEntityState, entity="cars/row", state=aside, set_pose=True)
    stamp = anew.stamp()
    anew.ask(srv.ResetSimulation, scope=srv.ResetSimulation.Request.SCOPE_STATE)
    assert array(anew.pose("cars/row").position) == pytest.approx(spawned, abs=0.05)
    spawned_only = srv.ResetSimulation.Request.SCOPE_SPAWNED
    anew.ask(srv.ResetSimulation, scope=spawned_only)
    assert anew.names(filter="^cars/") == []
    anew.ask(
        srv.ResetSimulation,
        scope=srv.ResetSimulation.Request.SCOPE_TIME,
        result=Result.RESULT_FEATURE_UNSUPPORTED,
    )
    anew.ask(srv.StepSimulation, steps=1)
    anew.user.until(lambda: anew.stamp() > stamp, "time going on")


def test_what_can_be_spawned_and_where(simulator: Simulator) -> None:
    spawnables = simulator.ask(srv.GetSpawnables, sources=["file:///models"])
    assert "file:///models" in spawnables.result.error_message
    found = {s.entity_resource.uri: s for s in spawnables.spawnables}
    assert found["vehicle.tesla.model3"].description == "car"
    high, low = found["vehicle.tesla.model3"].spawn_bounds.points
    assert 4.0 < high.x - low.x < 5.5
    assert {"walker.pedestrian.0001", "static.prop.trafficcone01"} <= found.keys()
    poses = simulator.ask(srv.GetNamedPoses, tags=TagsFilter(tags=["spawn"])).poses
    assert len(poses) > 10
    assert poses[3].name == "spawn_point_3"
    assert simulator.ask(srv.GetNamedPoses, tags=TagsFilter(tags=["parking"])).poses == []


def test_another_world_is_loaded_by_name_and_from_text(simulator: Simulator) -> None:
    before = simulator.ask(srv.GetCurrentWorld).world
    worlds = {w.name: w for w in simulator.ask(srv.GetAvailableWorlds).worlds}
    assert before.name in worlds
    simulator.ask(
        srv.LoadWorld, world_resource=Resource(uri="Atlantis"), result=Result.RESULT_NOT_FOUND
    )
    simulator.ask(srv.LoadWorld, result=srv.LoadWorld.Response.NO_RESOURCE)
    stamp = simulator.stamp()
    broken = Resource(resource_string="<OpenDRIVE/>")
    simulator.ask(srv.LoadWorld, world_resource=broken, result=Result.RESULT_OPERATION_FAILED)
    simulator.user.until(lambda: simulator.stamp() > stamp + 5 * FRAME_NS, "the old world going on")
    assert "hero" in simulator.names()
    town = config_path("maps", "demo_town.xodr").read_text()
    world = simulator.ask(srv.LoadWorld, world_resource=Resource(resource_string=town)).world
    assert world.name == "OpenDriveMap"
    assert simulator.state() == SimulationState.STATE_STOPPED
    simulator.ask(srv.StepSimulation, steps=2)
    assert "hero" in simulator.names()
    back = simulator.ask(srv.LoadWorld, world_resource=before.world_resource).world
    assert back == before
    simulator.become(SimulationState.STATE_PLAYING)
    simulator.user.until(lambda: simulator.stamp() > stamp + 5 * FRAME_NS, "time going on")


def test_stopping_resets_and_quitting_ends_the_run(simulator: Simulator) -> None:
    simulator.become(SimulationState.STATE_STOPPED)
    assert simulator.state() == SimulationState.STATE_STOPPED
    run = simulator.user.hear("lockstep_run")
    simulator.become(SimulationState.STATE_QUITTING)
    ended = simulator.user.until(
        lambda: [m for m in simulator.user.heard[run] if '"finished"' in m.data], "the run's end"
    )
    assert ended
