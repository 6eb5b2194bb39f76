"""The scenes that are in memory: made ready when first drawn, the least used ones let go."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ....core.errors import InputError, RefusalError
from ....core.frames import Matrix
from ....gaussians.scene import GaussianScene, without_stiff
from ....gaussians.thinning import thinned
from ....scene import Scene
from ....scene.drawn.gaussians import gaussians_of
from ....town.street import Street
from ..drawing.render_thread import RenderThread
from ..drawing.warm_up import warm_up
from ..options import NurecServerOptions
from ..refusal import Code, result_of
from .drawn_scene import DrawnScene
from .recorded_views import with_views_asked_for
from .scene_actors import DrawnActors, recorded_actors
from .told import told_of

_log = logging.getLogger(__name__)
_PLACES = 32


@dataclass(eq=False)
class _Entry:
    drawn: Future[DrawnScene]
    users: int = 0


class DrawnScenes:
    """Keeps up to ``capacity`` scenes ready; safe from several threads.

    A scene is loaded by the first call that draws it, on that call's thread as far as possible;
    other calls for it wait, calls for other scenes do not. Loading one more lets the one go that
    was not drawn for longest. ``close`` frees all.
    """

    def __init__(
        self,
        thread: RenderThread,
        options: NurecServerOptions,
        street_of: Callable[[Scene], Street],
    ) -> None:
        """Keep ``options.cache_size`` scenes ready; ``street_of`` gives the street of a scene."""
        capacity = options.cache_size
        if capacity < 1:
            raise InputError("a NuRec server needs room for at least one scene (--cache-size)")
        self.capacity = capacity
        self._thread = thread
        self._street_of = street_of
        self._options = options
        self._told: dict[str, str] = {}
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._actors: dict[str, DrawnActors] = {}

    @contextmanager
    def drawing(self, scene: Scene) -> Iterator[DrawnScene]:
        """Hold a scene ready while it is drawn; RefusalError when there is no room for it."""
        entry = self._entry(scene)
        try:
            yield entry.drawn.result()
        finally:
            with self._lock:
                entry.users -= 1

    def loaded(self) -> list[tuple[str, bool]]:
        """Return the scenes in memory and whether each is free (drawn by nobody)."""
        with self._lock:
            return [(n, e.users == 0) for n, e in self._entries.items() if e.drawn.done()]

    def told(self) -> dict[str, str]:
        """Return what is drawn, and what not, of each scene of Gaussians that was loaded."""
        with self._lock:
            return dict(self._told)

    def actors(self, scene: Scene) -> DrawnActors:
        """Return the actors of a scene as edits have left them."""
        with self._lock:
            if scene.scene_id not in self._actors:
                self._actors[scene.scene_id] = recorded_actors(scene)
            return self._actors[scene.scene_id]

    def edit(self, scene: Scene, change: Callable[[DrawnActors], DrawnActors]) -> None:
        """Replace a scene's actors by what ``change`` makes of them."""
        before = self.actors(scene)
        after = change(before)
        with self._lock:
            if self._actors[scene.scene_id] is not before:
                raise RefusalError(
                    Code.ABORTED, f"scene {scene.scene_id} was edited by somebody else; try again"
                )
            self._actors[scene.scene_id] = after

    def restore(self, scene: Scene) -> None:
        """Undo all edits of a scene, and free what was loaded for them."""
        with self._lock:
            actors = self._actors.pop(scene.scene_id, None)
            entry = self._entries.get(scene.scene_id)
            if actors is None or not actors.edits or entry is None or entry.users:
                return
            del self._entries[scene.scene_id]
        self._free(entry)

    def forget(self, scene_id: str) -> None:
        """Let a scene go that is no longer served, once nobody draws it."""
        with self._lock:
            self._actors.pop(scene_id, None)
            entry = self._entries.get(scene_id)
            if entry is None or entry.users:
                return
            del self._entries[scene_id]
        self._free(entry)

    def close(self) -> None:
        """Free every scene; the render thread must have ended. May be called twice."""
        with self._lock:
            entries, self._entries = list(self._entries.values()), OrderedDict()
        for entry in entries:
            if entry.drawn.done() and entry.drawn.exception() is None:
                entry.drawn.result().close()

    def _entry(self, scene: Scene) -> _Entry:
        """Return a scene's entry with one more user, loading it if it is new."""
        with self._lock:
            entry = self._entries.get(scene.scene_id)
            if entry is not None:
                self._entries.move_to_end(scene.scene_id)
                entry.users += 1
                return entry
            gone = self._make_room()
            entry = self._entries[scene.scene_id] = _Entry(Future(), users=1)
        if gone is not None:
            self._free(gone)
        try:
            entry.drawn.set_result(self._load(scene))
        except BaseException as error:  # noqa: BLE001 - all that wait for the scene get it
            with self._lock:
                del self._entries[scene.scene_id]
            entry.drawn.set_exception(error)
        return entry

    def _make_room(self) -> _Entry | None:
        if len(self._entries) < self.capacity:
            return None
        for name, entry in self._entries.items():
            if not entry.users:
                del self._entries[name]
                return entry
        raise RefusalError(
            Code.RESOURCE_EXHAUSTED,
            f"all {self.capacity} scenes in memory are being drawn; try again, or start the "
            "server with a larger --cache-size",
        )

    def _load(self, scene: Scene) -> DrawnScene:
        try:
            gaussians = self._gaussians_of(scene)
            neural = gaussians is not None and any(map(len, gaussians.layers.values()))
            street = None if neural else self._street_of(scene)
        except InputError as error:
            raise RefusalError(Code.FAILED_PRECONDITION, str(error)) from error
        actors = self.actors(scene)

        def make() -> DrawnScene:
            drawn = DrawnScene(
                scene,
                street,
                actors,
                gaussians,
                editing=self._options.editing,
                hybrid=self._options.hybrid,
            )
            warm_up(drawn, actors)
            return drawn

        drawn = result_of(self._thread.submit(make, owner=f"load {scene.scene_id}"))
        if gaussians is not None:
            text = told_of(gaussians, drawn.gaussians.engine, hybrid=self._options.hybrid)
            _log.info("scene %s: %s", scene.scene_id, text)
            with self._lock:
                self._told[scene.scene_id] = text
        return drawn

    def _gaussians_of(self, scene: Scene) -> GaussianScene | None:
        """Return a scene's Gaussians, with the settings that the server was asked for."""
        found, o = gaussians_of(scene), self._options
        if found is None:
            return None
        settings = found.settings
        if o.gaussian_order is not None:
            settings = replace(settings, global_z_order=o.gaussian_order == "depth")
        if o.gaussian_bounds is not None:
            settings = replace(settings, require_all_sigma_points=o.gaussian_bounds == "all")
        if not o.gaussian_deformables:
            found = without_stiff(found)
        if o.gaussian_limit is not None:
            found = thinned(found, o.gaussian_limit, _path_of(scene, found))
        found = with_views_asked_for(found, scene, wanted=o.recorded_views)
        return replace(found, settings=settings)

    def _free(self, entry: _Entry) -> None:
        drawn = entry.drawn.result()
        self._thread.submit(drawn.close, owner="close")


def _path_of(scene: Scene, gaussians: GaussianScene) -> Matrix:
    """Return places (P, 3) in nre along the rig's path."""
    world_from_rig = scene.rig_trajectory.world_from_rig
    step = max(1, len(world_from_rig) // _PLACES)
    places: Matrix = (gaussians.nre_from_world @ world_from_rig[::step])[:, :3, 3]
    return places
