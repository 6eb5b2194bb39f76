"""``simulation_interfaces`` of every version: what it has is served, the rest is refused in words.

What each tag has was looked up tag by tag; versions are made of the installed one (2.1.0) by
taking from it what came later. The services of 1.6 that differ are also built and called.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from simulation_bench import FakeExecutor, FakeRun, HereControl

pytest.importorskip("simulation_interfaces")
from simulation_interfaces import action, msg, srv
from simulation_interfaces.msg import Resource, Result

from carla_nurec_bridge.ros.services import simulation_package
from carla_nurec_bridge.ros.services.simulation_package import SimulationPackage
from carla_nurec_bridge.ros.services.simulation_services import SimulationServices

pytestmark = pytest.mark.ros

FLAT = ("uri", "resource_string")
WORLDS = ("LoadWorld", "UnloadWorld", "GetCurrentWorld", "GetAvailableWorlds")


@dataclass(frozen=True)
class Version:
    """What a version has: worlds, resources in a message of their own, flags, several at once."""

    worlds: bool = True
    entity_resource: bool = True
    world_resource: bool = True
    set_pose: bool = True
    spawn_entities: bool = True


VERSIONS = {
    "1.0.0": Version(False, False, False, False, False),
    "1.1.0": Version(True, False, False, False, False),
    "1.3.0": Version(True, False, False, False, False),
    "1.4.0": Version(True, False, False, False, True),
    "1.5.1": Version(True, False, False, False, True),
    "1.6.1": Version(True, False, False, False, True),
    "2.0.0": Version(True, True, False, False, False),
    "2.1.0": Version(),
}


def without(kind: Any, *gone: str, **added: Any) -> Any:
    """Return a message class like ``kind`` without some fields, with others (and their values)."""
    types = {n: t for n, t in kind.get_fields_and_field_types().items() if n not in gone}
    whole = kind()
    values = {name: getattr(whole, name) for name in types} | added
    types |= dict.fromkeys(added, "string")

    class Message:
        __slots__ = tuple(values)

        def __init__(self, **given: Any) -> None:
            assert given.keys() <= values.keys(), f"no field {given.keys() - values.keys()}"
            for name, value in (values | given).items():
                setattr(self, name, value)

        @classmethod
        def get_fields_and_field_types(cls) -> dict[str, str]:
            return types

    return Message


def package_of(version: Version) -> SimulationPackage:
    """Return the package as that version has it."""
    messages = {n: getattr(msg, n) for n in dir(msg) if n[0].isupper()}
    services = {n: getattr(srv, n) for n in dir(srv) if n[0].isupper()}
    flat = dict.fromkeys(FLAT, "")

    def differs(name: str, gone: tuple[str, ...], **added: Any) -> None:
        kind = services[name]
        request = without(kind.Request, *gone, **added)
        services[name] = SimpleNamespace(Request=request, Response=kind.Response)

    if not version.entity_resource:
        differs("SpawnEntity", ("entity_resource",), **flat)
        messages["Spawnable"] = without(msg.Spawnable, "entity_resource", uri="")
    if not version.world_resource:
        differs("LoadWorld", ("world_resource",), **flat)
    if not version.set_pose:
        differs("SetEntityState", ("set_pose", "set_twist", "set_acceleration"))
    late = {}
    if not version.spawn_entities:
        late = {"SPAWNING_ENTITIES": 50}
        del services["SpawnEntities"], messages["SpawnEntity"], messages["SpawnResult"]
    if not version.worlds:
        late |= {n: v for n, v in constants().items() if n.startswith(("WORLD", "AVAILABLE"))}
        for name in WORLDS:
            del services[name]
        del messages["Resource"], messages["WorldResource"]
    kept = {n: v for n, v in constants().items() if n not in late}
    messages["SimulatorFeatures"] = SimpleNamespace(**kept)
    return SimulationPackage(SimpleNamespace(**messages), SimpleNamespace(**services), action)


def constants() -> dict[str, int]:
    kinds = type(msg.SimulatorFeatures)
    names = [n for n in vars(kinds) if n.isupper() and not n.startswith("_")]
    return {n: getattr(msg.SimulatorFeatures, n) for n in names}


@pytest.fixture(params=VERSIONS)
def served(request: pytest.FixtureRequest) -> tuple[Version, FakeExecutor, FakeRun]:
    version, executor, run = VERSIONS[request.param], FakeExecutor(), FakeRun()
    SimulationServices(package_of(version), executor, HereControl(), run, "")  # type: ignore[arg-type]
    return version, executor, run


def resource(version: Version, field: str, uri: str = "", text: str = "") -> dict[str, Any]:
    if getattr(version, field):
        return {field: Resource(uri=uri, resource_string=text)}
    return {"uri": uri, "resource_string": text}


def test_the_installed_package_is_the_newest_of_the_table() -> None:
    fields = srv.SpawnEntity.Request.get_fields_and_field_types()
    assert "entity_resource" in fields
    assert constants()["SPAWNING_ENTITIES"] == 50
    assert len(constants()) > 30


def test_nothing_is_needed_where_the_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation_package, "find_spec", lambda _: None)
    assert simulation_package.simulation_package() is None


def test_a_car_is_spawned_by_its_blueprint_and_by_text(served: Any) -> None:
    version, executor, run = served
    pose = srv.SpawnEntity.Request().initial_pose
    pose.pose.position.x = 60.0
    by_uri = resource(version, "entity_resource", uri="vehicle.audi.tt")
    answer = executor.ask("spawn_entity", name="car1", initial_pose=pose, **by_uri)
    assert (answer.result.result, answer.entity_name) == (Result.RESULT_OK, "car1")
    by_text = resource(version, "entity_resource", text="{blueprint: walker.pedestrian.0001}")
    answer = executor.ask("spawn_entity", name="who", initial_pose=pose, **by_text)
    assert (answer.result.result, answer.entity_name) == (Result.RESULT_OK, "who")
    (_, first, name, at), (_, second, _, _) = run.entities.asked
    assert (first, name, at[0, 3]) == ("vehicle.audi.tt", "car1", 60.0)
    assert second == "walker.pedestrian.0001"
    nothing = executor.ask("spawn_entity", name="x", initial_pose=pose)
    assert nothing.result.result == srv.SpawnEntity.Response.NO_RESOURCE


def test_a_state_is_set_in_part_where_there_are_flags_else_as_a_whole(served: Any) -> None:
    version, executor, run = served
    state = msg.EntityState()
    state.pose.position.x, state.twist.linear.x = 3.0, 4.0
    only_pose = {"set_pose": True} if version.set_pose else {}
    answer = executor.ask("set_entity_state", entity="hero", state=state, **only_pose)
    assert answer.result.result == Result.RESULT_OK
    [(_, name, pose, twist)] = run.entities.asked
    assert (name, pose[0, 3]) == ("hero", 3.0)
    assert twist is None if version.set_pose else twist[0][0] == 4.0
    state.acceleration.linear.x = 1.0
    told = executor.ask("set_entity_state", entity="hero", state=state)
    assert ("acceleration" in told.result.error_message) is not version.set_pose


def test_what_can_be_spawned_is_listed(served: Any) -> None:
    version, executor, _ = served
    listed = executor.ask("get_spawnables").spawnables
    uris = [s.entity_resource.uri if version.entity_resource else s.uri for s in listed]
    assert uris == ["vehicle.audi.tt", "walker.pedestrian.0001"]


def test_worlds_are_loaded_where_the_version_has_them(served: Any) -> None:
    version, executor, run = served
    assert {f"{n}_world" for n in ("load", "get_current")} <= executor.served.keys() or (
        not version.worlds and not any("world" in name for name in executor.served)
    )
    if not version.worlds:
        return
    by_name = resource(version, "world_resource", uri="Town01")
    answer = executor.ask("load_world", **by_name)
    assert answer.result.result == Result.RESULT_OK
    assert (answer.world.name, answer.world.world_resource.uri) == ("Town01", "Carla/Maps/Town01")
    executor.ask("load_world", **resource(version, "world_resource", text="<OpenDRIVE/>"))
    assert run.worlds == [("Town01", ""), ("", "<OpenDRIVE/>")]
    assert executor.ask("load_world").result.result == srv.LoadWorld.Response.NO_RESOURCE


def test_features_are_those_that_are_served(served: Any) -> None:
    version, executor, _ = served
    numbers = set(executor.ask("get_simulator_features").features.features)
    named = {name for name, number in constants().items() if number in numbers}
    assert ("SPAWNING_ENTITIES" in named) == version.spawn_entities
    assert ("WORLD_LOADING" in named) == version.worlds
    assert {"SPAWNING", "DELETING", "STEP_SIMULATION_ACTION", "ENTITY_STATE_SETTING"} <= named
    assert ("spawn_entities" in executor.served) == version.spawn_entities


def test_a_field_that_no_version_lacks_today_may_be_missing_tomorrow() -> None:
    package = package_of(VERSIONS["2.1.0"])
    package.srv.GetEntities = SimpleNamespace(
        Request=without(srv.GetEntities.Request, "filters"), Response=srv.GetEntities.Response
    )
    package.srv.SpawnEntity = SimpleNamespace(
        Request=without(srv.SpawnEntity.Request, "entity_resource"),
        Response=srv.SpawnEntity.Response,
    )
    executor = FakeExecutor()
    SimulationServices(package, executor, HereControl(), FakeRun(), "")  # type: ignore[arg-type]
    for answer, word in (
        (executor.ask("get_entities"), "Request.filters"),
        (executor.ask("spawn_entity", name="x"), "what is wanted"),
    ):
        assert answer.result.result == Result.RESULT_FEATURE_UNSUPPORTED
        assert word in answer.result.error_message


DEFINITIONS = {
    "Result.msg": "uint8 result\nstring error_message",
    "Resource.msg": "string uri\nstring resource_string",
    "WorldResource.msg": "string name\nResource world_resource\nstring description\nstring[] tags",
    "EntityState.msg": "std_msgs/Header header\ngeometry_msgs/Pose pose\n"
    "geometry_msgs/Twist twist\ngeometry_msgs/Accel acceleration",
    "SpawnEntity.srv": "string name\nbool allow_renaming\nstring uri\nstring resource_string\n"
    "string entity_namespace\ngeometry_msgs/PoseStamped initial_pose\n---\n"
    "Result result\nstring entity_name",
    "SetEntityState.srv": "string entity\nEntityState state\n---\nResult result",
    "LoadWorld.srv": "string uri\nstring resource_string\nbool fail_on_unsupported_element\n"
    "bool ignore_missing_or_unsupported_assets\n---\nResult result\nWorldResource world",
}
"""Those interfaces of 1.6 that later versions changed, and what they are made of."""

BUILD = """
import subprocess, sys, sysconfig
from pathlib import Path
proto, definitions, root = map(Path, sys.argv[1:])
sys.path.insert(0, str(proto))
from rosidl_build import MessagePackage, generate, include_dirs, libraries, ros_prefix
nests = ("geometry_msgs", "action_msgs", "service_msgs", "unique_identifier_msgs", "std_msgs",
         "builtin_interfaces")
