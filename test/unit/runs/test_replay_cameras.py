"""Which cameras a replay shows, and whether it opens a window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.cameras.models import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.runs.replay import output as replay_output
from carla_nurec_bridge.runs.replay.cameras import CameraWish, chosen_cameras
from carla_nurec_bridge.runs.replay.output import Screen, window_wanted
from carla_nurec_bridge.scene import (
    RigTrajectory,
    Scene,
    SceneCamera,
    write_scene,
)
from carla_nurec_bridge.scene.package.calibration import squeezed

WISH = CameraWish((), None, 0.5, 10.0, carla_view=True)


def camera(name: str) -> SceneCamera:
    lens = OpenCVPinholeCamera.from_fov(640, 360, 90.0)
    stamps = np.array([[1_000_000, 1_020_000]])
    return SceneCamera(name, lens, np.eye(4), Shutter.ROLLING_TOP_TO_BOTTOM, stamps)


@pytest.fixture
def scene() -> Scene:
    stamps, poses = np.array([1_000_000, 2_000_000]), np.tile(np.eye(4), (2, 1, 1))
    names = ("camera_cross_left_120fov", "camera_front_wide_120fov")
    return Scene(
        None,
        "s",
        "s",
        (1_000_000, 2_000_001),
        RigTrajectory(stamps, poses),
        tuple(camera(name) for name in names),
        (),
        (),
        np.eye(4),
        np.eye(4),
        None,
        None,
    )


def test_the_front_camera_and_carlas_view_are_usual(scene: Scene) -> None:
    front, carla = chosen_cameras(scene, WISH).cameras
    assert (front.logical_id, front.source) == ("camera_front_wide_120fov", "nurec")
    assert (front.model.width, front.model.height) == (320, 180)
    assert front.shutter_s == 0.02, "as the recording has it"
    assert (carla.name, carla.source) == ("carla", "carla")
    assert np.array_equal(carla.rig_from_camera, front.rig_from_camera)


def test_a_replay_has_every_whole_frame(scene: Scene) -> None:
    pytest.importorskip("carla")
    from carla_nurec_bridge.runs.replay.play import frames_of

    assert frames_of(scene, 100, 0.57) == 57, "though 0.57 * 100 is below 57 in floating point"
    assert frames_of(scene, 100, 0.579) == 57
    assert frames_of(scene, 10, None) == frames_of(scene, 10, 7.0) == 10
    with pytest.raises(InputError, match=r"no whole frame in the 1\.00 s"):
        frames_of(scene, 10, 0.09)


@pytest.mark.parametrize(("recorded", "shown"), [(3840, 960), (1920, 640), (640, 640), (320, 320)])
def test_pictures_of_usual_size_are_not_tiny(scene: Scene, recorded: int, shown: int) -> None:
    lens = OpenCVPinholeCamera.from_fov(recorded, recorded // 2, 90.0)
    cameras = tuple(replace(camera, model=lens) for camera in scene.cameras)
    front, _ = chosen_cameras(replace(scene, cameras=cameras), replace(WISH, ratio=None)).cameras
    assert (front.model.width, front.model.height) == (shown, shown // 2)


def test_recorded_cameras_and_a_rigs_stand_side_by_side(scene: Scene) -> None:
    wish = replace(WISH, names=("camera_cross_left_120fov",), rig="custom_views")
    cameras = chosen_cameras(scene, replace(wish, image_format="png")).cameras
    assert [c.name for c in cameras] == [
        "cross_left_120fov",
        "fisheye",
        "tele",
        "behind_glass",
        "carla_left",
    ]
    assert {c.image_format for c in cameras} == {"png"}
    assert {c.rate_hz for c in cameras} == {10.0, 5.0}
    assert len(chosen_cameras(scene, replace(WISH, rig="custom_views")).cameras) == 4
    assert len(chosen_cameras(scene, replace(WISH, names=("all",), carla_view=False)).cameras) == 2


def test_a_picture_of_another_shape_than_its_lens_is_said_to_be_squeezed(scene: Scene) -> None:
    rig = load_rig("demo")
    assert squeezed(rig, scene) == []
    front = rig.cameras[0]
    narrow = replace(front, model=front.model.scaled(634, 360))
    (note,) = squeezed(replace(rig, cameras=(narrow,)), scene)
    assert note.startswith("camera front_wide_120fov: 634x360 of a lens of 640x360 is squeezed")
    assert "0.9906 of its width, 1 of its height" in note


def test_cameras_that_are_not_there_or_twice(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no camera 'x'; it has: camera_cross_left_120fov"):
        chosen_cameras(scene, replace(WISH, names=("x",)))
    full = f"camera_front_wide_120fov@{scene.sequence_id}"
    names = (full, "camera_front_wide_120fov")
    (front,) = chosen_cameras(scene, replace(WISH, names=names, carla_view=False)).cameras
    assert front.logical_id == "camera_front_wide_120fov"
    with pytest.raises(InputError, match="no camera 'camera_front_wide_120fov@t'; it has: camera"):
        chosen_cameras(scene, replace(WISH, names=("camera_front_wide_120fov@t",)))
    rig = tmp_path / "rig.yaml"
    rig.write_text(
        "name: r\ncameras:\n  - {name: front_wide_120fov, source: carla, resolution: [64, 48], "
        "rate_hz: 10, mount: {position_m: [0, 0, 1]}, model: {type: fov, horizontal_fov_deg: 90}}\n"
    )
    both = replace(WISH, names=("all",), rig=str(rig))
    with pytest.raises(InputError, match="the camera front_wide_120fov is there twice"):
        chosen_cameras(scene, both)


def test_a_window_needs_a_display_and_an_opencv_that_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "  GUI:      NONE\n")
    assert not window_wanted(None)
    with pytest.raises(InputError, match="this OpenCV cannot open windows"):
        window_wanted(True)
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "  GUI:      QT5\n")
    assert window_wanted(None)
    assert not window_wanted(False)
    monkeypatch.delenv("DISPLAY")
    assert not window_wanted(None)


def test_a_key_in_the_window_ends_the_replay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown, keys = [], iter((-1, ord("q")))
    monkeypatch.setattr(replay_output.cv2, "namedWindow", lambda *_: None)
    monkeypatch.setattr(replay_output.cv2, "imshow", lambda _, grid: shown.append(grid.copy()))
    monkeypatch.setattr(replay_output.cv2, "waitKey", lambda _: next(keys))
    monkeypatch.setattr(replay_output.cv2, "destroyAllWindows", lambda: None)
    grid = np.zeros((32, 32, 3), np.uint8)
    grid[..., 0] = 200
    with Screen(tmp_path / "v.mp4", (32, 32), 10, window=True) as screen:
        screen.add(grid)
        assert not screen.ended
        screen.add(grid)
        assert screen.ended
    assert shown[0][0, 0].tolist() == [0, 0, 200], "OpenCV wants blue first"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((), "name one scene package"),
        (("-p", "1"), "no CARLA listens at 127.0.0.1:1"),
        (("-h", "127.0.0.1", "-p", "1"), "no CARLA listens at 127.0.0.1:1"),
        (("-np", "1"), "no NuRec listens at 127.0.0.1:1"),
        (("--carla", "embedded", "--host", "x"), "--host is the address of a running server"),
        (("--nurec", "container", "-np", "1"), "--nurec-port is the address of a running"),
    ],
)
def test_addresses_are_those_of_running_servers(
    scene: Scene,
    tmp_path: Path,
    argv: tuple[str, ...],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_scene(tmp_path / "s.usdz", scene)
    named = ("-u", str(tmp_path / "s.usdz")) if argv else ()
    assert main(["replay", *named, *argv, "-o", str(tmp_path / "out")]) == 2
    assert words in " ".join(capsys.readouterr().err.split())
