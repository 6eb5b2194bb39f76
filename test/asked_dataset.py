"""A data set of one crash, drawn by hand: what questions about it must find is known here.

A camera stands above a road along x and looks down it. Car 1 is red and stands at x = 30 m. Car 2
is blue, comes from behind at 8 m/s, touches it at 2.1 s and stops. Walker 3 walks along at 1.4 m/s.
Bus 4 comes towards the camera on the other lane and leaves the view. Nothing else is there.
"""

from __future__ import annotations

from pathlib import Path

import cv2
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
    TrackState,
)
from carla_nurec_bridge.world.object_classes import ObjectClass

WIDTH, HEIGHT, FRAMES = 320, 180, 41
DT_NS, T0_NS = 100_000_000, 5_000_000_000
MODEL = OpenCVPinholeCamera.from_fov(WIDTH, HEIGHT, 70.0)
MAP_FROM_CAMERA = rigid(
    rotation_from_rpy((0.0, 0.2, 0.0)) @ BODY_FROM_OPTICAL[:3, :3], (0.0, 0.0, 6.0)
)
TOUCH_S = 2.1
CAST = {
    1: (ObjectClass.CAR, (4.0, 2.0, 1.5), (200, 20, 20)),
    2: (ObjectClass.CAR, (4.0, 2.0, 1.5), (20, 40, 200)),
    3: (ObjectClass.PEDESTRIAN, (0.6, 0.6, 1.8), None),
    4: (ObjectClass.BUS, (9.0, 2.5, 3.0), (230, 230, 230)),
}
CAR_TAG, PERSON_TAG, ROAD_TAG = 14, 12, 1


def drive(track: int, seconds: float) -> tuple[float, float, float]:
    """Return x, y and heading of a track."""
    return {
        1: (30.0, -1.75, 0.0),
        2: (9.6 + 8.0 * min(seconds, TOUCH_S), -1.75, 0.0),
        3: (20.0 + 1.4 * seconds, 5.0, 0.0),
        4: (42.0 - 12.0 * seconds, 1.75, np.pi),
    }[track]


def map_from_box(track: int, seconds: float) -> np.ndarray:
    x, y, heading = drive(track, seconds)
    return rigid(rotation_from_rpy((0, 0, heading)), (x, y, CAST[track][1][2] / 2))


