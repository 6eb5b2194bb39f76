"""One scene made ready to be drawn: its street or its Gaussians, its actors, its light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....core.errors import RefusalError
from ....core.frames import Matrix, interpolate
from ....gaussians.drawing.shadows import Footprint
from ....gaussians.ppisp import ViewResponse
from ....gaussians.scene import GaussianScene
from ....nurec.stubs import sensorsim_pb2 as sensorsim
from ....rendering.lighting import Lighting
from ....rendering.mesh import empty_mesh
from ....rendering.scene import Instance, RenderScene
from ....scene import Scene
from ....scene.drawn.appearances import ActorAppearance, paint_of
from ....scene.drawn.gaussians import Size, asset_gaussians
from ....scene.drawn.models import model_of
from ....town.actors.assets import traffic_light_mesh
from ....town.street import Street
from ..refusal import Code
from .drawn_gaussians import Body, DrawnGaussians
from .exposure import exposure_gain
from .recorded_views import RecordedViews
from .scene_actors import DrawnActors
from .tracks import Placement, place_tracks

_LIGHT_ASSET = "traffic_light_off"
_MOST_APPEARANCES = 5000
_READY_ACTORS = 100  # built before the first call; more of them when they first appear


class DrawnScene:
    """The world of one scene in the renderer's hands; only the render thread may touch it.

    Everything is drawn in the map frame. Traffic lights are dark: the contract has no state for
    them. Actors with Gaussians are drawn as these, others as meshes; ``gaussians`` with
    surroundings stand in for the street.

    * meshes: whether any actor is drawn as a mesh now.
    * exposure_gain: the factor of linear light by which meshes match the Gaussians.
    """

    def __init__(
        self,
        scene: Scene,
        street: Street | None,
        actors: DrawnActors,
        gaussians: GaussianScene | None = None,
        *,
        editing: bool,
        hybrid: bool = False,
    ) -> None:
        """Build the street, or without one the Gaussians alone, and the first actors.

        With ``editing`` requests move the tracks. In a scene of Gaussians its own tracks that have
        none are drawn as meshes only with ``hybrid``.
        """
        self.scene = scene
        self.light = Lighting()
        self.gaussians = DrawnGaussians(scene, gaussians)
        ppisp = None if gaussians is None else gaussians.ppisp
        self._views = None if ppisp is None else RecordedViews(scene, ppisp)
        self._standing: list[tuple[Placement, Size]] = []
        self._footprints: tuple[Footprint, ...] | None = None
        self.meshes = False
        self.exposure_gain = 1.0
        self._editing, self._hybrid = editing, hybrid
        self._recorded = frozenset(track.track_id for track in scene.tracks)
        self._set: tuple[DrawnActors, int, int, bytes] | None = None
        self._appearances: dict[ActorAppearance, str] = {}
        self._asset_models: dict[tuple[str, Size], str | None] = {}
        self.render_scene = RenderScene(street.mesh if street else empty_mesh())
        self.render_scene.add_asset(_LIGHT_ASSET, traffic_light_mesh("off"))
        self._lights = [
            Instance(_LIGHT_ASSET, head.map_from_head, head.map_from_head, 0)
            for head in (street.lights if street else ())
        ]
        if self.gaussians.has_surroundings:
            nre_from_rig = self.gaussians.nre_from_map @ self.map_from(
                scene.rig_trajectory.world_from_rig
            )
            self.exposure_gain = exposure_gain(self.gaussians.static, nre_from_rig, self.light)
            return
        for appearance in list(actors.appearances.values())[:_READY_ACTORS]:
            self._asset(appearance)

    def close(self) -> None:
        """Free the renderer's structures; may be called twice."""
        self.render_scene.close()
        self.gaussians.close()

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
        bodies, standing = [], []
        placements = [
            *place_tracks(actors.tracks, start_us, end_us, objects, editing=self._editing)
        ]
        ends = [(p.world_from_box_start, p.world_from_box_end) for p in placements]
        in_map = self.map_from(np.reshape(ends, (-1, 2, 4, 4)))
        for number, (placed, (start, end)) in enumerate(zip(placements, in_map, strict=True), 1):
            name = placed.track.track_id
            appearance = actors.appearances[name]
            model = self._model(name, appearance)
            if model is not None:
                bodies.append(Body(model, placed.world_from_box_start, placed.world_from_box_end))
                continue
            if not self._drawn_as_mesh(name, appearance):
                continue
            standing.append((placed, appearance.size_m))
            instances.append(
                Instance(
                    self._asset(appearance), start, end, number, appearance.paint or paint_of(name)
                )
            )
        self.render_scene.set_instances(instances)
        self.gaussians.place(bodies)
        self._standing, self._footprints = standing, None
        self.meshes = bool(standing)
        self._set = wanted

    @property
    def footprints(self) -> tuple[Footprint, ...]:
        """The boxes of the actors that are drawn as meshes, in the middle of the frame."""
        if self._footprints is None:
            self._footprints = self._work_out_footprints()
        return self._footprints

    def _work_out_footprints(self) -> tuple[Footprint, ...]:
        nre_from_map, found = self.gaussians.nre_from_map, []
        for placed, size_m in self._standing:
            start, end = placed.world_from_box_start, placed.world_from_box_end
            nre_from_box = nre_from_map @ self.map_from(interpolate(start, end, 0.5))
            found.append(Footprint(nre_from_box, size_m))
        return tuple(found)

    @property
    def draws_alike(self) -> bool:
        """Whether now all cameras see meshes alone, as they are, to be encoded elsewhere."""
        return not (
            self.gaussians.visible or self._views is not None or self.render_scene.encodes_jpeg
        )

    def response(self, logical_id: str, end_us: int) -> ViewResponse | None:
        """Return what a camera makes of its picture at a time, None where that is nothing."""
        return None if self._views is None else self._views.of(logical_id, end_us)

    def map_from(self, world_from_x: Matrix) -> Matrix:
        """Return map_from_x of a pose in the scene's world, or of several (..., 4, 4)."""
        return np.asarray(self.scene.map_from_world @ world_from_x)

    def _model(self, track_id: str, appearance: ActorAppearance) -> str | None:
        """Return which model of Gaussians an actor is drawn as, None for a mesh."""
        if not appearance.own:
            name = appearance.asset_id or track_id
            return name if self.gaussians.has(name) else None
        key = appearance.seed, appearance.size_m
        if key not in self._asset_models:
            self._check_room(len(self._asset_models))
            cloud = asset_gaussians(self.scene, *key)
            name = f"asset {appearance.seed} {appearance.size_m}"
            if cloud is not None:
                self.gaussians.add(name, cloud)
            self._asset_models[key] = None if cloud is None else name
        return self._asset_models[key]

    def _drawn_as_mesh(self, track_id: str, appearance: ActorAppearance) -> bool:
        """Say whether an actor without Gaussians is drawn at all.

        Whoever put it in, or another in its place, wants to see it; of those that were recorded a
        scene of Gaussians shows what it has.
        """
        if not self.gaussians.has_surroundings or self._hybrid:
            return True
        return bool(appearance.asset_id) or track_id not in self._recorded

    def _asset(self, appearance: ActorAppearance) -> str:
        if appearance not in self._appearances:
            self._check_room(len(self._appearances))
            key = f"actor {len(self._appearances)}"
            self.render_scene.add_asset(key, model_of(self.scene, appearance))
            self._appearances[appearance] = key
        return self._appearances[appearance]

    def _check_room(self, appearances: int) -> None:
        """Refuse another appearance than those that edits have brought so far."""
        if appearances >= _MOST_APPEARANCES:
            raise RefusalError(
                Code.RESOURCE_EXHAUSTED,
                f"scene {self.scene.scene_id} was edited into {_MOST_APPEARANCES} different "
                "actors; call restore_model_parameters while nobody renders it",
            )
