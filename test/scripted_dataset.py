"""A data set whose actors go straight at known speeds and are seen in known frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from small_dataset import HEIGHT, MAP_FROM_CAMERA, MODEL, WIDTH

from carla_nurec_bridge.core.cameras.models import camera_to_json
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import invert, rigid, rotation_from_rpy
from carla_nurec_bridge.dataset.store import CameraCalibration, Dataset, RunWriter, ScenarioWriter
from carla_nurec_bridge.dataset.store.manifest import ScenarioEntry
from carla_nurec_bridge.dataset.truth import (
    ActorTruth,
    Box3D,
    Event,
    FrameState,
    FrameTruth,
    Mask,
    ObjectTruth,
    Rejection,
    RigidTransform,
    ScenarioTruth,
    TrackState,
)
from carla_nurec_bridge.world.object_classes import ObjectClass

DT_NS, T0_NS, FRAMES = 100_000_000, 2_000_000_000, 30
SIZE_M = (4.0, 1.8, 1.5)
RED, BLUE, WHITE = (200, 20, 20), (20, 40, 160), (245, 245, 245)
NOON = {
    "sun_altitude_angle": 45.0,
    "cloudiness": 10.0,
    "precipitation": 0.0,
    "precipitation_deposits": 0.0,
    "wetness": 0.0,
    "fog_density": 0.0,
}


@dataclass(frozen=True)
class Part:
    """Who goes from ``at`` at ``mps`` and is seen in the frames from ``seen[0]`` to ``seen[1]``."""

    track_id: int
    kind: ObjectClass = ObjectClass.CAR
    paint: tuple[int, int, int] | None = None
    at: tuple[float, float] = (20.0, 0.0)
    ground_m: float = 0.0
    mps: tuple[float, float] = (5.0, 0.0)
    seen: tuple[int, int] = (0, FRAMES - 1)
    carries: bool = False

    def map_from_box(self, number: int) -> np.ndarray:
        seconds = number * DT_NS / 1e9
        x, y = (a + v * seconds for a, v in zip(self.at, self.mps, strict=True))
        yaw = float(np.arctan2(self.mps[1], self.mps[0]))
        return rigid(rotation_from_rpy((0, 0, yaw)), (x, y, self.ground_m + 0.75))


EGO = Part(1, paint=WHITE, at=(0.0, 0.0), mps=(8.0, 0.0), carries=True)


def write_scripted(
    run: Path,
    cast: Sequence[Part] = (EGO, Part(2, paint=RED), Part(3, paint=BLUE, at=(30.0, 3.5))),
    *,
    scenarios: Sequence[str] = ("one",),
    cameras: Sequence[str] = ("front",),
    events: Sequence[Event] = (),
    weather: dict[str, float] | None = NOON,
    map_name: str = "",
    opendrive_sha256: str = "0" * 64,
    lights: Mapping[str, str] | None = None,
) -> Dataset:
    """Write scenarios with the same cast, and read them; images are grey, lights do not change."""
    writer = RunWriter(run, ("record",), 1)
    for name in scenarios:
        scenario = ScenarioWriter(run, name)
        for number in range(FRAMES):
            views = [(_labels(camera, number, cast), _images(cast, number)) for camera in cameras]
            scenario.add(_state(number, cast, lights or {}), views)
        scenario.add_events(events)
        truth = _truth(name, cameras, cast, weather, (map_name, opendrive_sha256))
        calibrations = [_calibration(camera, cast) for camera in cameras]
        hashes = scenario.finish(truth, calibrations)
        scenario.close()
        entry = ScenarioEntry(frames=FRAMES, cameras=tuple(cameras))
        writer.finish(scenario.part, name, "key", entry, hashes)
    return Dataset(run)


def _state(number: int, cast: Sequence[Part], lights: Mapping[str, str]) -> FrameState:
    return FrameState(
        number=number,
        stamp_ns=T0_NS + number * DT_NS,
        source_frame=number,
        lights=dict(lights),
        actors=tuple(
            TrackState(
                track_id=one.track_id,
                map_from_box=RigidTransform.of(one.map_from_box(number)),
                velocity_map_mps=(*one.mps, 0.0),
                angular_map_radps=None,
                acceleration_map_mps2=None,
            )
            for one in cast
        ),
    )


def pixels_of(one: Part) -> np.ndarray:
    """Return where an actor is in every image: a block of its own."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    left = 4 + 12 * (one.track_id - 1)
    mask[30:40, left : left + 10] = True
    return mask