package = MessagePackage("simulation_interfaces", nests, "as of 1.6")
sources = generate(package, definitions, root)
folders = [*include_dirs(root), sysconfig.get_paths()["include"]]
flags = ["-fPIC", "-O0", "-w", *(f"-I{folder}" for folder in folders)]
objects = []
for number, source in enumerate(sources):
    objects.append(str(root / f"{number}.o"))
    program = ["g++", "-std=c++17"] if source.suffix == ".cpp" else ["gcc", "-std=gnu11"]
    subprocess.run([*program, "-c", *flags, str(source), "-o", objects[-1]], check=True)
target = root / (package.module.replace(".", "/") + sysconfig.get_config_var("EXT_SUFFIX"))
lib = str(ros_prefix() / "lib")
link = ["g++", "-shared", *objects, "-o", str(target), f"-L{lib}", f"-Wl,-rpath,{lib}"]
subprocess.run([*link, *(f"-l{name}" for name in libraries(package))], check=True)
"""

ASK = """
import json, sys, threading
sys.path[:0] = sys.argv[1:3]
import rclpy
from simulation_bench import FakeRun
from simulation_interfaces import srv
from carla_nurec_bridge.ros.services.run_control import RunControl
from carla_nurec_bridge.ros.services.service_executor import ServiceExecutor
from carla_nurec_bridge.ros.services.simulation_package import simulation_package
from carla_nurec_bridge.ros.services.simulation_services import SimulationServices

