"""How much of an object is seen, by drawing it alone: exact where the embedded CARLA drew it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, final

import numpy as np

from ...labels.camera_view import CameraView
from ...labels.frame import LabelledFrame
from ...rendering.mesh import empty_mesh
from ...rendering.rays import cast
from ...rendering.scene import Instance, RenderScene
from ...town.drawn_world import ActorMeshes, Shown
from ...world.blueprint_catalogue import load_catalogue
from ...world.pixel_ids import pixel_id
from ...world.states import ActorState
from ..truth.mask import BoolImage
from .visibility import by_lattice

_MARGIN_PX = 2
_FAR_M = 2000.0


class Shapes(Protocol):
    """Makes of an actor what a scene shows of it."""

    def instances(self, state: ActorState) -> list[Instance]:
        """Return what an actor is drawn as, nothing for one whose shape is not known."""


@final
class BlueprintShapes:
    """Actors of CARLA's blueprints, at rest."""

    def __init__(self, into: RenderScene) -> None:
        self._meshes = ActorMeshes(into)

    def instances(self, state: ActorState) -> list[Instance]:
        """Return what an actor is drawn as, nothing for who is in no catalogue."""
        blueprint = load_catalogue().get(state.actor.blueprint)
        if blueprint is None:
            return []
        shown = Shown(pixel_id(state.actor.id), blueprint, state.map_from_box, None)
        return self._meshes.instances(shown)


@final
class DrawnAlone:
    """Draws actors one by one with nothing else in the world; ``close`` frees it.

    Call it as a ``Visibility``. Actors are drawn at rest, so pixels that only their steered wheels
    or their stride have count as their own too. ``shapes`` are those of a scene.
    """

    def __init__(self, shapes: Callable[[RenderScene], Shapes] = BlueprintShapes) -> None:
        self._scene = RenderScene(empty_mesh())
        self._shapes = shapes(self._scene)

    def __call__(
        self, frame: LabelledFrame, view: CameraView, state: ActorState, visible_px: int
    ) -> float:
        """Return the seen part of the pixels that an actor would have alone.

        By ``by_lattice`` for one whose shape is not known.
        """
        instances = self._shapes.instances(state)
        if not instances:
            return by_lattice(frame, view, state, visible_px)
        outline = view.box_outline(state.map_from_box, state.actor.size_m)
        within = view.clipped_rectangle(outline)
        if not visible_px or within is None:
            return 0.0
        self._scene.set_instances(instances)
        size = (view.width, view.height)
        left, top = np.maximum(np.floor(within[:2]).astype(int) - _MARGIN_PX, 0).tolist()
        right, bottom = np.minimum(np.ceil(within[2:]).astype(int) + _MARGIN_PX, size).tolist()
        alone = self._drawn(frame, (left, top, right, bottom))
        own = frame.ids[top:bottom, left:right] == pixel_id(state.actor.id)
        beside = visible_px - int(np.count_nonzero(own))
        return visible_px / (int(np.count_nonzero(own | alone)) + beside)

    def _drawn(self, frame: LabelledFrame, edges: tuple[int, int, int, int]) -> BoolImage:
        """Return which pixels (h, w) within edges (left, top, right, bottom) the scene has."""
        left, top, right, bottom = edges
        columns, rows = np.meshgrid(np.arange(left, right) + 0.5, np.arange(top, bottom) + 0.5)
        pixels = np.column_stack([columns.ravel(), rows.ravel()])
        rays, _ = frame.model.unproject(pixels)
        towards = rays @ frame.map_from_camera[:3, :3].T
        origins = np.broadcast_to(frame.map_from_camera[:3, 3], towards.shape)
        hits = cast(self._scene, origins, towards, _FAR_M)
        return np.isfinite(hits.range_m).reshape(columns.shape)

    def close(self) -> None:
        """Free the scene; a second call does nothing."""
        self._scene.close()

    def __enter__(self) -> DrawnAlone:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
