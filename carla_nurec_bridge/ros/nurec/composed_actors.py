"""Actors that no track of a scene stands for, put into the pictures of servers that compose them.

A neural scene knows only who was recorded. A server that composes meshes by depth takes any other
actor as an inserted track: its blueprint, or else class and size, say what it looks like, requests
where it is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Set

from std_msgs.msg import String
from vision_msgs.msg import Detection3D

from ...core.frames import Matrix
from ...nurec.assets import WantedAsset
from ...nurec.client.capabilities import Capabilities
from ...recording.read_back.messages import appearances_of, pose_matrix
from ...scene.package.label_classes import label_class_of
from ...world.blueprint_catalogue import load_catalogue
from ...world.object_classes import ObjectClass
from ...world.states import Appearance
from ..services.asset_editor import AssetEditor

_PREFIX = "carla actor "
_MOST = 400
_SAYS = "meshes_among_gaussians"
_SCENE = "gaussians of "


def composes(capabilities: Capabilities, scene_id: str) -> bool:
    """Say whether a server tells that it composes meshes into this scene, one of Gaussians."""
    config = capabilities.config
    return config.get(_SAYS) == "true" and _SCENE + scene_id in config


class Appearances:
    """The reader's side of ``objects/appearance``; messages arrive in the executor."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._known: dict[int, Appearance] = {}

    def hear(self, message: String) -> None:
        """Take a message."""
        with self._changed:
            self._known |= appearances_of(message)
            self._changed.notify_all()

    def blueprints(self, actor_ids: Set[str], limit_s: float) -> dict[str, str]:
        """Return the blueprints of actors as far as they are known within ``limit_s``.

        Topics have no order: what an actor looks like may come after the frame it appears in.
        """
        with self._changed:
            self._changed.wait_for(lambda: all(int(i) in self._known for i in actor_ids), limit_s)
            return {i: self._known[int(i)].blueprint for i in actor_ids if int(i) in self._known}


class ComposedActors:
    """Keeps the inserted tracks of unbound actors; one thread uses it.

    ``left_out`` counts the actors of the last frame beyond the 400 that one scene takes.
    """

    def __init__(self, editor: AssetEditor, appearances: Appearances, limit_s: float) -> None:
        """Insert through ``editor``; wait ``limit_s`` for what new actors look like."""
        self._editor = editor
        self._appearances = appearances
        self._limit_s = limit_s
        self.left_out = 0

    @property
    def warning(self) -> str:
        """Return what to say of actors that were left out, empty without any."""
        if not self.left_out:
            return ""
        return f"{self.left_out} actors are not in NuRec's pictures: a scene takes {_MOST}"

    def boxes(self, unbound: Iterable[Detection3D]) -> dict[str, Matrix]:
        """Return the poses map_from_box of unbound actors by track id, putting in new ones.

        ProtocolError when the server refuses one.
        """
        here = {_PREFIX + detection.id: detection for detection in unbound}
        new = [name for name in here if name not in self._editor.added]
        room = max(0, _MOST - len(self._editor.added))
        self.left_out = len(new[room:])
        if new[:room]:
            ids = {here[name].id for name in new[:room]}
            blueprints = self._appearances.blueprints(ids, self._limit_s)
            self._editor.insert(
                [_asset(name, here[name], blueprints.get(here[name].id)) for name in new[:room]]
            )
        return {
            name: pose_matrix(detection.bbox.center)
            for name, detection in here.items()
            if name in self._editor.added
        }


def _asset(name: str, detection: Detection3D, blueprint: str | None) -> WantedAsset:
    if blueprint in load_catalogue():
        return WantedAsset(name, blueprint)
    size = detection.bbox.size
    label = label_class_of(ObjectClass.named(detection.results[0].hypothesis.class_id))
    return WantedAsset(name, "", (size.x, size.y, size.z), label)
