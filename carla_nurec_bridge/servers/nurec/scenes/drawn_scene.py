"""One scene made ready to be drawn: its street, its actors, its light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....core.errors import RefusalError
from ....core.frames import Matrix
from ....nurec.stubs import sensorsim_pb2 as sensorsim
from ....rendering.lighting import Lighting
from ....rendering.scene import Instance, RenderScene
from ....scene import Scene
from ....scene.drawn.appearances import ActorAppearance, paint_of
from ....scene.drawn.models import model_of
from ....town.actors.assets import traffic_light_mesh
from ....town.street import Street
from ..refusal import Code
from .scene_actors import DrawnActors
from .tracks import place_tracks

_LIGHT_ASSET = "traffic_light_off"
_MOST_APPEARANCES = 5000
_READY_ACTORS = 100  # built before the first call; more of them when they first appear


class DrawnScene:
    """The world of one scene in the renderer's hands; only the render thread may touch it.

    Everything is drawn in the map frame. Traffic lights are dark: the contract has no state for
    them.
    """

    def __init__(self, scene: Scene, street: Street, actors: DrawnActors, *, editing: bool) -> None:
        """Build the street and the first actors; with ``editing`` requests move the tracks."""
        self.scene = scene
        self.light = Lighting()
        self._editing = editing
        self._set: tuple[DrawnActors, int, int, bytes] | None = None
        self._appearances: dict[ActorAppearance, str] = {}
        self.render_scene = RenderScene(street.mesh)
        self.render_scene.add_asset(_LIGHT_ASSET, traffic_light_mesh("off"))
        self._lights = [
            Instance(_LIGHT_ASSET, head.map_from_head, head.map_from_head, 0)
            for head in street.lights
        ]
        for appearance in list(actors.appearances.values())[:_READY_ACTORS]:
            self._asset(appearance)

    def close(self) -> None:
        """Free the renderer's structures; may be called twice."""
        self.render_scene.close()

    def set_time(
        self,
        actors: DrawnActors,
        start_us: int,
        end_us: int,
        objects: Sequence[sensorsim.DynamicObject],
    ) -> None:
        """Put the actors where they are during [start_us, end_us); RefusalError for bad objects."""
        wanted = (actors, start_us, end_us, b"".join(o.SerializeToString() for o in objects))
        if wanted == self._set:
            return
        self._set = None
        instances = list(self._lights)
        placements = place_tracks(actors.tracks, start_us, end_us, objects, editing=self._editing)
        for number, placed in enumerate(placements, 1):
            name = placed.track.track_id
            appearance = actors.appearances[name]
            instances.append(
                Instance(
                    self._asset(appearance),
                    self.map_from(placed.world_from_box_start),
                    self.map_from(placed.world_from_box_end),
                    number,
                    appearance.paint or paint_of(name),
                )
            )
        self.render_scene.set_instances(instances)
        self._set = wanted

    def map_from(self, world_from_x: Matrix) -> Matrix:
        """Return map_from_x of a pose in the scene's world."""
        return np.asarray(self.scene.map_from_world @ world_from_x)

    def _asset(self, appearance: ActorAppearance) -> str:
        if appearance not in self._appearances:
            if len(self._appearances) >= _MOST_APPEARANCES:
                raise RefusalError(
                    Code.RESOURCE_EXHAUSTED,
                    f"scene {self.scene.scene_id} was edited into {_MOST_APPEARANCES} different "
                    "actors; call restore_model_parameters while nobody renders it",
                )
            key = f"actor {len(self._appearances)}"
            self.render_scene.add_asset(key, model_of(self.scene, appearance))
            self._appearances[appearance] = key
        return self._appearances[appearance]
