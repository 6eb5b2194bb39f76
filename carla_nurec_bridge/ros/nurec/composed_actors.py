"""Actors that no track of a scene stands for, put into the pictures of servers that compose them.

A neural scene knows only who was recorded. A server that composes meshes by depth takes any other
actor as an inserted track: class and size say what it looks like, requests where it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from vision_msgs.msg import Detection3D

from ...core.frames import Matrix
from ...nurec.assets import WantedAsset
from ...nurec.client.capabilities import Capabilities
from ...recording.read_back.messages import pose_matrix
from ...scene.package.label_classes import label_class_of
from ...world.object_classes import ObjectClass
from ..services.asset_editor import AssetEditor

_PREFIX = "carla actor "
_MOST = 400
_SAYS = "meshes_among_gaussians"
_SCENE = "gaussians of "


def composes(capabilities: Capabilities, scene_id: str) -> bool:
    """Say whether a server tells that it composes meshes into this scene, one of Gaussians."""
    config = capabilities.config
    return config.get(_SAYS) == "true" and _SCENE + scene_id in config


class ComposedActors:
    """Keeps the inserted tracks of unbound actors; one thread uses it.

    ``left_out`` counts the actors of the last frame beyond the 400 that one scene takes.
    """

    def __init__(self, editor: AssetEditor) -> None:
        self._editor = editor
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
            self._editor.insert([_asset(name, here[name]) for name in new[:room]])
        return {
            name: pose_matrix(detection.bbox.center)
            for name, detection in here.items()
            if name in self._editor.added
        }


def _asset(name: str, detection: Detection3D) -> WantedAsset:
    size = detection.bbox.size
    label = label_class_of(ObjectClass.named(detection.results[0].hypothesis.class_id))
    return WantedAsset(name, "", (size.x, size.y, size.z), label)
