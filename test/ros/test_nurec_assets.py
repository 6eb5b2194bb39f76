"""Asset editing as services, against a real server, and who is bound to what was put in."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters, ListParameters, SetParametersAtomically
from rclpy.context import Context
from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import Trigger

from carla_nurec_bridge.core.errors import InputError, ProtocolError, RunError
from carla_nurec_bridge.nurec.client.capabilities import Capabilities
from carla_nurec_bridge.nurec.client.client import NurecClient
from carla_nurec_bridge.rendering.mesh import build_mesh
from carla_nurec_bridge.ros.publishers.inserted_tracks import (
    InsertedPublisher,
    InsertedTracks,
    read_ids,
)
from carla_nurec_bridge.ros.publishers.tracks import BoundTracks, bind, binding_message
from carla_nurec_bridge.ros.runtime.spinner import Spinner
from carla_nurec_bridge.ros.services.asset_editor import AssetEditor, assets_of_inserted_actors
from carla_nurec_bridge.ros.services.asset_services import AssetServices, read_wanted
from carla_nurec_bridge.scene import RigTrajectory, Scene, SceneTrack
from carla_nurec_bridge.servers.nurec.options import NurecServerOptions
from carla_nurec_bridge.servers.nurec.server import NurecServer
from carla_nurec_bridge.town.street import Street
from carla_nurec_bridge.world.inserted_actors import draw_inserted_actors
from carla_nurec_bridge.world.inserted_actors_file import load_inserted_actors

pytestmark = pytest.mark.ros

_START_US = 1_000_000
_WAIT_S = 60.0


def _scene() -> Scene:
    stamps = np.array([_START_US, _START_US + 1_000_000])
    still = np.stack([np.eye(4)] * 2)
    car = SceneTrack("car", "automobile", (4.5, 1.9, 1.6), stamps, still)
    return Scene(
        None,
        "clip",
        "clip",
        (_START_US, _START_US + 1_000_000),
        RigTrajectory(stamps, still),
        (),
        (car,),
        (),
        np.eye(4),
        np.eye(4),
        None,
        None,
    )


def _server(scene: Scene, *, editing: bool) -> NurecServer:
    floor = build_mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]], colour=(9,) * 3, tag=1)
    options = NurecServerOptions(editing=editing)
    return NurecServer([scene], port=0, options=options, street_of=lambda _: Street(floor, ()))


class _Run:
    """A node with the services, its render thread, and a user who calls them."""

    def __init__(self, context: Context, client: NurecClient, scene: Scene) -> None:
        self.node = Node("nurec_render", context=context)
        self.user = Node("user", context=context)
        self.services = AssetServices(self.node)
        self.heard = InsertedTracks(self.user)
        told = InsertedPublisher(self.node)
        ids = [track.track_id for track in scene.tracks]
        self.editor = AssetEditor(client, scene.scene_id, ids, told.tell)
        self._over = threading.Event()
        self._spinner = Spinner(self.node, self.user).__enter__()
        self._thread = threading.Thread(target=self._render)
        self._thread.start()

    def _render(self) -> None:
        while not self._over.wait(0.02):
            self.services.work(self.editor)

    def call(self, name: str, kind: Any, **fields: Any) -> Any:
        client = self.user.create_client(kind, f"/nurec_render/assets/{name}")
        assert client.wait_for_service(_WAIT_S)
        done = threading.Event()
        future = client.call_async(kind.Request(**fields))
        future.add_done_callback(lambda _: done.set())
        assert done.wait(_WAIT_S), f"{name} did not answer"
        return future.result()

    def edit(self, name: str, **values: Any) -> Any:
        parameters = [_parameter(key.replace("__", "."), value) for key, value in values.items()]
        return self.call(name, SetParametersAtomically, parameters=parameters).result

    def close(self) -> None:
        self._over.set()
        self._spinner.close()
        self._thread.join()
        for node in (self.node, self.user):
            node.destroy_node()


def _parameter(name: str, value: Any) -> Parameter:
    if isinstance(value, str):
        told = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=value)
    else:
        told = ParameterValue(type=ParameterType.PARAMETER_DOUBLE_ARRAY, double_array_value=value)
    return Parameter(name=name, value=told)


def _soon(condition: Any) -> None:
    deadline = time.monotonic() + _WAIT_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def test_users_list_replace_insert_and_restore(context: Context) -> None:
    scene = _scene()
    with _server(scene, editing=True) as server, NurecClient(f"127.0.0.1:{server.port}") as client:
        run = _Run(context, client, scene)
        try:
            names = run.call("list", ListParameters).result.names
            assert "dynamic.car" in names
            assert "external.walker.pedestrian.0048" in names
            only = run.call("list", ListParameters, prefixes=["dynamic"]).result.names
            assert list(only) == ["dynamic.car"]

            done = run.edit(
                "insert",
                child="walker.pedestrian.0048",
                child__class="person",
                ball="car",
                ball__size_m=[0.3, 0.3, 0.3],
            )
            assert (done.successful, done.reason) == (True, "0 replaced, 2 inserted")
            assert run.edit("replace", car="vehicle.audi.tt").successful
            asked = ["car", "child.class", "ball.size_m", "ghost", "child.size_m"]
            values = run.call("get", GetParameters, names=asked).values
            assert values[0].string_value == "vehicle.audi.tt"
            assert values[1].string_value == "person"
            assert list(values[2].double_array_value) == pytest.approx([0.3] * 3)
            assert values[3].type == ParameterType.PARAMETER_NOT_SET
            assert list(values[4].double_array_value) == pytest.approx([0.5, 0.5, 1.1])
            _soon(lambda: run.heard.ids == ("ball", "child"))
            assert run.editor.added == {"ball", "child"}

            refused = run.edit("insert", dog="car", other="unheard.of")
            assert not refused.successful
            assert "NOT_FOUND: unknown asset 'unheard.of'" in refused.reason
            assert "dynamic.dog" not in run.call("list", ListParameters).result.names

            with pytest.MonkeyPatch.context() as patch:  # an error that nobody foresaw
                patch.setattr(run.editor, "replace", lambda _: {}["nothing"])
                failed = run.edit("replace", car="vehicle.audi.tt")
            assert not failed.successful
            assert "KeyError" in failed.reason

            assert run.call("restore", Trigger).success
            values = run.call("get", GetParameters, names=["car", "child"]).values
            assert values[0].string_value == ""
            assert values[1].type == ParameterType.PARAMETER_NOT_SET
            _soon(lambda: run.heard.ids == ())
        finally:
            run.close()


def test_a_server_without_editing_says_so(context: Context) -> None:
    scene = _scene()
    with _server(scene, editing=False) as server, NurecClient(f"127.0.0.1:{server.port}") as client:
        run = _Run(context, client, scene)
        try:
            assert not run.editor.possible
            done = run.edit("insert", child="walker.pedestrian.0048")
            assert not done.successful
            assert "--enable-editing-actors" in done.reason
        finally:
            run.close()


def test_a_server_that_lists_no_tracks_still_renders() -> None:
    def refuse(_scene: str) -> Any:
        raise ProtocolError("get_dynamic_objects: FAILED_PRECONDITION: not started for that")

    def offered(generation: str) -> Capabilities:
        return Capabilities(generation, True, False, False, None, {})

    client: Any = SimpleNamespace(capabilities=offered("D"), dynamic_objects=refuse)
    editor = AssetEditor(client, "clip", ["car"], lambda _: None)
    assert "FAILED_PRECONDITION: not started for that" in editor.look()
    assert editor.added == frozenset()
    client.capabilities = offered("B")
    assert editor.look() == "", "servers without such calls are not asked"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "names no asset for TRACK"),
        ({"a": ""}, "a must be a string"),
        ({"a.size_m": [1.0, 2.0, 3.0]}, "names no asset for a"),
        ({"a": "car", "a.size_m": [1.0, 2.0]}, "a.size_m must be three numbers"),
        ({"a": [1.0]}, "a must be a string"),
        ({"a": "car", "b.class": "x"}, "no asset for b"),
    ],
)
def test_calls_that_cannot_be_meant_are_refused(values: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        read_wanted([_parameter(name, value) for name, value in values.items()])


def test_actors_follow_what_was_put_in_once_it_is_told() -> None:
    child: Any = SimpleNamespace(id=7, role_name="child")
    tracks = BoundTracks("clip", ["car"])
    message = binding_message(bind([child], ("car", "child")))
    with pytest.raises(RunError, match="'child', which scene clip does not have"):
        tracks.hear(message)
    tracks.admit(["child"])
    tracks.hear(message)
    assert tracks.binding_of({"7"}, 1.0) == {"7": "child"}
    for text in ("{}", "[1]", "nonsense"):
        with pytest.raises(ProtocolError, match="JSON list of names"):
            read_ids(String(data=text))


def test_inserted_actors_are_put_in_once_and_drawn_as_asked() -> None:
    scene = _scene()
    inserted = draw_inserted_actors(load_inserted_actors("ball_and_child"), 4)
    with _server(scene, editing=True) as server, NurecClient(f"127.0.0.1:{server.port}") as client:
        told: list[frozenset[str]] = []
        before: list[frozenset[str]] = []
        editor = AssetEditor(
            client, "clip", ["car"], told.append, before=lambda: before.append(editor.added)
        )
        wanted = assets_of_inserted_actors(inserted)
        assert editor.ensure(wanted) == "0 replaced, 2 inserted"
        assert told[-1] == {"ball", "child"}
        assert before == [frozenset()], "what is in work is published before the scene changes"
        tracks = {track.track_id: track for track in editor.tracks()}
        for actor in inserted.actors:
            assert tracks[actor.name].asset_id == actor.asset_id
            assert tracks[actor.name].size_m == pytest.approx(actor.size_m)
        assert editor.ensure(wanted) == "all there", "a second run finds them"
        other = [replace(edit, asset_id="car") for edit in wanted[:1]]
        assert editor.ensure(other) == "1 replaced, 0 inserted"
        with pytest.raises(InputError, match="offers no asset 'dragon' to draw 'ball' as"):
            editor.ensure([replace(wanted[0], asset_id="dragon")])
