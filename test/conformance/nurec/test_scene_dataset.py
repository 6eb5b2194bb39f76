"""A data set of a scene that NuRec draws, whose tracks are formulas."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from masks_in_boxes import mask_in_box

from carla_nurec_bridge.core.cameras.opencv_fisheye import OpenCVFisheyeCamera
from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, matrix_from_xyz_rpy, rigid
from carla_nurec_bridge.core.rig.rig import Rig, RigCamera
from carla_nurec_bridge.core.timings import Timings
from carla_nurec_bridge.cosmos.clip.controls import DepthEncoding
from carla_nurec_bridge.cosmos.sensor_files.sensor_rig import SensorRig
from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.record.drawn_alone import DrawnAlone
from carla_nurec_bridge.dataset.record.frame_truth import LabelLimits
from carla_nurec_bridge.dataset.record.run import RunListener, record_run
from carla_nurec_bridge.dataset.record.scenario import Labelling, record_scenario
from carla_nurec_bridge.dataset.record.sources import from_nurec
from carla_nurec_bridge.dataset.record.sources.from_nurec import SceneWish, nurec_source
from carla_nurec_bridge.dataset.record.sources.scene_pixels import TrackMeshes
from carla_nurec_bridge.dataset.record.turn import Recorded, ScenarioJob, TurnListener
from carla_nurec_bridge.dataset.record.visibility import by_lattice
from carla_nurec_bridge.dataset.store import Dataset, RunWriter, ScenarioWriter, StoredScenario
from carla_nurec_bridge.dataset.videos.form import VideoForm
from carla_nurec_bridge.scene import (
    Appearance,
    RigTrajectory,
    Scene,
    SceneCamera,
    SceneTrack,
    Surface,
    open_scene,
    write_scene,
)
from carla_nurec_bridge.scene.package.surface import encode_ply
from carla_nurec_bridge.servers.nurec.server import NurecServer
from carla_nurec_bridge.world.level_objects import LevelObject
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import EgoBox

START_US, SECONDS, FPS = 1_700_000_000_000_000, 3.0, 10.0
END_US = START_US + round(SECONDS * 1e6)
TURN_RADPS, BRAKE_MPS2 = np.radians(30.0), 2.0
STAMPS = np.arange(START_US, END_US + 1, 10_000)
MOUNT = rigid(BODY_FROM_OPTICAL[:3, :3], (1.5, 0.0, 1.6))
VIDEOS = VideoForm(DepthEncoding("inverse", 1.0, 100.0, 0.0))
PLAIN = OpenCVPinholeCamera.from_fov(240, 160, 100.0)
WIDE = OpenCVFisheyeCamera(240, 160, (120.0, 80.0), (90.0, 90.0), (0.0,) * 4, 1.6)


def poses(at) -> np.ndarray:
    """Return world poses of a formula: seconds to x, y, z, yaw."""
    rows = [at((stamp - START_US) / 1e6) for stamp in STAMPS.tolist()]
    return np.stack([matrix_from_xyz_rpy([x, y, z], [0, 0, yaw]) for x, y, z, yaw in rows])


def track(name: str, label: str, size, at, blueprint: str = "") -> SceneTrack:
    appearance = Appearance(blueprint, (230, 0, 200)) if blueprint else None
    return SceneTrack(name, label, size, STAMPS, poses(at), appearance=appearance)


def standing(x: float, y: float, z: float, yaw: float = 0.0):
    return lambda _: (x, y, z, yaw)


def braking(t: float):
    return 9.0 + 6.0 * t - 0.5 * BRAKE_MPS2 * t * t, 5.0, 0.8, 0.0


TRACKS = (
    track("parked", "automobile", (4.5, 1.9, 1.6), standing(9.0, -5.0, 0.8, 0.5)),
    track("braking", "automobile", (4.6, 1.9, 1.5), braking),
    track("rider", "rider", (2.2, 0.9, 1.8), standing(7.0, 3.0, 0.9, 1.2), "vehicle.yamaha.yzf"),
    track("walker", "person", (0.5, 0.5, 1.8), standing(6.0, -1.5, 0.9)),
    track("behind", "automobile", (4.5, 1.9, 1.6), standing(-15.0, 0.0, 0.8)),
)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A grey plain, and a rig that turns on the spot at 30 degrees a second to both sides."""
    yaw = lambda t: TURN_RADPS * (t if t < 1.0 else 2.0 - t)  # noqa: E731
    scene = Scene(
        path=None,
        scene_id="turning",
        sequence_id="turning",
        time_range_us=(START_US, END_US),
        rig_trajectory=RigTrajectory(STAMPS, poses(lambda t: (0.0, 0.0, 0.0, yaw(t)))),
        cameras=(
            SceneCamera("camera_front", PLAIN, MOUNT, Shutter.GLOBAL, np.zeros((0, 2), np.int64)),
        ),
        tracks=TRACKS,
        lidar_ids=(),
        ecef_from_world=np.eye(4),
        map_from_world=np.eye(4),
        geo_reference=None,
        xodr=None,
        ego_box=EgoBox((4.5, 1.9, 1.5), (1.4, 0.0, 0.75)),
    )
    plain = np.array([[-90, -90, 0], [90, -90, 0], [90, 90, 0], [-90, 90, 0]], np.float32)
    ground = Surface(plain, np.array([[0, 1, 2], [0, 2, 3]], np.int32))
    path = tmp_path_factory.mktemp("scene") / "turning.usdz"
    write_scene(path, scene, {"mesh.ply": encode_ply(ground)})
    return open_scene(path)


