"""``carla-nurec nurec serve`` and ``nurec info`` as processes, on a real scene package."""

import dataclasses
import select
import signal
import socket
import subprocess
import sys

import pytest

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.nurec.client import NurecClient
from carla_nurec_bridge.nurec.requests import CameraRequest
from carla_nurec_bridge.scene import write_scene
from carla_nurec_bridge.scene.geodesy import ecef_from_enu, geo_reference

COMMAND = [sys.executable, "-m", "carla_nurec_bridge.cli.main", "nurec"]


@pytest.fixture(scope="module")
def package(scene, tmp_path_factory):
    """Write a package of the demo town that begins on its east arm, heading east."""
    xodr = config_path("maps", "demo_town.xodr").read_text()
    ecef_from_map = ecef_from_enu(geo_reference(xodr, "demo town"))
    path = tmp_path_factory.mktemp("scenes") / "small.usdz"
    placed = dataclasses.replace(
        scene,
        xodr=xodr,
        ecef_from_world=ecef_from_map @ matrix_from_xyz_rpy([25.0, -1.75, 0.0], [0, 0, 0]),
    )
    write_scene(path, placed)
    return path


def start(*arguments):
    return subprocess.Popen(
        [*COMMAND, "serve", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_line(process, limit_s=60.0):
    ready, _, _ = select.select([process.stdout], [], [], limit_s)
    assert ready, "the server said nothing"
    return process.stdout.readline()


@pytest.fixture(scope="module")
def running(package):
    process = start("--scene", package, "--port", 0)
    line = first_line(process)
    assert line.startswith("ready: NuRec on 127.0.0.1:"), line + process.stderr.read()
    yield process, int(line.split(",")[0].rsplit(":", 1)[1])
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_it_draws_the_street_of_the_map(running, rig, scene, world):
    _, port = running
    camera = rig.cameras[0]
    request = CameraRequest(
        camera.name,
        camera.logical_id,
        camera.model,
        camera.shutter,
        camera.rig_from_camera,
        camera.rig_from_camera,
        world.start_us,
        world.start_us + 30_000,
    )
    with NurecClient(f"127.0.0.1:{port}") as client:
        (reply,) = client.render(scene.sequence_id, [request]).images
    assert reply.error is None
    assert len(reply.image) > 15_000, "a street has more to show than sky"


def test_info_shows_what_is_served(running):
    _, port = running
    shown = subprocess.run(
        [*COMMAND, "info", f"127.0.0.1:{port}"], capture_output=True, text=True, timeout=60
    )
    assert shown.returncode == 0, shown.stderr
    for word in ("clip-of-the-test", "camera_cross_left_120fov", "ftheta", "640 x 360"):
        assert word in shown.stdout
    assert "21 rig poses over 2 s" in shown.stdout


def test_a_port_in_use_is_one_line_and_code_2(running, package):
    _, port = running
    process = start("--scene", package, "--port", port)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert err.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{port}" in err


def test_a_signal_ends_it_with_code_0(running):
    process, port = running
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert (out, err) == ("", "")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize(
    ("content", "text"), [(None, "missing.usdz"), (b"not a zip at all", "broken.usdz")]
)
def test_a_bad_scene_is_one_line_and_code_2(tmp_path, content, text):
    path = tmp_path / text
    if content is not None:
        path.write_bytes(content)
    process = start("--scene", path)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.count("\n") == 1
    assert text in err
    assert "Traceback" not in err


def test_info_of_nothing_is_one_line_and_code_1():
    shown = subprocess.run(
        [*COMMAND, "info", "127.0.0.1:9", "--timeout", "0.3"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shown.returncode == 1
    assert shown.stderr.count("\n") == 1
    assert "no NuRec server answered at 127.0.0.1:9" in shown.stderr
