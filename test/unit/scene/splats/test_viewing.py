"""What a viewer is shown of a scene: which things, where, and when."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.gaussians.classes import class_colours, top_classes
from carla_nurec_bridge.gaussians.cloud import GaussianCloud
from carla_nurec_bridge.gaussians.formats.ply import encode_ply
from carla_nurec_bridge.gaussians.scene import GaussianScene
from carla_nurec_bridge.scene import open_scene
from carla_nurec_bridge.scene.splats.viewer import viewing
from carla_nurec_bridge.scene.splats.viewer.view_classes import told_classes
from carla_nurec_bridge.scene.splats.viewer.viewing import ViewWish, show

from .test_splats_in_packages import road, splats

__all__ = ["road", "splats"]


class Recorder:
    """Stands in for the module of rerun: archetypes are their arguments, logs are kept."""

    def __init__(self) -> None:
        self.logs: list[tuple[str, str, Any, bool, Any]] = []
        self.now: Any = None
        self.ViewCoordinates = SimpleNamespace(RIGHT_HAND_Z_UP="up", RDF="rdf")
        self.components = SimpleNamespace(FillMode=SimpleNamespace(Solid="solid"))

    def __getattr__(self, kind: str) -> Any:
        return lambda *values, **named: SimpleNamespace(kind=kind, values=values, **named)

    def set_time(self, _timeline: str, timestamp: np.datetime64) -> None:
        self.now = timestamp

    def log(self, where: Any, what: Any, *, static: bool = False) -> None:
        path = where if isinstance(where, str) else "/".join(where)
        self.logs.append((path, getattr(what, "kind", what), what, static, self.now))

    def of(self, path: str, kind: str) -> list[Any]:
        return [log for log in self.logs if log[:2] == (path, kind)]


@pytest.fixture
def package(tmp_path: Path, splats: Path, road: Path) -> Path:
    out = tmp_path / "out.usdz"
    words = ["scene", "build", "--splats", str(splats), "--map", str(road), "-o", str(out)]
    assert main([*words, "--splats-at", "20,50,1,90"]) == 0
    return out


def test_a_package_is_shown_with_its_rig_in_time(package: Path, tmp_path: Path) -> None:
    scene = open_scene(package)
    stamp_us = int(scene.rig_trajectory.stamps_us[3])
    folder = tmp_path / "images" / "camera_front_wide_120fov"
    folder.mkdir(parents=True)
    (folder / f"{stamp_us}.jpg").write_bytes(b"\xff\xd8\xff")
    recorder = Recorder()
    assert show(recorder, package, ViewWish(2, 1, tmp_path / "images")) == []
    poses = recorder.of("world/rig", "Transform3D")
    assert len(poses) == len(scene.rig_trajectory.stamps_us)
    assert poses[3][4] == np.datetime64(stamp_us, "us")
    assert np.allclose(poses[3][2].translation, scene.rig_trajectory.world_from_rig[3, :3, 3])
    (picture,) = recorder.of("world/rig/camera_front_wide_120fov", "EncodedImage")
    assert picture[4] == np.datetime64(stamp_us, "us")
    (pinhole,) = recorder.of("world/rig/camera_front_wide_120fov", "Pinhole")
    camera = scene.cameras[0].model
    assert pinhole[2].resolution == (camera.width, camera.height)
    # 120 degrees over the width of an F-theta lens: pixels a radian at its middle.
    assert 0.5 < pinhole[2].focal_length / (camera.width / np.radians(120.0)) < 2.0
    (points,) = recorder.of("world/gaussians/gaussians/points", "Points3D")
    (ellipsoids,) = recorder.of("world/gaussians/gaussians/ellipsoids", "Ellipsoids3D")
    assert len(points[2].values[0]) == len(ellipsoids[2].centers) == 1
    assert np.allclose(ellipsoids[2].half_sizes, np.exp(-3.0), rtol=1e-3)
    assert len(recorder.of("world/ground", "Mesh3D")) == 1


def test_a_file_of_gaussians_is_shown_in_its_own_axes(splats: Path) -> None:
    recorder = Recorder()
    assert show(recorder, splats, ViewWish()) == []
    assert recorder.logs[0][:2] == ("world", "rdf")
    (points,) = recorder.of("world/gaussians/gaussians/points", "Points3D")
    assert np.allclose(np.sort(points[2].values[0], axis=0), np.sort(np.eye(3) * 5.0, axis=0))
    assert points[2].colors[0].tolist() == [135, 142, 149, 225]


def test_what_a_file_of_gaussians_cannot_show_is_told(splats: Path, tmp_path: Path) -> None:
    lidar, pictures = show(Recorder(), splats, ViewWish(images=tmp_path, sweeps=5))
    assert "no lidar is shown" in lidar
    assert f"no pictures of {tmp_path} are shown" in pictures


def test_a_picture_at_no_time_is_passed_over(package: Path, tmp_path: Path) -> None:
    (camera, *_) = open_scene(package).cameras
    folder = tmp_path / "images" / camera.logical_id
    folder.mkdir(parents=True)
    (folder / f"{10**20}.jpg").write_bytes(b"")
    (notes,) = show(Recorder(), package, ViewWish(images=folder.parent))
    assert "CAMERA/END_US.jpg" in notes


def test_a_lidar_meets_the_street_that_gaussians_show(road: Path, tmp_path: Path) -> None:
    """Two metres up on a flat lane: what it meets below it lies on the ground."""
    out = tmp_path / "sampled.usdz"
    words = ["scene", "build", "--gaussians", "3000", "--map", str(road), "-o", str(out)]
    assert main(words) == 0
    recorder = Recorder()
    assert show(recorder, out, ViewWish(100, sweeps=2)) == []
    clouds = recorder.of("world/rig/lidar", "Points3D")
    assert len(clouds) == 2
    stamps_us = open_scene(out).rig_trajectory.stamps_us
    assert clouds[1][4] == np.datetime64(int(stamps_us[-1]), "us")
    for cloud in clouds:
        points = cloud[2].values[0]
        assert len(points) == len(cloud[2].colors) > 1000
        lane = (np.abs(points[:, 1]) < 1.5) & (np.abs(points[:, 0]) < 10.0)
        assert lane.sum() > 100
        # The mount is 2 m above the ground, on which discs of 1 mm lie.
        assert np.median(np.abs(points[lane, 2] + 2.0)) < 0.05


def test_without_gaussians_there_is_no_lidar(road: Path, tmp_path: Path) -> None:
    out, drive = tmp_path / "plain.usdz", tmp_path / "drive.csv"
    rows = [f"{1.0 + 0.1 * k},{20.0 + 0.5 * k},48.0,0.0" for k in range(5)]
    drive.write_text("\n".join(["stamp_s,x,y,yaw_deg", *rows]))
    assert (
        main(["scene", "build", "--trajectory", str(drive), "--map", str(road), "-o", str(out)])
        == 0
    )
    (note,) = show(Recorder(), out, ViewWish(sweeps=2))
    assert "no lidar is shown" in note


def test_pictures_of_other_cameras_are_told(package: Path, tmp_path: Path) -> None:
    (notes,) = show(Recorder(), package, ViewWish(images=tmp_path))
    assert "CAMERA/END_US.jpg" in notes


def test_the_port_of_the_page_leaves_one_above_it_for_the_data(splats: Path, capsys: Any) -> None:
    assert main(["scene", "view", str(splats), "--port", "65535"]) == 2
    assert "65534" in capsys.readouterr().err


def test_without_rerun_the_way_to_get_it_is_told(
    splats: Path, capsys: Any, monkeypatch: Any
) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(viewing.importlib, "import_module", missing)
    assert main(["scene", "view", str(splats), "--save", "x.rrd"]) == 2
    assert "[view]" in capsys.readouterr().err
    with pytest.raises(InputError), viewing.open_viewer("x", None, 9090, browser=False):
        pass


def test_a_recording_is_written_where_rerun_is_installed(package: Path, tmp_path: Path) -> None:
    pytest.importorskip("rerun", reason="rerun-sdk is an extra: [view]")
    out = tmp_path / "out.rrd"
    assert main(["scene", "view", str(package), "--save", str(out)]) == 0
    assert out.read_bytes()[:3] == b"RRF"
    assert out.stat().st_size > 10_000


def test_gaussians_have_the_colours_of_their_classes(tmp_path: Path) -> None:
    """Equal where the same score is highest, another where another is; without scores grey."""
    scores = np.array([[0, 5, 1], [2, -1, 0], [0, 1, 0], [9, 8, 7]], np.float32)
    parts = [np.zeros((4, 3)), np.tile([1, 0, 0, 0], (4, 1)), np.ones((4, 3)), np.ones(4)]
    cloud = GaussianCloud(
        *(np.asarray(part, np.float32) for part in parts), np.zeros((4, 1, 3), np.float32), scores
    )
    colours = class_colours(top_classes(cloud))
    assert np.array_equal(colours[0], colours[2])
    assert np.array_equal(colours[1], colours[3])
    assert np.abs(colours[0].astype(int) - colours[1]).max() > 60
    assert told_classes(GaussianScene({"all": cloud})).endswith("not public: 0: 2, 1: 2")
    bare = dataclasses.replace(cloud, semantic_logits=None)
    assert np.unique(class_colours(top_classes(bare)), axis=0).tolist() == [[128, 128, 128]]
    (tmp_path / "x.ply").write_bytes(encode_ply(bare))
    recorder = Recorder()
    notes = show(recorder, tmp_path / "x.ply", ViewWish(classes=True))
    assert any("all are grey" in note for note in notes)
    (points,) = recorder.of("world/gaussians/gaussians/points", "Points3D")
    assert points[2].colors[:, :3].tolist() == [[128, 128, 128]] * 4