@pytest.fixture(scope="module")
def server(package: Scene):
    with NurecServer([package], port=0) as serving:
        yield f"127.0.0.1:{serving.port}"


def wish(frames: int = 0, **cameras) -> SceneWish:
    rig = tuple(
        RigCamera(name, "nurec", "camera_front", model, MOUNT, FPS, Shutter.GLOBAL, 0.0, ("rgb",))
        for name, model in (cameras or {"plain": PLAIN, "wide": WIDE}).items()
    )
    return SceneWish((SensorRig(Rig("test", rig, ()), "base"),), 0.0, 0.0, frames, FPS)


def recorded(
    run: Path, scene: Scene, server: str, what: SceneWish, *places: LevelObject
) -> StoredScenario:
    def record(writer: ScenarioWriter, listener: TurnListener) -> Recorded:
        with ExitStack() as stack:
            source = stack.enter_context(nurec_source(scene, server, what, listener.timings))
            look, by = by_lattice, "27 points of boxes"
            if source.traced:
                alone = DrawnAlone(lambda into: TrackMeshes(scene, into))
                look, by = stack.enter_context(alone), "drawn alone"
            labelling = Labelling(LabelLimits(), look, by, places=places)
            return record_scenario(source, writer, labelling, listener, VIDEOS)

    quiet = RunListener(lambda *_: None, lambda *_: None, lambda *_: None)
    outcome = record_run(
        RunWriter(run, ("record",), 1), [ScenarioJob("turning", "key", record)], quiet
    )
    assert outcome.failed == {}
    assert check_dataset(Dataset(run), lambda *_: None).problems == ()
    return Dataset(run).scenario("turning")


@pytest.fixture(scope="module")
def stored(package: Scene, server: str, tmp_path_factory: pytest.TempPathFactory):
    return recorded(tmp_path_factory.mktemp("set"), package, server, wish())


def test_tracks_have_their_classes_and_names_and_no_ids_of_carla(stored: StoredScenario) -> None:
    told = {one.role_name: str(one.object_class) for one in stored.truth.actors if not one.is_ego}
    assert told == {
        "parked": "car",
        "braking": "car",
        "rider": "motorcycle",
        "walker": "pedestrian",
        "behind": "car",
    }
    assert {one.actor_id for one in stored.truth.actors} == {None}
    assert stored.truth.weather is None
    assert stored.truth.frames == 30
    assert [state.stamp_ns for state in stored.frames()][:2] == [
        START_US * 1000,
        START_US * 1000 + 100_000_000,
    ]


def test_motion_is_that_of_the_formulas(stored: StoredScenario) -> None:
    by_name = {one.role_name: one.track_id for one in stored.truth.actors}
    for number, state in enumerate(stored.frames()):
        one = next(a for a in state.actors if a.track_id == by_name["braking"])
        t = number / FPS
        np.testing.assert_allclose(one.map_from_box.translation_m, braking(t)[:3], atol=1e-4)
        if number >= 2:
            # A backward difference is the speed in the middle of the step.
            speed = 6.0 - BRAKE_MPS2 * (t - 0.5 / FPS)
            np.testing.assert_allclose(one.velocity_map_mps, (speed, 0, 0), atol=1e-3)
            np.testing.assert_allclose(one.acceleration_map_mps2, (-BRAKE_MPS2, 0, 0), atol=0.02)
        ego = next(a for a in state.actors if a.track_id == by_name[""])
        if number not in (0, 10, 11):
            side = 1.0 if number < 10 else -1.0
            assert ego.angular_map_radps[2] == pytest.approx(side * TURN_RADPS, abs=1e-4)