def silhouette(track: int, seconds: float) -> np.ndarray:
    """Return which pixels the box has when nobody is before it."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    camera_from_box = invert(MAP_FROM_CAMERA) @ map_from_box(track, seconds)
    corners = signs * np.array(CAST[track][1]) / 2 @ camera_from_box[:3, :3].T
    corners += camera_from_box[:3, 3]
    if (corners[:, 2] < 0.5).any():
        return mask.astype(bool)
    pixels, _ = MODEL.project(corners)
    hull = cv2.convexHull(np.round(pixels).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 1)
    return mask.astype(bool)


def frame(number: int) -> tuple[FrameTruth, np.ndarray]:
    """Return what is true of a frame, and its instance image."""
    seconds = number * DT_NS / 1e9
    far_first = sorted(CAST, key=lambda track: -drive(track, seconds)[0])
    ids = np.zeros((HEIGHT, WIDTH), np.uint16)
    alone = {track: silhouette(track, seconds) for track in CAST}
    for track in far_first:
        ids[alone[track]] = track
    objects = tuple(_object(track, number, alone[track], ids == track) for track in sorted(CAST))
    truth = FrameTruth(
        camera="road",
        number=number,
        stamp_ns=T0_NS + number * DT_NS,
        width=WIDTH,
        height=HEIGHT,
        objects=objects,
    )
    return truth, ids


def _object(track: int, number: int, alone: np.ndarray, seen: np.ndarray) -> ObjectTruth:
    seconds = number * DT_NS / 1e9
    kind, size, colour = CAST[track]
    rows, columns = np.nonzero(seen)
    box = None
    if len(rows):
        x, y = float(columns.min()), float(rows.min())
        box = (x, y, float(columns.max()) + 1 - x, float(rows.max()) + 1 - y)
    pose = map_from_box(track, seconds)
    in_camera = invert(MAP_FROM_CAMERA) @ pose
    here, before = (np.array(drive(track, s)[:2]) for s in (seconds, seconds - DT_NS / 1e9))
    speed = (here - before) / (DT_NS / 1e9)
    return ObjectTruth(
        track_id=track,
        object_class=kind,
        actor_id=100 + track,
        recorded_id=200 + track,
        pixel_id=track,
        blueprint="some.thing",
        colour_rgb=colour,
        box_amodal_px=box,
        box_visible_px=box,
        mask=Mask.of(seen) if len(rows) else None,
        visible_px=len(rows),
        visible_fraction=len(rows) / max(int(alone.sum()), 1),
        truncation=0.0,
        box_camera=Box3D.in_camera(in_camera, size),
        box_map=Box3D.in_map(pose, size),
        velocity_map_mps=None if number == 0 else (float(speed[0]), float(speed[1]), 0.0),
        distance_m=float(np.linalg.norm(in_camera[:3, 3])),
        ignored=None if len(rows) else Rejection.OUTSIDE,
    )


def events(*, collision: bool = True, wrong_way: bool = False) -> list[Event]:
    """Return what happens: the crash, the bus that passes by, and what may lead to the crash."""

    def event(name: str, kind: EventKind, start: int, tracks, **more) -> Event:
        return Event(
            event_id=name,
            kind=kind,
            start_ns=T0_NS + start * DT_NS,
            end_ns=T0_NS + (start + 3) * DT_NS,
            track_ids=tracks,
            place_map_m=(28.0, -1.75, 0.0),
            evidence={"distance_m": 1.25},
            **more,
        )

    crash = [event("collision_001", EventKind.COLLISION, 21, (2, 1))] if collision else []
    like = {"negative_of": EventKind.COLLISION, "difficulty": 0.9}
    if wrong_way:
        crash.append(event("wrong_way_001", EventKind.WRONG_WAY, 10, (2,)))
    return [*crash, event("normal_001", EventKind.NORMAL, 13, (2, 4), **like)]


def write_asked(
    run: Path,
    scenarios: tuple[str, ...] = ("crash",),
    *,
    collision: bool = True,
    wrong_way: bool = False,
) -> Dataset:
    """Write scenarios of the crash, with what is told of it."""
    writer = RunWriter(run, ("record",), 1)
    for name in scenarios:
        scenario = ScenarioWriter(run, name)
        for number in range(FRAMES):
            truth, ids = frame(number)
            tags = np.full((HEIGHT, WIDTH), ROAD_TAG, np.uint8)
            tags[ids > 0] = CAR_TAG
            tags[ids == 3] = PERSON_TAG
            rgb = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
            for track, (_, _, colour) in CAST.items():
                rgb[ids == track] = colour or (120, 90, 60)
            images = {"rgb": rgb, "semantic_segmentation": tags, "instance_segmentation": ids}
            scenario.add(_state(number), [(truth, images)])
        scenario.add_events(events(collision=collision, wrong_way=wrong_way))
        hashes = scenario.finish(_scenario(name), [_calibration()])
        scenario.close()
        entry = ScenarioEntry(frames=FRAMES, cameras=("road",))
        writer.finish(scenario.part, name, "key", entry, hashes)
    return Dataset(run)


def _state(number: int) -> FrameState:
    seconds = number * DT_NS / 1e9
    return FrameState(
        number=number,
        stamp_ns=T0_NS + number * DT_NS,
        source_frame=number,
        lights={},
        actors=tuple(
            TrackState(
                track_id=track,
                map_from_box=RigidTransform.of(map_from_box(track, seconds)),
                velocity_map_mps=None,
                angular_map_radps=None,
                acceleration_map_mps2=None,
            )
            for track in CAST
        ),
    )


def _calibration() -> CameraCalibration:
    place = RigidTransform.of(MAP_FROM_CAMERA)
    return CameraCalibration(
        camera="road",
        width=WIDTH,
        height=HEIGHT,
        camera_model=camera_to_json(MODEL, Shutter.GLOBAL),
        k=None,
        rig_from_camera=place,
        carrier_track_id=None,
        map_from_camera=(place,),
    )


def _scenario(name: str) -> ScenarioTruth:
    return ScenarioTruth(
        name=name,
        map_name="",
        opendrive_sha256="0" * 64,
        weather=None,
        dt_ns=DT_NS,
        t0_ns=T0_NS,
        frames=FRAMES,
        cameras=("road",),
        actors=tuple(
            ActorTruth(
                track_id=track,
                actor_id=100 + track,
                recorded_id=200 + track,
                pixel_id=track,
                object_class=kind,
                blueprint="some.thing",
                role_name="",
                colour_rgb=colour,
                size_m=size,
                is_ego=False,
            )
            for track, (kind, size, colour) in CAST.items()
        ),
        source={},
    )
