"""A street with two cars and a far one, as a data set: textured, moving, and of known places."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from small_dataset import DT_NS, MAP_FROM_CAMERA, T0_NS, object_truth

from carla_nurec_bridge.core.cameras.models import camera_to_json
from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.cosmos.clip.codec import VideoOptions
from carla_nurec_bridge.cosmos.clip.video import VideoWriter
from carla_nurec_bridge.dataset.store import (
    CameraCalibration,
    Dataset,
    RunWriter,
    ScenarioWriter,
)
from carla_nurec_bridge.dataset.store.class_groups import group_mask
from carla_nurec_bridge.dataset.store.manifest import ScenarioEntry
from carla_nurec_bridge.dataset.truth import (
    ActorTruth,
    FrameState,
    FrameTruth,
    Mask,
    RigidTransform,
    ScenarioTruth,
)
from carla_nurec_bridge.world.object_classes import ObjectClass

WIDTH, HEIGHT, COUNT = 320, 180, 16
RATE_HZ = 1e9 / DT_NS
MODEL = OpenCVPinholeCamera.from_fov(WIDTH, HEIGHT, 90.0)
ROAD, BUILDING, SKY, CAR = 1, 3, 11, 14
HORIZON, KERB = 50, 110
PASSING_PX = 5
BIG, SECOND, FAR, HIDDEN = 1, 2, 3, 4
# track: left at frame 0, top, width, height, pixels a frame, colour, visible fraction
CARS = {
    BIG: (60, 96, 70, 44, 2, (190, 40, 30), 1.0),
    SECOND: (190, 100, 52, 36, 1, (30, 60, 190), 0.9),
    FAR: (160, 100, 12, 9, 0, (220, 220, 30), 1.0),
    HIDDEN: (270, 112, 40, 30, 0, (40, 160, 60), 0.2),
}


def _walls() -> np.ndarray:
    """Return a row of houses (KERB - HORIZON, 800, 3) with windows."""
    random = np.random.default_rng(5)
    wall = np.zeros((KERB - HORIZON, 800, 3), np.uint8)
    for left in range(0, 800, 40):
        wall[:, left : left + 40] = random.integers(60, 190, 3)
        for row in range(6, 54, 18):
            for column in left + random.integers(2, 34, 3):
                wall[row : row + 10, column : column + 6] = random.integers(20, 90, 3)
    return wall


WALLS = _walls()


def mask_of(track: int, number: int) -> np.ndarray:
    left, top, width, height, speed, *_ = CARS[track]
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[top : top + height, left + speed * number : left + speed * number + width] = True
    return mask


def tags_of(number: int) -> np.ndarray:
    tags = np.full((HEIGHT, WIDTH), ROAD, np.uint8)
    tags[:KERB] = BUILDING
    tags[:HORIZON] = SKY
    for track in CARS:
        tags[mask_of(track, number)] = CAR
    return tags


def image_of(number: int, cars: tuple[int, ...] = tuple(CARS)) -> np.ndarray:
    """Return the image (H, W, 3) of a frame, with some of the cars; the houses pass by."""
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    image[:HORIZON] = (120, 160, 220)
    image[HORIZON:KERB] = WALLS[:, PASSING_PX * number : PASSING_PX * number + WIDTH]
    image[KERB:] = (96, 96, 100)
    for left in range(-(PASSING_PX * number) % 60 - 60, WIDTH, 60):
        image[150:155, max(0, left) : max(0, left + 30)] = (220, 220, 215)
    for track in cars:
        image[mask_of(track, number)] = CARS[track][5]
    return image


def truth_of(camera: str, number: int) -> FrameTruth:
    objects = []
    for track, (left, top, width, height, speed, colour, fraction) in CARS.items():
        mask = mask_of(track, number)
        template = object_truth("front", 0, track, ObjectClass.CAR, track + 20, 0.0, None)
        box = (float(left + speed * number), float(top), float(width), float(height))
        objects.append(
            template.model_copy(
                update={
                    "mask": Mask.of(mask),
                    "box_visible_px": box,
                    "box_amodal_px": box,
                    "visible_px": int(mask.sum()),
                    "visible_fraction": fraction,
                    "colour_rgb": colour,
                }
            )
        )
    return FrameTruth(
        camera=camera,
        number=number,
        stamp_ns=T0_NS + number * DT_NS,
        width=WIDTH,
        height=HEIGHT,
        objects=tuple(objects),
    )


def images_of(truth: FrameTruth) -> dict[str, np.ndarray]:
    image, tags = image_of(truth.number), tags_of(truth.number)
    ids = np.zeros((HEIGHT, WIDTH), np.uint16)
    for one in truth.objects:
        assert one.mask is not None
        ids[one.mask.pixels()] = one.pixel_id
    return {
        "rgb": image,
        "depth": np.where(tags == SKY, 1000.0, 20.0).astype(np.float32),
        "semantic_segmentation": tags,
        "instance_segmentation": ids,
        "edges": cv2.Canny(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 100, 200),
        "masks": group_mask(tags),
    }


def write_street(
    run: Path, scenarios: tuple[str, ...] = ("street",), cameras: tuple[str, ...] = ("front",)
) -> Dataset:
    """Write scenarios of COUNT frames at RATE_HZ, all alike."""
    writer = RunWriter(run, ("record",), 1)
    for name in scenarios:
        scenario = ScenarioWriter(run, name)
        for number in range(COUNT):
            views = [truth_of(camera, number) for camera in cameras]
            state = FrameState(
                number=number,
                stamp_ns=views[0].stamp_ns,
                source_frame=number,
                lights={},
                actors=(),
            )
            scenario.add(state, [(truth, images_of(truth)) for truth in views])
        calibrations = [_calibration(camera) for camera in cameras]
        hashes = scenario.finish(_told(name, cameras), calibrations)
        scenario.close()
        writer.finish(
            scenario.part, name, "key", ScenarioEntry(frames=COUNT, cameras=cameras), hashes
        )
    return Dataset(run)


def _told(name: str, cameras: tuple[str, ...]) -> ScenarioTruth:
    return ScenarioTruth(
        name=name,
        map_name="Town01",
        opendrive_sha256="0" * 64,
        weather=None,
        dt_ns=DT_NS,
        t0_ns=T0_NS,
        frames=COUNT,
        cameras=cameras,
        actors=tuple(
            ActorTruth(
                track_id=track,
                actor_id=track + 20,
                recorded_id=track + 21,
                pixel_id=track + 20,
                object_class=ObjectClass.CAR,
                blueprint="vehicle.some.thing",
                role_name="",
                colour_rgb=CARS[track][5],
                size_m=(4.0, 1.8, 1.6),
                is_ego=False,
            )
            for track in CARS
        ),
        source={},
    )


def _calibration(camera: str) -> CameraCalibration:
    place = RigidTransform.of(MAP_FROM_CAMERA["front"])
    return CameraCalibration(
        camera=camera,
        width=WIDTH,
        height=HEIGHT,
        camera_model=camera_to_json(MODEL, Shutter.GLOBAL),
        k=None,
        rig_from_camera=place,
        carrier_track_id=None,
        map_from_camera=(place,),
    )


def write_video(path: Path, images: list[np.ndarray], rate_hz: float = RATE_HZ) -> Path:
    height, width = images[0].shape[:2]
    rate = Fraction(rate_hz).limit_denominator(1001)
    writer = VideoWriter(path, width, height, rate, VideoOptions(crf=16))
    for image in images:
        writer.add(image)
    writer.close()
    return path


def street_video(path: Path, change: Callable[[list[np.ndarray]], list[np.ndarray]]) -> Path:
    """Write the street's own images, changed."""
    return write_video(path, change([image_of(number) for number in range(COUNT)]))
