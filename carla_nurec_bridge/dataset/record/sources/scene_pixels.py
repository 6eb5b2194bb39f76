"""What lies behind the pixels of a scene's images: traced in what this package draws of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray

from ....core.cameras.models import CameraModel
from ....core.frames import Matrix, matrix_from_carla
from ....core.semantic_tag import Tag
from ....rendering.camera import render_camera
from ....rendering.lighting import Lighting
from ....rendering.mesh import empty_mesh
from ....rendering.primitives import box
from ....rendering.scene import Instance, RenderScene
from ....scene import Scene
from ....scene.drawn.appearances import ActorAppearance, recorded_appearance
from ....scene.drawn.models import model_of
from ....scene.drawn.surroundings import street_of
from ....town.actors.assets import traffic_light_mesh
from ....town.objects import HEAD_EXTENT, SIGN_TAG, TRAFFIC_LIGHT_TAG, street_objects
from ....world.level_objects import LevelObject
from ....world.object_classes import ObjectClass
from ....world.pixel_ids import pixel_id
from ....world.states import ActorState, Size

_OUTPUTS = frozenset({"depth", "semantic", "instance"})
_SKY_M = 1000.0
_OTHER_TAG = Tag.OTHER
_HEAD = "head of a traffic light"


@dataclass(frozen=True, eq=False)
class Pixels:
    """Depth (H, W) float32 in metres, semantic tags uint8 and pixel ids int32 of a view."""

    depth_m: NDArray[np.float32]
    tags: NDArray[np.uint8]
    ids: NDArray[np.int32]


class TrackShapes(Protocol):
    """Makes of a track where it is what a scene shows of it."""

    def instances(self, state: ActorState) -> list[Instance]:
        """Return what a track is drawn as, under its pixel id."""


@final
class TrackMeshes:
    """The tracks of a scene as the embedded NuRec server draws them."""

    def __init__(self, scene: Scene, into: RenderScene) -> None:
        self._scene, self._into = scene, into
        self._tracks = {track.track_id: track for track in scene.tracks}
        self._keys: dict[ActorAppearance, str] = {}

    def instances(self, state: ActorState) -> list[Instance]:
        """Return what a track is drawn as, under its pixel id; nothing for who is no track."""
        track = self._tracks.get(state.actor.role_name)
        if track is None:
            return []
        appearance = recorded_appearance(track)
        if appearance not in self._keys:
            key = f"appearance {len(self._keys)}"
            self._into.add_asset(key, model_of(self._scene, appearance))
            self._keys[appearance] = key
        return [_instance(self._keys[appearance], state)]


@final
class TrackBoxes:
    """The boxes of a scene's tracks, where nobody knows their shapes."""

    def __init__(self, into: RenderScene) -> None:
        self._into = into

    def instances(self, state: ActorState) -> list[Instance]:
        """Return a track's box under its pixel id."""
        size_m = state.actor.size_m
        key = "box {} {} {}".format(*size_m)
        if not self._into.has_asset(key):
            made = box((0.0, 0.0, 0.0), size_m, colour=(0, 0, 0), tag=_OTHER_TAG)
            self._into.add_asset(key, made)
        return [_instance(key, state)]


@final
class ScenePixels:
    """Traces views of a scene's tracks, and of its street where that is drawn; ``close`` frees it.

    ``level`` are the lights and signs of the street.
    """

    def __init__(self, scene: Scene, *, street: bool) -> None:
        """Build it; InputError where the package has nothing that its street could be drawn of."""
        self._rays: dict[CameraModel, NDArray[np.float32]] = {}
        self._heads: list[Instance] = []
        self.level: tuple[LevelObject, ...] = ()
        if not street:
            self._scene = RenderScene(empty_mesh())
            self._shapes: TrackShapes = TrackBoxes(self._scene)
            return
        drawn = street_of(scene)
        nobody = np.zeros(len(drawn.mesh.triangles), np.int32)
        self._scene = RenderScene(drawn.mesh.with_fields(objects=nobody))
        self._shapes = TrackMeshes(scene, self._scene)
        self._scene.add_asset(_HEAD, traffic_light_mesh("off"))
        self._heads = [
            Instance(_HEAD, head.map_from_head, head.map_from_head, 0) for head in drawn.lights
        ]
        x, y, z = HEAD_EXTENT
        lights = [
            LevelObject(
                head.signal_id,
                ObjectClass.TRAFFIC_LIGHT,
                head.map_from_head,
                (2.0 * x, 2.0 * y, 2.0 * z),
                frozenset({TRAFFIC_LIGHT_TAG}),
            )
            for head in drawn.lights
        ]
        signs = [
            LevelObject(
                "",
                ObjectClass.TRAFFIC_SIGN,
                matrix_from_carla(one.centre, (0.0, one.yaw_deg, 0.0)),
                _doubled(one.extent),
                frozenset({SIGN_TAG}),
            )
            for one in street_objects(drawn)
            if one.tag == SIGN_TAG
        ]
        self.level = (*lights, *signs)

    def of_view(
        self, model: CameraModel, map_from_camera: Matrix, states: Sequence[ActorState]
    ) -> Pixels:
        """Return what a camera sees at one instant; actors are the scene's tracks by role name.

        The sky is at 1000 m, as CARLA tells it, and so are pixels that look sideways or back, which
        have no depth along the optical axis.
        """
        if model not in self._rays:
            self._rays[model] = model.ray_table()
        shown = [one for state in states for one in self._shapes.instances(state)]
        self._scene.set_instances([*self._heads, *shown])
        seen = render_camera(
            self._scene,
            self._rays[model],
            map_from_camera,
            map_from_camera,
            np.zeros(model.height),
            "row",
            Lighting(),
            _OUTPUTS,
        )
        assert seen.depth is not None
        assert seen.semantic is not None
        assert seen.instance is not None
        ahead = (seen.depth > 0.0) & (seen.depth < _SKY_M)
        depth_m = np.where(ahead, seen.depth, np.float32(_SKY_M))
        return Pixels(depth_m, seen.semantic, seen.instance)

    def close(self) -> None:
        """Free the scene; a second call does nothing."""
        self._scene.close()


def _instance(key: str, state: ActorState) -> Instance:
    pose = state.map_from_box
    return Instance(key, pose, pose, pixel_id(state.actor.id))


def _doubled(extent: Size) -> Size:
    x, y, z = extent
    return 2.0 * x, 2.0 * y, 2.0 * z