def _images(cast: Sequence[Part], number: int) -> dict[str, np.ndarray]:
    tags = np.full((HEIGHT, WIDTH), 1, np.uint8)
    tags[:24], tags[:16] = 3, 11
    ids = np.zeros((HEIGHT, WIDTH), np.uint16)
    for one in cast:
        if not one.carries and one.seen[0] <= number <= one.seen[1]:
            ids[pixels_of(one)] = one.track_id
            tags[pixels_of(one)] = 14
    return {
        "rgb": np.full((HEIGHT, WIDTH, 3), 128, np.uint8),
        "depth": np.full((HEIGHT, WIDTH), 15.0, np.float32),
        "semantic_segmentation": tags,
        "instance_segmentation": ids,
        "edges": np.zeros((HEIGHT, WIDTH), np.uint8),
    }


def _labels(camera: str, number: int, cast: Sequence[Part]) -> FrameTruth:
    shown = [one for one in cast if not one.carries]
    return FrameTruth(
        camera=camera,
        number=number,
        stamp_ns=T0_NS + number * DT_NS,
        width=WIDTH,
        height=HEIGHT,
        objects=tuple(_object(camera, number, one) for one in shown),
    )


def _object(camera: str, number: int, one: Part) -> ObjectTruth:
    seen = one.seen[0] <= number <= one.seen[1]
    rows, columns = np.nonzero(pixels_of(one))
    box = (float(columns.min()), float(rows.min()), float(np.ptp(columns) + 1), 10.0)
    camera_from_box = invert(MAP_FROM_CAMERA[camera]) @ one.map_from_box(number)
    return ObjectTruth(
        track_id=one.track_id,
        object_class=one.kind,
        actor_id=100 + one.track_id,
        recorded_id=None,
        pixel_id=one.track_id,
        blueprint="vehicle.some.thing",
        colour_rgb=one.paint,
        box_amodal_px=box if seen else None,
        box_visible_px=box if seen else None,
        mask=Mask.of(pixels_of(one)) if seen else None,
        visible_px=len(rows) if seen else 0,
        visible_fraction=1.0 if seen else 0.0,
        truncation=0.0,
        box_camera=Box3D.in_camera(camera_from_box, SIZE_M),
        box_map=Box3D.in_map(one.map_from_box(number), SIZE_M),
        velocity_map_mps=(*one.mps, 0.0),
        distance_m=float(np.linalg.norm(camera_from_box[:3, 3])),
        ignored=None if seen else Rejection.HIDDEN,
    )


def _calibration(camera: str, cast: Sequence[Part]) -> CameraCalibration:
    place = RigidTransform.of(MAP_FROM_CAMERA[camera])
    carriers = [one.track_id for one in cast if one.carries]
    calibration = CameraCalibration(
        camera=camera,
        width=WIDTH,
        height=HEIGHT,
        camera_model=camera_to_json(replace(MODEL), Shutter.GLOBAL),
        k=None,
        rig_from_camera=place,
        carrier_track_id=None,
        map_from_camera=(place,),
    )
    if not carriers:
        return calibration
    poses = tuple(
        RigidTransform.of(rigid(np.eye(3), (8.0 * n * DT_NS / 1e9, 0.0, 0.0)) @ place.matrix())
        for n in range(FRAMES)
    )
    return calibration.model_copy(
        update={"carrier_track_id": carriers[0], "map_from_camera": poses}
    )


def _truth(
    name: str,
    cameras: Sequence[str],
    cast: Sequence[Part],
    weather: dict[str, float] | None,
    town: tuple[str, str],
) -> ScenarioTruth:
    return ScenarioTruth(
        name=name,
        map_name=town[0],
        opendrive_sha256=town[1],
        weather=weather,
        dt_ns=DT_NS,
        t0_ns=T0_NS,
        frames=FRAMES,
        cameras=tuple(cameras),
        actors=tuple(
            ActorTruth(
                track_id=one.track_id,
                actor_id=100 + one.track_id,
                recorded_id=None,
                pixel_id=one.track_id,
                object_class=one.kind,
                blueprint="vehicle.some.thing",
                role_name="",
                colour_rgb=one.paint,
                size_m=SIZE_M,
                is_ego=one.carries,
            )
            for one in cast
        ),
        source={},
    )
