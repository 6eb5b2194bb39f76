"""``carla-nurec nurec serve`` and ``nurec info`` as processes, on a real scene package."""

import csv
import dataclasses
import re
import select
import signal
import socket

import cv2
import numpy as np
import pytest
from programs import Program, run

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.nurec.client.client import NurecClient
from carla_nurec_bridge.nurec.client.requests import CameraRequest
from carla_nurec_bridge.scene import write_scene
from carla_nurec_bridge.scene.along_trajectory import ImageWish, planned_images, render_to_files
from carla_nurec_bridge.scene.geodesy import ecef_from_enu, geo_reference

pytestmark = pytest.mark.random_order(disabled=True)  # a server that the last tests end


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


def test_official_flags(package, tmp_path):
    """Several scenes by a pattern, all checked; neural flags are named as without effect."""
    process = start(
        "--artifact-glob",
        package.parent / "*.usdz",
        "--port",
        0,
        "--test-scenes-are-valid",
        "--enable-editing-actors",
        "--max-workers",
        4,
        "--cache-size",
        3,
        "--enable-timing",
        "--metrics-output-dir",
        tmp_path,
        "--no-enable-nrend",
        "--ray-chunk-size",
        1000,
        "--enable-difix",
    )
    line = first_line(process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=250)
    assert line.startswith("ready: NuRec on 127.0.0.1:"), err
    assert process.returncode == 0
    for flag in ("--enable-nrend", "--ray-chunk-size", "--enable-difix"):
        assert f"warning: {flag} has no effect" in err
    assert "nurec_scenes_loaded 0.0" in (tmp_path / "nurec_server.prom").read_text()


def start(*arguments):
    return Program("nurec", "serve", *arguments)


def test_it_starts_without_scenes(tmp_path):
    process = start("--port", 0)
    line = first_line(process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=250)
    assert "no scene, and none can come without --scene-root" in line, err
    assert process.returncode == 0


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
    shown = run("nurec", "info", f"127.0.0.1:{port}")
    assert shown.returncode == 0, shown.stderr
    for word in ("clip-of-the-test", "camera_cross_left_120fov", "ftheta", "640 x 360"):
        assert word in shown.stdout
    assert "21 rig poses over 2 s" in shown.stdout


def test_info_shows_what_the_server_can_do(running):
    _, port = running
    shown = run("nurec", "info", "--port", port).stdout
    for row in (r"generation\s.*C\+E", r"editing\s.*yes", r"health\s.*SERVING", r"hoods\s.*none"):
        assert re.search(row, shown), f"{row}: {shown}"


def render(port, folder, *more):
    return run("nurec", "render", "--port", port, "-o", folder, *more)


def test_render_writes_pictures_along_the_way(running, tmp_path, world):
    _, port = running
    done = render(port, tmp_path, "--height", "90", "--frame-step", "5", "--camera-id", "all")
    assert done.returncode == 0, done.stderr
    assert "12 of 12 images" in done.stdout
    with (tmp_path / "timestamps.csv").open() as file:
        rows = list(csv.DictReader(file))
    ends = sorted({int(row["end_us"]) - world.start_us for row in rows})
    assert ends == [100_000, 600_000, 1_100_000, 1_600_000], "poses of the way, every fifth"
    assert all(int(row["end_us"]) - int(row["start_us"]) == 30_000 for row in rows)
    pictures = [cv2.imread(str(tmp_path / row["file"])) for row in rows]
    assert {picture.shape for picture in pictures} == {(90, 160, 3)}
    assert all(picture.std() > 20 for picture in pictures)


def test_render_without_rolling_shutter_as_png_with_layers(running, tmp_path):
    _, port = running
    done = render(
        port,
        tmp_path,
        "--height",
        "45",
        "--image-format",
        "png",
        "--frame-step",
        "20",
        "--disable-rolling-shutter",
        "--layers",
    )
    assert done.returncode == 0, done.stderr
    layers, to_look_at, picture = sorted((tmp_path / "camera_front_wide_120fov").iterdir())
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert cv2.imread(str(to_look_at)).shape == (90, 80, 3), "distance and opacity"
    with np.load(layers) as found:
        met = np.isfinite(found["distance_m"])
        assert np.array_equal(met, found["opacity"] == 1.0)
        assert met[-1].all()
        assert not met[0].all(), "the sky is nowhere"
        assert found["distance_m"][-1].max() < 20.0, "the road before the camera"
        assert (found["classes"] == 255).all(), "meshes have none"


class _Asking(NurecClient):
    """A client that asks for the layers of one camera at a size that no message holds."""

    def layers(self, scene_id, camera, actors=()):
        if camera.name == "camera_front_wide_120fov":
            camera = dataclasses.replace(camera, size=(4000, 2000))
        return super().layers(scene_id, camera, actors)


def test_an_image_whose_layers_do_not_fit_a_message_costs_no_other(running, tmp_path):
    _, port = running
    told = []
    wish = ImageWish(45, "png", 1000, rolling=False, rig_name=None, layers=True)
    with _Asking(f"127.0.0.1:{port}") as client:
        plan = planned_images(client, None, ("all",), 1000, 20)
        failed = render_to_files(
            client, plan, wish, tmp_path, lambda _, errors: told.extend(errors)
        )
    assert failed == len(plan.frames) == len(told)
    assert all("layers of camera_front_wide_120fov" in error for error in told)
    assert all("4000 x 2000 pixels do not fit a message" in error for error in told)
    assert len(list(tmp_path.glob("*/*.layers.npz"))) == (len(plan.cameras) - 1) * len(plan.frames)
    assert len(list(tmp_path.glob("camera_front_wide_120fov/*.png"))) == len(plan.frames)


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (["--camera-id", "eye"], "has no camera eye"),
        (["--rig-name", "hyperion_8"], "no hood of rig 'hyperion_8'"),
        (["--scene-id", "nowhere"], "unknown scene 'nowhere'"),
    ],
)
def test_what_render_cannot_do_is_one_line(running, tmp_path, flags, text):
    _, port = running
    done = render(port, tmp_path / "out", *flags)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1
    assert text in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_port_in_use_is_one_line_and_code_2(running, package):
    _, port = running
    process = start("--scene", package, "--port", port)
    out, err = process.communicate(timeout=250)
    assert process.returncode == 2
    assert out == ""
    assert err.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{port}" in err


def test_a_signal_ends_it_with_code_0(running):
    process, port = running
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=250)
    assert process.returncode == 0, err
    assert (out, err) == ("", "ended by SIGTERM (kill, or the end of what started it)\n")
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
    _, err = process.communicate(timeout=250)
    assert process.returncode == 2
    assert err.count("\n") == 1
    assert text in err
    assert "Traceback" not in err


def test_info_of_nothing_is_one_line_and_code_1():
    shown = run("nurec", "info", "127.0.0.1:9", "--timeout", "0.3")
    assert shown.returncode == 1
    assert shown.stderr.count("\n") == 1
    assert "no NuRec server answered at 127.0.0.1:9" in shown.stderr
