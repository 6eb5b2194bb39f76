"""A small data set written into a folder: what exports and checks of it must find is known here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from carla_nurec_bridge.core.cameras.models import camera_to_json
from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, invert, rigid, rotation_from_rpy
from carla_nurec_bridge.dataset.store import (
    CameraCalibration,
    Dataset,
    RunWriter,
    ScenarioWriter,
)
from carla_nurec_bridge.dataset.store.manifest import ScenarioEntry
from carla_nurec_bridge.dataset.truth import (
    ActorTruth,
    Box3D,
    Event,
    EventKind,
    FrameState,
    FrameTruth,
    Mask,
    ObjectTruth,
    Rejection,
    RigidTransform,
    ScenarioTruth,
)
from carla_nurec_bridge.world.object_classes import ObjectClass

WIDTH, HEIGHT, FRAMES = 96, 64, 3
DT_NS, T0_NS = 100_000_000, 1_000_000_000
MODEL = OpenCVPinholeCamera.from_fov(WIDTH, HEIGHT, 90.0)
MAP_FROM_CAMERA = {
    "front": rigid(BODY_FROM_OPTICAL[:3, :3], (0.0, 0.0, 1.5)),
    "left": rigid(rotation_from_rpy((0, 0, 0.6)) @ BODY_FROM_OPTICAL[:3, :3], (0.0, 0.5, 1.5)),
    "roof": rigid(
        rotation_from_rpy((0.1, 0.4, -0.3)) @ BODY_FROM_OPTICAL[:3, :3], (-2.0, 1.0, 6.0)
    ),
    "drone": rigid([[0, -1, 0], [-1, 0, 0], [0, 0, -1]], (20.0, 0.0, 30.0)),
}
ROAD, SKY, CAR = 1, 11, 14
# track id, class, actor's id (None: nobody tells it), yaw in the map, why it is ignored
CAST = (
    (1, ObjectClass.CAR, 40753, 0.4, None),
    (2, ObjectClass.PEDESTRIAN, 300, -2.0, None),
    (3, ObjectClass.BUS, 70000, 3.0, None),
    (4, ObjectClass.TRUCK, 12, 1.0, Rejection.SMALL),
    (5, ObjectClass.BICYCLE, 13, 0.0, Rejection.HIDDEN),
    (6, ObjectClass.VAN, None, 0.2, None),
)


def mask_of(track: int, number: int) -> np.ndarray:
    """Return which pixels a track has: 1 a ring, 2 a line, 3 at the edge, 4 a dot, 5 none."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    left = 10 + 2 * number
    if track == 1:
        mask[30:50, left : left + 30] = True
        mask[36:44, left + 8 : left + 20] = False
    elif track == 2:
        mask[25:45, 60 + number] = True
    elif track == 3:
        mask[20:50, WIDTH - 12 :] = True
    elif track == 4:
        mask[5:7, 5:8] = True
    elif track == 6:
        mask[52:60, 70:80] = True
    return mask


def pixel_of(actor: int | None) -> int:
    return 900 if actor is None else actor & 0xFFFF


def object_truth(
    camera: str, number: int, track: int, kind: ObjectClass, actor: int | None, yaw: float, ignored
) -> ObjectTruth:
    mask = mask_of(track, number)
    rows, columns = np.nonzero(mask)
    box = None
    if len(rows):
        x, y = float(columns.min()), float(rows.min())
        box = (x, y, float(columns.max()) + 1 - x, float(rows.max()) + 1 - y)
    place = (12.0 + 3 * track + number, 3.0 - 1.5 * track, 0.8)
    map_from_box = rigid(rotation_from_rpy((0, 0, yaw)), place)
    size = (4.0 + 0.1 * track, 1.5 + 0.1 * track, 1.6)
    camera_from_box = invert(MAP_FROM_CAMERA[camera.rpartition("-")[2]]) @ map_from_box
    return ObjectTruth(
        track_id=track,
        object_class=kind,
        actor_id=actor,
        recorded_id=None if actor is None else actor + 1,
        pixel_id=pixel_of(actor),
        blueprint="vehicle.some.thing",
        colour_rgb=(10, 20, 30) if track % 2 else None,
        box_amodal_px=box,
        box_visible_px=box,
        mask=Mask.of(mask) if len(rows) else None,
        visible_px=len(rows),
        visible_fraction=0.25 * (track % 5),
        truncation=0.5 if track == 3 else 0.0,
        box_camera=Box3D.in_camera(camera_from_box, size),
        box_map=Box3D.in_map(map_from_box, size),
        velocity_map_mps=(1.0, 0.1, 0.0) if track != 2 else None,
        distance_m=float(np.linalg.norm(camera_from_box[:3, 3])),
        ignored=ignored,
    )