def test_masks_lie_in_boxes_and_on_what_the_server_drew(
    stored: StoredScenario, package: Scene, server: str, tmp_path: Path
) -> None:
    k, seen = stored.calibration("plain").k, {}
    names = {one.track_id: one.role_name for one in stored.truth.actors}
    for truth in stored.all_labels("plain"):
        rgb = stored.image("plain", "rgb", truth.number).astype(int)
        for one in truth.objects:
            if one.ignored is not None or one.truncation > 0.0 or one.visible_fraction < 0.97:
                continue
            inside_px, covered = mask_in_box(one, k)
            assert inside_px > -2.0
            assert covered > (0.55 if str(one.object_class) == "car" else 0.25)
            seen[names[one.track_id]] = seen.get(names[one.track_id], 0) + 1
            if names[one.track_id] == "rider":
                assert 0 < one.rider_px < one.visible_px
                # Its paint is magenta, and nothing else is.
                paint = (rgb[..., 0] > rgb[..., 1] + 50) & (rgb[..., 2] > rgb[..., 1] + 50)
                mask = one.mask.pixels()
                assert paint.sum() > 10
                assert (paint & mask).sum() > 0.9 * paint.sum()
    assert seen.keys() == {"parked", "braking", "rider", "walker"}


def test_a_fisheye_has_the_same_objects_in_boxes_through_its_lens(stored: StoredScenario) -> None:
    for plain, wide in zip(stored.all_labels("plain"), stored.all_labels("wide"), strict=True):
        kept = {one.track_id for one in plain.kept() if one.truncation == 0.0}
        assert kept <= {one.track_id for one in wide.kept()}
        for one in wide.kept():
            (x, y, w, h), (u, v, p, q) = one.box_amodal_px, one.box_visible_px
            assert u >= x - 1.5
            assert v >= y - 1.5
            assert u + p <= x + w + 1.5
            assert v + q <= y + h + 1.5


def test_depth_is_that_of_the_plain(stored: StoredScenario) -> None:
    depth = stored.image("plain", "depth", 0)
    below = depth[159, 120]
    # The camera is 1.6 m high: its lowest row looks down by atan(79.5 / f).
    assert below == pytest.approx(1.6 * PLAIN.focal_length[1] / 79.5, rel=1e-3)
    assert depth[0].min() == 1000.0


def test_of_a_reconstruction_only_images_and_boxes_are_told(
    package: Scene, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(from_nurec, "_EMBEDDED", "what no server says of itself")
    gate = LevelObject("gate", ObjectClass.OTHER, rigid(np.eye(3), (12, 1, 1)), (1, 2, 2), None)
    found = recorded(tmp_path / "set", package, server, wish(3, plain=PLAIN), gate)
    folders = {path.name for path in (tmp_path / "set/turning/plain").iterdir() if path.is_dir()}
    assert folders == {"rgb", "labels"}
    assert "reconstruction tells no labels" in found.truth.source["scene"]["pixels"]
    names = {one.track_id: one.role_name for one in found.truth.actors}
    truth = found.labels("plain", 0)
    told = {names[one.track_id]: one for one in truth.objects}
    assert told["walker"].ignored is None
    assert told["walker"].mask is None
    assert told["walker"].visible_px == 0
    assert told["walker"].rider_px is told["rider"].rider_px is None
    assert str(told["behind"].ignored) == "behind"
    assert told["gate"].mask is None
    assert told["gate"].ignored is None
    # The left and the lowest end of its near side, from a camera at (1.5, 0, 1.6) that looks ahead.
    (fx, fy), depth = PLAIN.focal_length, 12 - 0.5 - 1.5
    assert told["gate"].box_amodal_px[0] == pytest.approx(120 - fx * 2 / depth, abs=0.01)
    assert sum(told["gate"].box_amodal_px[1::2]) == pytest.approx(80 + fy * 1.6 / depth, abs=0.01)
    # Nobody stands before the walker; the box of the car behind it is partly hidden.
    assert told["walker"].visible_fraction == 1.0


def test_wishes_that_a_scene_cannot_hold(package: Scene, server: str) -> None:
    anchored = SensorRig(wish().sensors[0].rig, "actor")
    for bad, told in (
        (wish(31), r"lasts 3\.00 s; from 0 s on it has 30 frames"),
        (SceneWish((anchored,), 0, 0, 2, FPS), "from CARLA's origin of a vehicle"),
    ):
        with pytest.raises(InputError, match=told), nurec_source(package, server, bad, Timings()):
            pass
