"""A server opens, closes and leaves nothing behind."""

import dataclasses
import threading
import time

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError, ProtocolError
from carla_nurec_bridge.nurec.client.client import Deadlines, NurecClient
from carla_nurec_bridge.nurec.client.connection import Connection
from carla_nurec_bridge.nurec.client.requests import CameraRequest
from carla_nurec_bridge.servers.nurec.drawing.render_thread import RenderThread
from carla_nurec_bridge.servers.nurec.server import NurecServer


def own_threads():
    return {
        thread
        for thread in threading.enumerate()
        if thread.name == "render" or thread.name.startswith(("encode_", "call_"))
    }


@pytest.fixture
def camera_request(rig, world) -> CameraRequest:
    camera = rig.cameras[0]
    mount = camera.rig_from_camera
    return CameraRequest(
        "front",
        camera.logical_id,
        camera.model,
        camera.shutter,
        mount,
        mount,
        world.start_us,
        world.start_us + 30_000,
    )


def test_closing_joins_every_thread_and_frees_the_port(serve, scene, camera_request):
    before = own_threads()
    server = serve()
    server.start()
    second = dataclasses.replace(camera_request, name="again")
    with NurecClient(f"127.0.0.1:{server.port}") as client:
        assert client.render(scene.scene_id, [camera_request, second]).errors == ()
    assert own_threads() - before
    server.close()
    server.close()
    deadline = time.monotonic() + 60.0
    while own_threads() - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert own_threads() == before


def test_a_scene_without_a_map_cannot_be_served(scene):
    with pytest.raises(InputError, match=r"has no map\.xodr"), NurecServer([scene], port=0):
        pass


def test_a_server_without_scenes_answers():
    with (
        NurecServer([], port=0) as server,
        NurecClient(f"127.0.0.1:{server.port}") as client,
    ):
        assert client.health() == "SERVING"
        assert client.scenes() == ()
        with pytest.raises(ProtocolError, match="NOT_FOUND.*this server has none"):
            client.cameras("any")
        client.name_scene("one", "/scenes/one.usdz")
        with pytest.raises(ProtocolError, match="FAILED_PRECONDITION.*--scene-root"):
            client.cameras("one")


def test_a_client_waits_for_the_first_scene_before_it_asks_for_a_render(
    scene, serve, camera_request, monkeypatch
):
    """What is asked for while kernels compile does not lose its deadline to that."""
    server = serve()
    street_of, may_load = server._drawn_scenes._street_of, threading.Event()

    def held(scene):
        assert may_load.wait(60.0)
        return street_of(scene)

    server._drawn_scenes._street_of = held
    health, told = Connection.health, []

    def noted(connection, limit_s):
        told.append(health(connection, limit_s))
        if len(told) == 2:
            may_load.set()
        return told[-1]

    monkeypatch.setattr(Connection, "health", noted)
    starting = threading.Thread(target=server.start)
    starting.start()
    try:
        with NurecClient(f"127.0.0.1:{server.port}", Deadlines(first_render_s=20.0)) as client:
            assert client.scenes() == (scene.scene_id,)
            assert client.render(scene.scene_id, [camera_request]).errors == ()
    finally:
        may_load.set()
        starting.join(60.0)
        server.close()
    assert told[:2] == ["NOT_SERVING", "NOT_SERVING"]
    assert told[-1] == "SERVING"


def test_the_render_thread_keeps_order_and_hands_errors_on():
    thread = RenderThread()
    seen = []
    jobs = [thread.submit(lambda n=n: seen.append(n) or n) for n in range(50)]
    broken = thread.submit(lambda: np.zeros(2)[5])
    assert [job.result(5.0) for job in jobs] == list(range(50)) == seen
    with pytest.raises(IndexError):
        broken.result(5.0)
    thread.close()
    thread.close()
    assert thread.submit(lambda: 1).cancelled()


def test_the_render_thread_says_what_it_is_at():
    thread = RenderThread()
    begun, go_on = threading.Event(), threading.Event()
    assert thread.stands() == ""
    drawn = thread.submit(lambda: begun.set() or go_on.wait(60.0))
    assert begun.wait(60.0)
    assert thread.stands() == "drawing number 1 is under way"
    go_on.set()
    assert drawn.result(60.0)
    thread.close()
    assert thread.stands() == ""
