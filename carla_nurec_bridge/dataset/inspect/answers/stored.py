"""A clip as it is stored: poses, pixels, marks and events from their files, to derive answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ....core.errors import InputError
from ....world.object_classes import ObjectClass
from ...events.scenario_map import scenario_map
from ...store import StoredScenario
from ...truth import ActorTruth, Event, MarkTable, ObjectMark, RigidTransform
from .reading import CAMERA
from .roads import Roads

Array = NDArray[np.float64]

_VEHICLE_TAGS, _HUMAN_TAGS = (14, 15, 16, 17, 18, 19), (12, 13)


class StoredClip:
    """What frames.jsonl, the calibration, the images and the tables tell of a camera's clip."""

    def __init__(self, scenario: StoredScenario, table: MarkTable) -> None:
        self._scenario = scenario
        self.camera = table.camera
        self.actors: Mapping[int, ActorTruth] = {one.track_id: one for one in scenario.truth.actors}
        self.mark: Mapping[int, ObjectMark] = {one.mark: one for one in table.marks}
        self.events: tuple[Event, ...] = scenario.events()
        self._calibration = scenario.calibration(table.camera)
        self._states = list(scenario.frames())
        self.stamps_ns = np.array([state.stamp_ns for state in self._states])
        self._pixels: dict[int, Mapping[int, int]] = {}

    @property
    def area_px(self) -> int:
        """Pixels of an image."""
        return self._calibration.width * self._calibration.height

    def track(self, mark: int) -> int | None:
        """Return the track of a mark, or of who carries the camera for CAMERA."""
        if mark == CAMERA:
            return self._calibration.carrier_track_id
        return self.mark[mark].track_id if mark in self.mark else None

    def frame_at(self, seconds: float) -> int:
        """Return the frame whose stamp is nearest to a time from the first one's."""
        wanted_ns = self.stamps_ns[0] + round(seconds * 1e9)
        return int(np.argmin(np.abs(self.stamps_ns - wanted_ns)))

    def is_marked(self, mark: int, number: int) -> bool:
        """Return whether a mark is drawn into a frame."""
        stamp_ns = int(self.stamps_ns[number])
        return any(one.first_ns <= stamp_ns <= one.last_ns for one in self.mark[mark].spans)

    def seconds(self, first: int, last: int) -> float:
        """Return the time from one frame to another."""
        return float(self.stamps_ns[last] - self.stamps_ns[first]) / 1e9

    def light(self, signal: str, number: int) -> str | None:
        """Return what a traffic light shows in a frame, None where nobody told it."""
        return self._states[number].lights.get(signal)

    @cached_property
    def roads(self) -> Roads | None:
        """The map of the scenario, None where it is none of the shipped ones."""
        try:
            return Roads(scenario_map(self._scenario, ()))
        except InputError:
            return None

    def speeds_mps(self, track: int) -> Array:
        """Return how fast a track moves in each frame (N,) by its places, nan where it is away."""
        moved_m = np.linalg.norm(np.diff(self.places[track][:, :2], axis=0), axis=1)
        speeds = moved_m / (np.diff(self.stamps_ns) / 1e9)
        return np.concatenate([speeds[:1], speeds]) if len(speeds) else np.zeros(len(self._states))

    @cached_property
    def places(self) -> Mapping[int, Array]:
        """Where the middle of each track's box is in the map (N, 3), nan where it is not there."""
        return self._by_track(lambda pose: np.array(pose.translation_m), 3)

    @cached_property
    def headings(self) -> Mapping[int, Array]:
        """Where each track's box heads in the map, rad (N, 1), nan where it is not there."""

        def heading(pose: RigidTransform) -> Array:
            forward = Rotation.from_quat(pose.quaternion_xyzw).apply((1.0, 0.0, 0.0))
            return np.array([np.arctan2(forward[1], forward[0])])

        return self._by_track(heading, 1)

    def _by_track(
        self, value_of: Callable[[RigidTransform], Array], width: int
    ) -> Mapping[int, Array]:
        values = {track: np.full((len(self._states), width), np.nan) for track in self.actors}
        for track, actor in self.actors.items():
            if actor.map_from_box is not None:
                values[track][:] = value_of(actor.map_from_box)
        for number, state in enumerate(self._states):
            for one in state.actors:
                if one.track_id in values:
                    values[one.track_id][number] = value_of(one.map_from_box)
        return values

    def in_camera(self, track: int, number: int) -> Array:
        """Return where the middle of a track's box is in the camera's optical axes (3,), m."""
        poses = self._calibration.map_from_camera
        pose = poses[number if len(poses) > 1 else 0]
        offset = self.places[track][number] - np.array(pose.translation_m)
        seen: Array = Rotation.from_quat(pose.quaternion_xyzw).inv().apply(offset)
        return seen

    def pixels(self, number: int) -> Mapping[int, int]:
        """Return how many pixels each track has in a frame, those with any."""
        if number not in self._pixels:
            if self._has("instance_segmentation", number):
                ids = self._scenario.image(self.camera, "instance_segmentation", number)
                counts = np.bincount(ids.ravel(), minlength=1 << 16)
                found = {t: int(counts[one.pixel_id]) for t, one in self.actors.items()}
            else:
                labels = self._scenario.labels(self.camera, number)
                found = {one.track_id: one.visible_px for one in labels.objects}
            carrier = self._calibration.carrier_track_id
            self._pixels[number] = {t: px for t, px in found.items() if px and t != carrier}
        return self._pixels[number]

    def strangers(self, number: int, classes: frozenset[ObjectClass]) -> int | None:
        """Return how many pixels of such classes are nobody's, None where no image tells it."""
        if not self._has("semantic_segmentation", number) or not self._has(
            "instance_segmentation", number
        ):
            return None
        tags = self._scenario.image(self.camera, "semantic_segmentation", number)
        ids = self._scenario.image(self.camera, "instance_segmentation", number)
        free = np.bincount(tags[ids == 0].ravel(), minlength=256)
        human = ObjectClass.PEDESTRIAN in classes
        return int(free[list(_HUMAN_TAGS if human else _VEHICLE_TAGS)].sum())

    def _has(self, kind: str, number: int) -> bool:
        return self._scenario.image_path(self.camera, kind, number).is_file()

    def footprint(self, track: int, number: int) -> Array:
        """Return the corners (4, 2) of a track's box from above, m."""
        length, width, _ = self.actors[track].size_m
        heading = self.headings[track][number, 0]
        along = np.array([np.cos(heading), np.sin(heading)]) * length / 2
        across = np.array([-np.sin(heading), np.cos(heading)]) * width / 2
        middle = self.places[track][number, :2]
        return np.array([middle + s * along + t * across for s, t in _CORNERS])

    def gaps_m(self, one: int, other: int) -> Array:
        """Return how far two boxes are apart from above in each frame, below 0 where they overlap.

        By separating axes: the most that any of the boxes' axes keeps them apart, which is never
        more than the distance. nan where one is not there.
        """
        gaps = np.full(len(self.stamps_ns), np.nan)
        for number in range(len(gaps)):
            a, b = self.footprint(one, number), self.footprint(other, number)
            if np.isfinite(a).all() and np.isfinite(b).all():
                gaps[number] = max(_apart_m(a, b, axis) for box in (a, b) for axis in _axes(box))
        return gaps


_CORNERS = ((1, 1), (1, -1), (-1, -1), (-1, 1))


def _axes(box: Array) -> tuple[Array, Array]:
    sides = box[1] - box[0], box[2] - box[1]
    first, second = (side / np.linalg.norm(side) for side in sides)
    return first, second


def _apart_m(a: Array, b: Array, axis: Array) -> float:
    on_a, on_b = a @ axis, b @ axis
    return float(max(on_b.min() - on_a.max(), on_a.min() - on_b.max()))