rclpy.init()
node, user = rclpy.create_node("carla_ego"), rclpy.create_node("user")
run, control, frames = FakeRun(), RunControl(), []
def loop():
    while control.state != "quitting":
        control.wait_turn(lambda: None)
        frames.append(threading.get_ident())
        over.wait(0.01)
over = threading.Event()
thread = threading.Thread(target=loop, daemon=True)
def ask(kind, name, /, **fields):
    client = user.create_client(kind, name)
    assert client.wait_for_service(200.0), name
    future = client.call_async(kind.Request(**fields))
    rclpy.spin_until_future_complete(user, future, timeout_sec=200.0)
    return future.result()
with ServiceExecutor(node) as executor:
    SimulationServices(simulation_package(), executor, control, run, "")
    thread.start()
    state = ask(srv.SetEntityState, "set_entity_state", entity="hero").result.result
    spawned = ask(srv.SpawnEntity, "spawn_entity", name="car1", uri="vehicle.audi.tt")
    loaded = ask(srv.LoadWorld, "load_world", uri="Town01")
    control.become("playing")
    run.entities.fault = AttributeError("nobody foresaw this")
    failed = ask(srv.SpawnEntity, "spawn_entity", name="car2", uri="vehicle.audi.tt")
    before = len(frames)
    for _ in range(500):
        if len(frames) > before:
            break
        over.wait(0.02)
    went_on = len(frames) > before
    control.become("quitting")
    thread.join()
