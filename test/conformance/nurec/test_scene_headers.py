"""Scenes that clients name in headers, scenes that come and go, several in one server."""

import dataclasses
import http.server
import threading
from functools import partial

import grpc
import pytest

from carla_nurec_bridge.core.errors import InputError, ProtocolError
from carla_nurec_bridge.nurec.client.client import NurecClient
from carla_nurec_bridge.nurec.client.requests import CameraRequest
from carla_nurec_bridge.rendering.primitives import chamfered_box
from carla_nurec_bridge.scene import write_scene
from carla_nurec_bridge.servers.nurec.options import NurecServerOptions
from carla_nurec_bridge.servers.nurec.server import NurecServer
from carla_nurec_bridge.town.street import Street

WALL = chamfered_box((20, 0, 0), (1, 40, 10), 0.1, colour=(200, 60, 40), tag=1)


@pytest.fixture
def folder(scene, tmp_path):
    """Return a folder with packages of three scenes, and one outside it."""
    inside = tmp_path / "allowed"
    inside.mkdir()
    for name in ("one", "two", "three"):
        write_scene(inside / f"{name}.usdz", dataclasses.replace(scene, scene_id=f"scene-{name}"))
    write_scene(tmp_path / "secret.usdz", dataclasses.replace(scene, scene_id="secret"))
    return inside


@pytest.fixture
def serving(tmp_path):
    """Return a maker of servers that know no scene but those that clients name."""
    opened = []

    def make(scenes=(), **options):
        server = NurecServer(
            scenes,
            port=0,
            options=NurecServerOptions(**options),
            street_of=lambda _: Street(WALL, ()),
        )
        server.__enter__()
        opened.append(server)
        return server, f"127.0.0.1:{server.port}"

    yield make
    for server in opened:
        server.close()


def picture(rig, world):
    front = rig.cameras[0]
    mount = front.rig_from_camera
    return CameraRequest(
        "front",
        front.logical_id,
        front.model,
        front.shutter,
        mount,
        mount,
        world.start_us,
        world.start_us + 1,
        size=(64, 36),
    )


def test_a_client_brings_its_scene(serving, folder, rig, world):
    _, target = serving(scene_roots=(str(folder),))
    with NurecClient(target) as client:
        assert client.scenes() == ()
        client.name_scene("mine", str(folder / "one.usdz"))
        assert len(client.cameras("mine")) == 3
        assert client.scenes() == ("scene-one",)
        assert client.render("mine", [picture(rig, world)]).errors == ()
    with NurecClient(target) as other:
        assert len(other.cameras("mine")) == 3, "known from now on, without headers"
        assert len(other.cameras("scene-one")) == 3


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("{0}/../secret.usdz", "PERMISSION_DENIED"),
        ("file://{0}/%2e%2e/secret.usdz", "PERMISSION_DENIED"),
        ("{0}/link.usdz", "PERMISSION_DENIED"),
        ("/etc/passwd", "PERMISSION_DENIED"),
        ("/no/such/file.usdz", "PERMISSION_DENIED"),
        ("one.usdz", "PERMISSION_DENIED"),
        ("http://127.0.0.1:9/one.usdz", "PERMISSION_DENIED"),
        ("ftp://127.0.0.1/one.usdz", "INVALID_ARGUMENT"),
        ("file://elsewhere{0}/one.usdz", "INVALID_ARGUMENT"),
        ("{0}/four.usdz", "NOT_FOUND"),
        ("{0}/broken.usdz", "FAILED_PRECONDITION"),
    ],
)
def test_nothing_outside_the_roots_is_read(serving, folder, url, code):
    (folder / "link.usdz").symlink_to(folder.parent / "secret.usdz")
    (folder / "broken.usdz").write_bytes(b"not a zip")
    _, target = serving(scene_roots=(str(folder),))
    with NurecClient(target) as client:
        client.name_scene("mine", url.format(folder))
        with pytest.raises(ProtocolError, match=code):
            client.cameras("mine")
        assert client.scenes() == ()


def test_without_roots_headers_are_refused(server, folder):
    with NurecClient(f"127.0.0.1:{server.port}") as client:
        client.name_scene("mine", str(folder / "one.usdz"))
        with pytest.raises(ProtocolError, match="FAILED_PRECONDITION.*--scene-root"):
            client.cameras("mine")


def test_names_are_plain(serving, folder):
    _, target = serving(scene_roots=(str(folder),))
    with NurecClient(target) as client:
        client.name_scene("../mine", str(folder / "one.usdz"))
        with pytest.raises(ProtocolError, match="INVALID_ARGUMENT.*letters, digits"):
            client.cameras("../mine")


def test_the_scene_not_drawn_for_longest_goes(serving, folder, rig, world):
    _, target = serving(scene_roots=(str(folder),), cache_size=2)
    with NurecClient(target) as client:
        for name in ("one", "two", "three"):
            client.name_scene(name, str(folder / f"{name}.usdz"))
        for name in ("one", "two", "one", "three"):
            assert client.render(name, [picture(rig, world)]).errors == ()
        assert client.loaded_scenes() == (("scene-one", "scene-three"), 2)
        assert client.render("two", [picture(rig, world)]).errors == (), "it comes back"


def test_packages_are_downloaded_from_allowed_addresses(serving, folder, tmp_path):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            if "moved" in self.path:
                self.send_response(302)
                self.send_header("Location", "/one.usdz")
                self.end_headers()
            else:
                super().do_GET()

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{web.server_port}"
    kept = tmp_path / "kept"
    try:
        _, target = serving(scene_roots=(root,), download_dir=kept, download_count=2)
        with NurecClient(target) as client:
            for name in ("one", "two", "three"):
                client.name_scene(name, f"{root}/{name}.usdz")
                assert len(client.cameras(name)) == 3
            for name, code in (("four", "NOT_FOUND"), ("moved", "FAILED_PRECONDITION.*302")):
                client.name_scene(name, f"{root}/{name}.usdz")
                with pytest.raises(ProtocolError, match=code):
                    client.cameras(name)
    finally:
        web.shutdown()
        web.server_close()
    assert sorted(path.name.split("-")[0] for path in kept.iterdir()) == ["three", "two"]


def test_a_scene_that_cannot_be_drawn_says_so_and_others_go_on(scene, rig, world):
    streets = {"good": Street(WALL, ())}

    def street_of(wanted):
        if wanted.scene_id not in streets:
            raise InputError(f"scene {wanted.scene_id} is made of nothing")
        return streets[wanted.scene_id]

    pair = [dataclasses.replace(scene, scene_id=n, sequence_id=f"seq-{n}") for n in ("good", "bad")]
    with (
        NurecServer(pair, port=0, street_of=street_of) as running,
        NurecClient(f"127.0.0.1:{running.port}") as client,
    ):
        assert len(client.cameras("bad")) == 3
        (error,) = client.render("bad", [picture(rig, world)]).errors
        assert "FAILED_PRECONDITION: scene bad is made of nothing" in error
        assert client.render("seq-good", [picture(rig, world)]).errors == ()
        with pytest.raises(InputError, match="made of nothing"):
            running.make_ready(pair[1])


def test_headers_work_on_calls_without_a_scene(serving, folder):
    _, target = serving(scene_roots=(str(folder),))
    with grpc.insecure_channel(target) as channel:
        call = channel.unary_unary("/sensorsim.SensorsimService/get_available_scenes")
        url = ("x-nre-scene-url", f"file://{folder}/two.usdz")
        assert b"scene-two" in call(b"", metadata=(url, ("x-nre-scene-id", "two")))
