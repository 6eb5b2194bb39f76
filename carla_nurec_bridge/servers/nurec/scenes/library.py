"""The scenes that a server knows: those it was started with, and those that clients name."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ....core.errors import InputError, RefusalError
from ....nurec.client.service import SCENE_ID, SCENE_URL
from ....scene import Scene, open_scene
from ..refusal import Code
from .packages import Packages

_ID = re.compile(r"[A-Za-z0-9_-]+")
_MOST_NAMED = 64


class SceneLibrary:
    """Finds scenes by id; safe from several threads.

    A scene answers to its scene id and its sequence id, one that a client named in its headers
    also to the name it was given. ``forgotten`` is called with a scene's id when so many were
    named that the one not asked for longest has to go.
    """

    def __init__(
        self, scenes: Sequence[Scene], packages: Packages, forgotten: Callable[[str], None]
    ) -> None:
        self._own = tuple(scenes)
        self._by_id = {
            name: scene for scene in scenes for name in (scene.sequence_id, scene.scene_id)
        }
        self._packages = packages
        self._forgotten = forgotten
        self._named: OrderedDict[str, Scene] = OrderedDict()
        self._lock = threading.Lock()
        self._opening: dict[str, threading.Lock] = {}

    def scenes(self) -> list[Scene]:
        """Return all scenes, each once."""
        with self._lock:
            named = {scene.scene_id: scene for scene in self._named.values()}
        own = {scene.scene_id for scene in self._own}
        return [*self._own, *(scene for name, scene in named.items() if name not in own)]

    def find(self, scene_id: str) -> Scene:
        """Return the scene of an id, or refuse with the known ones."""
        scene = self._known(scene_id)
        if scene is None:
            known = ", ".join(scene.scene_id for scene in self.scenes()) or "none"
            raise RefusalError(
                Code.NOT_FOUND, f"unknown scene {scene_id!r}; this server has {known}"
            )
        return scene

    def admit(self, headers: Mapping[str, str | bytes]) -> None:
        """Open the scene that a call's headers name, unless it is known; blocks until it is."""
        url = headers.get(SCENE_URL)
        if url is None:
            return
        name = str(headers.get(SCENE_ID, ""))
        if not _ID.fullmatch(name):
            raise RefusalError(
                Code.INVALID_ARGUMENT,
                f"{SCENE_URL} needs {SCENE_ID} of letters, digits, _ and -, not {name!r}",
            )
        if self._known(name) is not None:
            return
        with self._lock:
            lock = self._opening.setdefault(name, threading.Lock())
        with lock:
            if self._known(name) is None:
                self._add(name, _open(self._packages.find(str(url), name)))
        with self._lock:
            self._opening.pop(name, None)

    def _known(self, scene_id: str) -> Scene | None:
        with self._lock:
            if scene_id in self._by_id:
                return self._by_id[scene_id]
            if scene_id in self._named:
                self._named.move_to_end(scene_id)
                return self._named[scene_id]
            for scene in self._named.values():
                if scene_id in (scene.scene_id, scene.sequence_id):
                    return scene
        return None

    def _add(self, name: str, scene: Scene) -> None:
        gone = None
        with self._lock:
            self._named[name] = self._by_id.get(scene.scene_id, scene)
            if len(self._named) > _MOST_NAMED:
                _, gone = self._named.popitem(last=False)
        if gone is not None and gone.scene_id not in self._by_id:
            self._forgotten(gone.scene_id)


def _open(path: Path) -> Scene:
    try:
        return open_scene(path)
    except InputError as error:
        raise RefusalError(Code.FAILED_PRECONDITION, str(error)) from error