print(json.dumps({
    "state": state, "spawned": [spawned.result.result, spawned.entity_name],
    "asked": [a[:2] for a in run.entities.asked], "loaded": [loaded.result.result, run.worlds],
    "failed": [failed.result.result, failed.result.error_message], "went_on": went_on,
}))
rclpy.shutdown()
"""


def test_a_client_of_version_1_6_is_served(tmp_path: Path) -> None:
    pytest.importorskip("rosidl_adapter")
    if shutil.which("g++") is None:
        pytest.skip("no C++ compiler")
    definitions, built = tmp_path / "definitions", tmp_path / "built"
    definitions.mkdir()
    for name, text in DEFINITIONS.items():
        (definitions / name).write_text(text + "\n")
    here = Path(__file__).parents[1]
    proto = here.parent / "proto" / "ros_interfaces"
    subprocess.run([sys.executable, "-c", BUILD, proto, definitions, built], check=True)
    done = subprocess.run(
        [sys.executable, "-c", ASK, built, here],
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["state"] == Result.RESULT_OK
    assert told["spawned"] == [Result.RESULT_OK, "car1"]
    assert told["asked"] == [["place", "hero"], ["spawn", "vehicle.audi.tt"]]
    assert told["loaded"] == [Result.RESULT_OK, [["Town01", ""]]]
    code, text = told["failed"]
    assert code == Result.RESULT_OPERATION_FAILED
    assert "nobody foresaw this" in text
    assert told["went_on"]