def frame_of(camera: str, number: int, cast: Sequence[tuple] = CAST) -> FrameTruth:
    return FrameTruth(
        camera=camera,
        number=number,
        stamp_ns=T0_NS + number * DT_NS,
        width=WIDTH,
        height=HEIGHT,
        objects=tuple(object_truth(camera, number, *row) for row in cast),
    )


def images_of(truth: FrameTruth) -> dict[str, np.ndarray]:
    """Return the images of a frame; a dozen pixels of a car are nobody's."""
    tags = np.full((HEIGHT, WIDTH), ROAD, np.uint8)
    tags[:20] = SKY
    tags[60:62, 0:6] = CAR
    tags[63] = 0
    ids = np.zeros((HEIGHT, WIDTH), np.uint16)
    for one in truth.objects:
        if one.mask is not None:
            ids[one.mask.pixels()] = one.pixel_id
            tags[one.mask.pixels()] = CAR
    depth = np.full((HEIGHT, WIDTH), 100.0, np.float32)
    rgb = np.full((HEIGHT, WIDTH, 3), 40 * truth.number, np.uint8)
    return {
        "rgb": rgb,
        "depth": depth,
        "semantic_segmentation": tags,
        "instance_segmentation": ids,
        "edges": np.zeros((HEIGHT, WIDTH), np.uint8),
    }


def write_dataset(
    run: Path,
    scenarios: Sequence[str] = ("one", "two"),
    cameras: Sequence[str] = ("front", "left"),
    model: OpenCVPinholeCamera = MODEL,
    frames: int = FRAMES,
) -> Dataset:
    """Write scenarios with the same cast, seen by cameras of the same optics."""
    writer = RunWriter(run, ("record",), 1)
    for name in scenarios:
        scenario = ScenarioWriter(run, name)
        for number in range(frames):
            views = [frame_of(camera, number) for camera in cameras]
            state = FrameState(
                number=number,
                stamp_ns=views[0].stamp_ns,
                source_frame=number + 70,
                lights={},
                actors=(),
            )
            scenario.add(state, [(truth, images_of(truth)) for truth in views])
        scenario.add_events([_event()])
        hashes = scenario.finish(
            _scenario(name, cameras, frames), [_camera(c, model) for c in cameras]
        )
        scenario.close()
        entry = ScenarioEntry(frames=frames, cameras=tuple(cameras))
        writer.finish(scenario.part, name, "key", entry, hashes)
    return Dataset(run)


def _event() -> Event:
    return Event(
        event_id="collision_001",
        kind=EventKind.COLLISION,
        start_ns=T0_NS + DT_NS,
        end_ns=T0_NS + 2 * DT_NS,
        track_ids=(1, 3),
        place_map_m=(20.0, 0.0, 0.0),
        evidence={"overlap_m": 0.2},
    )


def _camera(name: str, model: OpenCVPinholeCamera) -> CameraCalibration:
    place = RigidTransform.of(MAP_FROM_CAMERA[name.rpartition("-")[2]])
    return CameraCalibration(
        camera=name,
        width=WIDTH,
        height=HEIGHT,
        camera_model=camera_to_json(model, Shutter.GLOBAL),
        k=None,
        rig_from_camera=place,
        carrier_track_id=None,
        map_from_camera=(place,),
    )


def _scenario(name: str, cameras: Sequence[str], frames: int) -> ScenarioTruth:
    return ScenarioTruth(
        name=name,
        map_name="Town01",
        opendrive_sha256="0" * 64,
        weather=None,
        dt_ns=DT_NS,
        t0_ns=T0_NS,
        frames=frames,
        cameras=tuple(cameras),
        actors=tuple(
            ActorTruth(
                track_id=track,
                actor_id=actor,
                recorded_id=None if actor is None else actor + 1,
                pixel_id=pixel_of(actor),
                object_class=kind,
                blueprint="vehicle.some.thing",
                role_name="",
                colour_rgb=None,
                size_m=(4.0, 1.8, 1.6),
                is_ego=False,
            )
            for track, kind, actor, *_ in CAST
        ),
        source={},
    )
