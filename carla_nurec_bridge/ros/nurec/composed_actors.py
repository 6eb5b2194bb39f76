"""Actors that no track of a scene stands for, put into the pictures of servers that compose them.

A neural scene knows only who was recorded. A server that composes meshes by depth takes any other
actor as an inserted track: its blueprint, or else class and size, say what it looks like, requests
where it is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain, count

from std_msgs.msg import String
from vision_msgs.msg import Detection3D

from ...core.frames import Matrix
from ...nurec.assets import WantedAsset
from ...nurec.client.capabilities import Capabilities
from ...nurec.editing import Size
from ...recording.read_back.messages import appearances_of, pose_matrix
from ...scene.package.label_classes import label_class_of
from ...world.blueprint_catalogue import load_catalogue
from ...world.object_classes import ObjectClass
from ...world.states import Appearance
from ..services.asset_editor import AssetEditor

_PREFIX = "carla actor "
_MOST = 400
_SAYS = "meshes_among_gaussians"


def composes(capabilities: Capabilities, scene_id: str) -> bool:
    """Say whether a server tells that it composes meshes into this scene, one of Gaussians."""
    return capabilities.config.get(_SAYS) == "true" and capabilities.draws_gaussians(scene_id)


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

    Edits of a scene are few and only add up, so tracks outlive their actors: one that comes takes
    the track of one that has gone and looked alike. ``left_out`` counts the actors of the last
    frame that a scene has no track for.
    """

    def __init__(self, editor: AssetEditor, appearances: Appearances, limit_s: float) -> None:
        """Insert through ``editor``; wait ``limit_s`` for what new actors look like.

        Tracks that an earlier run has left on the server are taken over.
        """
        self._editor = editor
        self._appearances = appearances
        self._limit_s = limit_s
        self._looks = {
            track.track_id: _look(track.asset_id, track.label_class, track.size_m)
            for track in editor.tracks()
            if track.track_id.startswith(_PREFIX)
        }
        self._tracks: dict[str, str] = {}
        self._wanted: dict[str, WantedAsset] = {}
        self._before: Set[str] = frozenset()
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
        here = {detection.id: detection for detection in unbound}
        there = self._editor.added  # somebody may have restored the scene
        self._looks = {track: look for track, look in self._looks.items() if track in there}
        self._tracks = {actor: track for actor, track in self._tracks.items() if track in there}
        self._ask_looks(here)
        self._take_gone(here)
        self._insert([actor for actor in here if actor not in self._tracks])
        self._before = here.keys()
        return {
            self._tracks[actor]: pose_matrix(detection.bbox.center)
            for actor, detection in here.items()
            if actor in self._tracks
        }

    def _ask_looks(self, here: Mapping[str, Detection3D]) -> None:
        """Find out what the actors look like that were not in the frame before."""
        self._wanted = {actor: look for actor, look in self._wanted.items() if actor in here}
        new = here.keys() - self._wanted.keys()
        blueprints = self._appearances.blueprints(new, self._limit_s) if new else {}
        for actor in new:
            self._wanted[actor] = _look_of(here[actor], blueprints.get(actor, ""))

    def _take_gone(self, here: Mapping[str, Detection3D]) -> None:
        """Give new actors the tracks of those that have gone.

        Those were in the frame before neither: else a track would be seen to leap.
        """
        new = [actor for actor in here if actor not in self._tracks]
        kept = {self._tracks.get(actor) for actor in (*here, *self._before)}
        free = [track for track in self._looks if track not in kept] if new else []
        for actor in new:
            alike = (track for track in free if self._looks[track] == self._wanted[actor])
            if track := next(alike, ""):
                free.remove(track)
                self._tracks = {a: t for a, t in self._tracks.items() if t != track}
                self._tracks[actor] = track

    def _insert(self, actors: Sequence[str]) -> None:
        """Put in actors as far as there is room."""
        room = max(0, _MOST - len(self._editor.added))
        self.left_out = len(actors[room:])
        names = {actor: self._free_name(actor) for actor in actors[:room]}
        if names:
            self._editor.insert(
                [replace(self._wanted[actor], track_id=name) for actor, name in names.items()]
            )
            self._looks |= {name: self._wanted[actor] for actor, name in names.items()}
            self._tracks |= names

    def _free_name(self, actor: str) -> str:
        """Return a name for the track of an actor whose first one another may have by now."""
        own = _PREFIX + actor
        names = chain([own], (f"{own}, {number}" for number in count(2)))
        return next(name for name in names if name not in self._editor.added)


def _look_of(detection: Detection3D, blueprint: str) -> WantedAsset:
    size = detection.bbox.size
    label = label_class_of(ObjectClass.named(detection.results[0].hypothesis.class_id))
    known = blueprint if blueprint in load_catalogue() else ""
    return _look(known, label, (size.x, size.y, size.z))


def _look(asset_id: str, label_class: str, size_m: Size | None) -> WantedAsset:
    """Return an asset for any track; sizes in whole mm, as a server's replies are in float32."""
    if asset_id or size_m is None:
        return WantedAsset("", asset_id)
    length, width, height = (round(float(side), 3) for side in size_m)
    return WantedAsset("", "", (length, width, height), label_class)
